import { describe, expect } from 'vitest'
import { eventually } from '../../support/fleet.ts'
import { type Havoc, it, rounds, seed, tell } from '../../support/havoc.ts'

/** Programs of every kind, and strangers beside them. */
async function begin(havoc: Havoc): Promise<void> {
  for (const name of ['p0', 'p1', 'p2', 'p3']) await havoc.declare(name)
  await havoc.declare('node', 'node')
  await havoc.declare('pair', 'cluster')
  await havoc.expectPass()
  await havoc.inviteStrangers()
}

describe.concurrent(`a controller on its worst day (CHAOS_SEED=${seed})`, () => {
  it(`is killed ${rounds} times while manifests change and processes are deleted, and loses nothing`, async ({
    havoc,
  }) => {
    await begin(havoc)
    let caughtActing = 0
    for (let round = 0; round < rounds; round += 1) {
      const known = await havoc.openIntentIds()
      const watch = await havoc.fleet.watch()
      // A third die while they begin, a third while they answer a blow, a third right after they began to act.
      if (round % 3 === 0) await havoc.strike()
      else await watch.logged('controller started')
      const blows = havoc.random.between(1, 3)
      for (let blow = 0; blow < blows; blow += 1) await havoc.strike()
      if (round % 3 === 2) {
        await havoc.editOne()
        await havoc.untilActs(watch, known)
        await havoc.pause(0, 40)
      } else await havoc.pause(0, 300)
      watch.signal('SIGKILL')
      await watch.ended
      if (await havoc.hasNewOpenIntent(known)) caughtActing += 1
      await eventually(async () => expect(await havoc.doubled()).toEqual([]))
    }
    tell(`killed ${rounds} times, ${caughtActing} times between an intent and its outcome`)
    expect(caughtActing).toBeGreaterThanOrEqual(Math.floor(rounds / 10))
    await havoc.expectConverged()
  })

  it('is killed in a reload, whose new process is deleted by hand: PM2 still ends the old one', async ({
    havoc,
  }) => {
    await begin(havoc)
    const known = await havoc.openIntentIds()
    await havoc.declare('pair', 'cluster', 1)
    const pass = havoc.fleet.start([])
    await havoc.untilActs(pass, known)
    await eventually(async () => expect(await havoc.doubled()).not.toEqual([]))
    pass.signal('SIGKILL')
    await pass.ended
    await havoc.deleteByHand('pair')
    await havoc.expectConverged()
  })

  const passes = Math.ceil(rounds / 4)
  it(`is a pass that is killed ${passes} times, and the next one goes on from there`, async ({ havoc }) => {
    await begin(havoc)
    let caughtActing = 0
    for (let round = 0; round < passes; round += 1) {
      for (let blow = 0; blow < 3; blow += 1) await havoc.strike()
      await havoc.editOne()
      const known = await havoc.openIntentIds()
      const pass = havoc.fleet.start([])
      // Some die while they begin, some when it is their turn to act, most right after they began to.
      if (round % 4 === 1) await havoc.untilHolds(pass)
      if (round % 4 > 1) await havoc.untilActs(pass, known)
      await havoc.pause(0, round % 4 > 1 ? 40 : 400)
      pass.signal('SIGKILL')
      await pass.ended
      if (await havoc.hasNewOpenIntent(known)) caughtActing += 1
      await eventually(async () => expect(await havoc.doubled()).toEqual([]))
    }
    tell(`${passes} passes killed, ${caughtActing} times between an intent and its outcome`)
    expect(caughtActing).toBeGreaterThanOrEqual(Math.floor(passes / 5))
    await havoc.expectConverged()
  })

  it('ends with 0 whenever it is told to, from its first line on, and takes nothing with it', async ({
    havoc,
  }) => {
    await begin(havoc)
    let drained = 0
    const times = Math.ceil(rounds / 5)
    for (let round = 0; round < times; round += 1) {
      await havoc.strike()
      const watch = await havoc.fleet.watch()
      // The last is told when it has surely begun: on a slow machine Node may still be loading in all the others.
      if (round === times - 1) await watch.logged('controller started')
      else await havoc.pause(0, round % 2 === 0 ? 400 : 1200)
      if (havoc.random.isLucky(0.5)) await havoc.strike()
      watch.signal('SIGTERM')
      const status = await watch.ended
      if (status === 0) drained += 1
      // Node itself was still loading: nothing of ours had begun.
      else expect({ status, log: watch.log() }).toEqual({ status: null, log: '' })
      await eventually(async () => expect(await havoc.doubled()).toEqual([]))
    }
    expect(drained).toBeGreaterThan(0)
    await havoc.expectConverged()
  })
})
