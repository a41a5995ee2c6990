import { rm } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { type Background, eventually, lives } from '../../support/fleet.ts'
import { Havoc, it, seed } from '../../support/havoc.ts'

async function begin(havoc: Havoc): Promise<void> {
  for (const name of ['p0', 'p1', 'p2', 'p3']) await havoc.declare(name)
}

const endOf = async (run: Background) => ({ status: await run.ended, log: run.log() })
const isAtWork = (run: Background) => run.log().includes('controller started')

/** Who made each process: its creation is journalled once, whoever did it. */
async function creations(havoc: Havoc): Promise<readonly string[]> {
  const outcomes = await havoc.outcomes()
  return outcomes
    .filter(({ intent, outcome }) => intent.verb === 'create' && outcome === 'succeeded')
    .map(({ intent }) => intent.id)
    .sort()
}

describe.concurrent(`many who want to act at the same moment (CHAOS_SEED=${seed})`, () => {
  it('on a machine with neither state nor daemon: one acts, the others ask it, or say who holds it', async ({
    havoc,
  }) => {
    await begin(havoc)
    const watches = [await havoc.fleet.watch(), await havoc.fleet.watch()]
    const passes = Array.from({ length: 4 }, () => havoc.fleet.start([]))
    for (const { status, log } of await Promise.all(passes.map(endOf))) expect(status, log).toBe(0)
    await havoc.expectWorldAsDeclared()
    await eventually(() => expect(watches.filter(isAtWork)).toHaveLength(1))
    const winner = watches.find(isAtWork)
    const loser = watches.find((watch) => watch !== winner)

    // Each was started once, by one of them, and by nobody again.
    expect(await creations(havoc)).toEqual(['p0', 'p1', 'p2', 'p3'].map((name) => `Process/${name}`))
    const before = await havoc.fleet.processes()
    expect(before.map(({ pm2_env }) => pm2_env.restart_time)).toEqual([0, 0, 0, 0])

    // Passes during a watch are the watch's own.
    const asked = await Promise.all(Array.from({ length: 3 }, () => havoc.fleet.reconcile([])))
    for (const run of asked) {
      expect(run.status, run.err).toBe(0)
      expect(run.err).toContain(`The controller with pid ${winner?.pid} made this pass.`)
    }
    expect(lives(await havoc.fleet.processes())).toEqual(lives(before))

    expect(await loser?.ended).toBe(1)
    expect(loser?.log()).toContain(`a controller with pid ${winner?.pid}`)
    expect(loser?.log()).toContain('LeaseHeld')
    winner?.signal('SIGTERM')
    expect(await winner?.ended, winner?.log()).toBe(0)
    await havoc.expectConverged()
  })

  it('one waits for a controller that is killed, and is at work at once', async ({ havoc }) => {
    await begin(havoc)
    const first = await havoc.fleet.watch()
    await first.logged('controller started')
    const second = await havoc.fleet.watch()
    await havoc.pause(0, 1000)
    expect(isAtWork(second)).toBe(false)
    first.signal('SIGKILL')
    await first.ended
    await second.logged('controller started')
    await havoc.editAll()
    await eventually(() => havoc.expectWorldAsDeclared())
    second.signal('SIGTERM')
    expect(await second.ended, second.log()).toBe(0)
    await havoc.expectConverged()
  })

  it('of two folders that share a state, one gets it and the other changes nothing', async ({ havoc }) => {
    await begin(havoc)
    const other = await Havoc.create(7)
    try {
      await other.declare('q0')
      const state = havoc.fleet.path('shared.db')
      const env = { PM2_HOME: havoc.fleet.pm2Home }
      const runs = await Promise.all(
        [havoc, other].map((one) => one.fleet.reconcile(['--state', state], { env })),
      )
      const names = (await havoc.fleet.processes()).map(({ name }) => name).sort()
      const isOurs = runs[0]?.status === 0
      expect(names).toEqual(isOurs ? ['p0', 'p1', 'p2', 'p3'] : ['q0'])
      const loser = isOurs ? runs[1] : runs[0]
      expect(loser?.status).toBe(1)
      expect(loser?.err).toContain('StoreBound')
    } finally {
      await other.destroy()
    }
  })

  it('a pass that had to wait does what the manifests say when its turn comes', async ({ havoc }) => {
    await begin(havoc)
    await havoc.expectPass()
    // Never healthy: its pass holds the lease until its time is over.
    await havoc.fleet.write('services/never.sh', 'exit 1\n')
    const broken = havoc.manifest('broken', 'sleeper', 0).replace('sleeper.sh', 'never.sh')
    await havoc.fleet.write('manifests/broken.yaml', broken)
    const first = havoc.fleet.start(['--timeout', '6s'])
    await eventually(async () => expect((await havoc.holder())?.pid).toBe(first.pid))
    const second = havoc.fleet.start([])
    await havoc.pause(1000, 1500)
    await rm(havoc.fleet.path('manifests/broken.yaml'))
    await havoc.editAll()
    expect(await first.ended).toBe(1)
    expect(await second.ended, second.log()).toBe(0)
    await havoc.expectConverged()
  })
})

describe.concurrent(`a holder that gives no sign of life (CHAOS_SEED=${seed})`, () => {
  it('is replaced after its lease where it is on another machine, by a pass too', async ({ havoc }) => {
    await begin(havoc)
    await havoc.expectPass()
    await havoc.holdLeaseFromElsewhere()
    await havoc.deleteByHand('p0')
    await havoc.expectConverged()
  })

  it('though merely stopped loses its lease, touches nothing when it goes on, and ends with a clear word', async ({
    havoc,
  }) => {
    await begin(havoc)
    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    await eventually(() => havoc.expectWorldAsDeclared())
    await havoc.freeze(watch)
    await havoc.editAll()
    await havoc.deleteByHand('p0')
    const before = lives(await havoc.fleet.processes())

    // It may be acting in PM2, which knows no leases: as long as it exists nobody else does.
    const stoppedAt = Date.now()
    const pass = await havoc.fleet.reconcile(['--timeout', '20s'])
    expect(pass.status).toBe(1)
    expect(pass.out + pass.err).toContain(`process ${watch.pid} acts there`)
    expect(lives(await havoc.fleet.processes())).toEqual(before)
    const since = (await havoc.outcomes()).filter(({ at }) => at > stoppedAt)
    expect(new Set(since.map(({ outcome }) => outcome))).toEqual(new Set(['failed']))

    watch.signal('SIGCONT')
    expect(await watch.ended).toBe(1)
    expect(watch.log()).toContain('LeaseLost')
    expect(lives(await havoc.fleet.processes())).toEqual(before)
    await havoc.expectConverged()
  })

  it('frees what somebody had allowed for a pass that he does not wait for any more', async ({ havoc }) => {
    await begin(havoc)
    for (let n = 0; n < 8; n += 1) await havoc.declare(`x${n}`)
    await havoc.fleet.write(
      'manifests/fleet.yaml',
      'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: havoc }\nspec: { deletions: { max: 2, percent: 25 } }\n',
    )
    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    await eventually(() => havoc.expectWorldAsDeclared())
    await havoc.freeze(watch)
    const asker = havoc.fleet.start(['--allow-deletions', '50'])
    await eventually(async () => expect(await havoc.requests(), asker.log()).toHaveLength(1))
    asker.signal('SIGKILL')
    await asker.ended
    const before = lives(await havoc.fleet.processes())
    for (let n = 0; n < 8; n += 1) await havoc.undeclare(`x${n}`)
    watch.signal('SIGCONT')
    await eventually(async () => expect(await havoc.requests()).toEqual([]))
    const run = await havoc.fleet.reconcile([])
    expect(run.status).toBe(1)
    expect(run.out).toContain('--allow-deletions 8')
    expect(lives(await havoc.fleet.processes())).toEqual(before)
    await havoc.expectPass(['--allow-deletions', '8'])
    watch.signal('SIGTERM')
    expect(await watch.ended, watch.log()).toBe(0)
    await havoc.expectConverged()
  })
})
