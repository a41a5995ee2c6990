import { describe, expect } from 'vitest'
import { eventually, lives } from '../../support/fleet.ts'
import { type Havoc, it, rounds, seed, tell } from '../../support/havoc.ts'

/** A daemon takes a second to come back with everything. */
const deaths = Math.max(2, Math.ceil(rounds / 20))

/** Programs of every kind. */
async function begin(havoc: Havoc): Promise<void> {
  for (const name of ['p0', 'p1', 'p2', 'p3']) await havoc.declare(name)
  await havoc.declare('node', 'node')
  await havoc.declare('pair', 'cluster')
  await havoc.expectPass()
}

describe.concurrent(`a PM2 daemon that is killed (CHAOS_SEED=${seed})`, () => {
  it('comes back with the next pass, and what outlived it does not run twice', async ({ havoc }) => {
    await begin(havoc)
    const survivors = (await havoc.residents()).filter(({ name }) => name.startsWith('p') && name !== 'pair')
    await havoc.killDaemon()
    expect((await havoc.residents()).map(({ pid }) => pid)).toEqual(
      expect.arrayContaining(survivors.map(({ pid }) => pid)),
    )
    await havoc.expectConverged()
  })

  it('leaves nothing running of what is declared no more; only what we started is ended', async ({
    havoc,
  }) => {
    await begin(havoc)
    await havoc.undeclare('p0')
    await havoc.undeclare('p1')
    await havoc.deleteByHand('p1')
    const env = { HAVOC: havoc.fleet.folder, HAVOC_NAME: 'stranger-shell' }
    const byHand = await havoc.fleet.pm2(['start', 'services/sleeper.sh', '--name', 'p1'], { env })
    expect(byHand.status).toBe(0)
    await havoc.killDaemon()
    const plan = await havoc.fleet.reconcile(['--dry-run'])
    expect(plan.out).toMatch(/p0 .*created by this fleet.*PM2 does not know it \(pid \d+\)/)
    await havoc.expectConverged()
    expect((await havoc.residents()).filter(({ name }) => name === 'stranger-shell')).toHaveLength(1)
  })

  it(`${deaths} times in the middle of a pass that restarts everything`, async ({ havoc }) => {
    await begin(havoc)
    let caughtActing = 0
    for (let round = 0; round < deaths; round += 1) {
      await havoc.editAll()
      const known = await havoc.openIntentIds()
      const pass = havoc.fleet.start(['--timeout', '30s'])
      await havoc.untilActs(pass, known)
      await havoc.pause(0, 100)
      if (await havoc.hasNewOpenIntent(known)) caughtActing += 1
      await havoc.killDaemon()
      expect([0, 1], pass.log()).toContain(await pass.ended)
      await eventually(async () => expect(await havoc.doubled()).toEqual([]))
    }
    tell(`daemon killed ${deaths} times, ${caughtActing} times while it was being told what to do`)
    expect(caughtActing).toBeGreaterThan(0)
    await havoc.expectConverged()
  })

  it(`${deaths} times under a controller, which brings everything back by itself`, async ({ havoc }) => {
    await begin(havoc)
    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    for (let round = 0; round < deaths; round += 1) {
      if (havoc.random.isLucky(0.5)) await havoc.editAll()
      await havoc.pause(0, 600)
      const before = await havoc.daemonPid()
      await havoc.killDaemon()
      await eventually(async () => expect(await havoc.daemonPid()).not.toBe(before), 30_000)
      await eventually(() => havoc.expectWorldAsDeclared(), 30_000)
    }
    watch.signal('SIGTERM')
    expect(await watch.ended, watch.log()).toBe(0)
    await havoc.expectConverged()
  })

  it('under a controller that is killed with it: the next one finds what both left behind', async ({
    havoc,
  }) => {
    await begin(havoc)
    for (let round = 0; round < deaths; round += 1) {
      const watch = await havoc.fleet.watch()
      await watch.logged('controller started')
      await havoc.editAll()
      await havoc.pause(0, 500)
      await havoc.killDaemon()
      await havoc.pause(0, 300)
      watch.signal('SIGKILL')
      await watch.ended
    }
    await havoc.expectConverged()
  })

  it('that only hangs is one event, makes everything Unknown, and is taken up again when it goes on', async ({
    havoc,
  }) => {
    await begin(havoc)
    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    const pid = await havoc.daemonPid()
    const before = lives(await havoc.fleet.processes())
    process.kill(pid, 'SIGSTOP')
    try {
      await havoc.editAll()
      await eventually(async () => {
        const { out } = await havoc.fleet.reconcile(['status', '-o', 'json'])
        expect(JSON.parse(out).summary).toMatchObject({ Unknown: havoc.declared.size })
      }, 60_000)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    const events = await havoc.fleet.reconcile(['events', '-o', 'json'])
    const told = JSON.stringify(JSON.parse(events.out)).match(/DomainUnreadable/g)
    expect(told).toHaveLength(1)
    expect(events.out).not.toContain('"Unknown"')
    await eventually(() => havoc.expectWorldAsDeclared())
    expect(lives(await havoc.fleet.processes())).not.toEqual(before)
    watch.signal('SIGTERM')
    expect(await watch.ended, watch.log()).toBe(0)
    await havoc.expectConverged()
  })

  it('leaves strangers that outlived it alone', async ({ havoc }) => {
    await begin(havoc)
    await havoc.inviteStrangers()
    await havoc.killDaemon()
    await eventually(async () => expect(await havoc.strangersAlive()).toHaveLength(1))
    const alive = await havoc.strangersAlive()
    await havoc.expectPass()
    expect(await havoc.strangersAlive()).toEqual(alive)
    expect(await havoc.doubled()).toEqual([])
    const plan = await havoc.fleet.reconcile(['plan', '--detailed-exitcode'])
    expect(plan.status, plan.out).toBe(0)
  })
})
