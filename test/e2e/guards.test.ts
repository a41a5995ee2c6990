import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, lives, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

const idle = 'setInterval(() => undefined, 1000)\n'
const script = 'script: ../services/idle.mjs'
const fleetManifest = (spec: string) =>
  `apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: guarded }\nspec: ${spec}\n`

let fleet: TestFleet

beforeEach(async () => {
  fleet = await TestFleet.create({ 'services/idle.mjs': idle })
})
afterEach(() => fleet.destroy())

const declare = (name: string, spec = script) =>
  fleet.write(`manifests/${name}.yaml`, processManifest(name, spec))

async function expectPass(status: number, args: readonly string[] = []) {
  const run = await fleet.reconcile(args)
  expect(run.status, run.out + run.err).toBe(status)
  return { ...run, words: run.out.replace(/\s+/g, ' ') }
}

const livesOf = async (name: string) => lives((await fleet.processes()).filter((one) => one.name === name))
const names = async () => (await fleet.processes()).map(({ name }) => name).sort()

async function statusOf(id: string) {
  const { out } = await fleet.reconcile(['status', '-o', 'json'])
  const { resources } = JSON.parse(out) as { resources: { id: string; health: string; message: string }[] }
  return resources.find((resource) => resource.id === id)
}

describe('one writer', () => {
  it('the loser runs none of the commands that the manifests name, writes nothing and touches nothing', async () => {
    await fleet.write('services/tell.sh', `echo "$PPID" >> ${fleet.path('asked.log')}\necho value\n`)
    await declare(
      'one',
      `${script}\nenv: { KEY: { fromCommand: [sh, "${fleet.path('services/tell.sh')}"] } }`,
    )
    const winner = await fleet.watch()
    await winner.logged('controller started')
    await eventually(async () => expect(await names()).toEqual(['one']))
    const before = await livesOf('one')

    const second = await fleet.watch()
    const asker = fleet.start([])
    expect(await asker.ended, asker.log()).toBe(0)
    expect(asker.log()).toContain(`The controller with pid ${winner.pid} made this pass.`)
    expect(await second.ended).toBe(1)
    expect(second.log()).toContain('LeaseHeld')
    // At once, and not when it has waited in vain; and what to do then.
    expect(second.log()).toMatch(new RegExp(`"pid":${winner.pid}.*waiting for its end`))
    expect(second.log()).toContain('reconcile stop')
    expect(second.log()).not.toContain('pid:[')

    const askedBy = new Set((await fleet.read('asked.log')).trim().split('\n').map(Number))
    expect(askedBy).toEqual(new Set([winner.pid]))
    expect(await livesOf('one')).toEqual(before)
    winner.signal('SIGTERM')
    expect(await winner.ended, winner.log()).toBe(0)
  })
})

describe('guards', () => {
  it('what is only observed is neither made, corrected nor deleted', async () => {
    await declare('kept')
    await expectPass(0)
    await fleet.pm2(['start', 'services/idle.mjs', '--name', 'seen'])
    const before = [await livesOf('seen'), await livesOf('kept')]
    const observed = 'managementPolicy: Observe\ndeletionPolicy: Delete'
    await declare('seen', `${script}\ncwd: ..\nenv: { A: b }\n${observed}`)
    await declare('unmade', `${script}\n${observed}`)
    await declare('kept', `${script}\nenv: { A: b }\n${observed}`)
    const run = await fleet.reconcile(['--timeout', '3s'])
    expect(run.status).toBe(1)
    expect(run.out).toContain('only observed')
    expect(await names()).toEqual(['kept', 'seen'])
    expect([await livesOf('seen'), await livesOf('kept')]).toEqual(before)
    for (const name of ['seen', 'unmade', 'kept']) await fleet.remove(`manifests/${name}.yaml`)
    await declare('other')
    await expectPass(0)
    expect(await names()).toEqual(['kept', 'other', 'seen'])
    expect([await livesOf('seen'), await livesOf('kept')]).toEqual(before)
  })

  it('a policy of deletion outlives its manifest, both ways', async () => {
    await fleet.pm2(['start', 'services/idle.mjs', '--name', 'adopted'])
    await declare('adopted', `${script}\ncwd: ..\ndeletionPolicy: Delete`)
    await declare('created', `${script}\ndeletionPolicy: Orphan`)
    await declare('stays')
    await expectPass(0)
    const before = await livesOf('created')
    await fleet.remove('manifests/adopted.yaml')
    await fleet.remove('manifests/created.yaml')
    await expectPass(0)
    expect(await names()).toEqual(['created', 'stays'])
    expect(await livesOf('created')).toEqual(before)
    // It was let go: taken up again it is adopted as it runs.
    await declare('created')
    await expectPass(0)
    expect(await livesOf('created')).toEqual(before)
  })

  it('acts inside its windows alone, and never in one that denies', async () => {
    const always = '{ cron: "* * * * *", duration: 1h }'
    const never = '{ cron: "0 0 29 2 *", duration: 1m }'
    const denied = '{ cron: "* * * * *", duration: 1h, allow: false }'
    await declare('inside', `${script}\nwindows: [${always}]`)
    await declare('outside', `${script}\nwindows: [${never}]`)
    await declare('denied', `${script}\nwindows: [${always}, ${denied}]`)
    const { words } = await expectPass(0)
    expect(await names()).toEqual(['inside'])
    expect(words).toContain('window')
    await declare('outside', `${script}\nwindows: [${never}, ${always}]`)
    await expectPass(0)
    expect(await names()).toEqual(['inside', 'outside'])
  })

  it('holds all deletions over the share that the fleet allows, until as many are allowed', async () => {
    await fleet.write('manifests/fleet.yaml', fleetManifest('{ deletions: { max: 100, percent: 50 } }'))
    for (const name of ['a', 'b', 'c', 'd', 'e']) await declare(name)
    await expectPass(0)
    const before = lives(await fleet.processes())
    for (const name of ['c', 'd', 'e']) await fleet.remove(`manifests/${name}.yaml`)
    const { words } = await expectPass(1)
    expect(words).toContain('--allow-deletions 3')
    await expectPass(1, ['--allow-deletions', '2'])
    // A part of the manifests proves nothing about the rest.
    await expectPass(0, ['--only', 'Process/a', '--allow-deletions', '3'])
    await expectPass(0, ['-f', 'manifests/a.yaml', '--allow-deletions', '3'])
    expect(lives(await fleet.processes())).toEqual(before)
    await expectPass(0, ['--allow-deletions', '3'])
    expect(await names()).toEqual(['a', 'b'])
  })

  it('reminds of a suspension that ends, and goes on by itself when it is over', async () => {
    await declare('one')
    const watch = await fleet.watch()
    await watch.logged('controller started')
    await eventually(async () => expect(await names()).toEqual(['one']))
    const before = await livesOf('one')
    await expectPass(0, ['suspend', 'Process/one', '--reason', 'moving house', '--by', 'ada', '--for', '20s'])
    await declare('one', `${script}\nenv: { A: b }`)
    await eventually(async () => {
      const { out } = await fleet.reconcile(['events', 'Process/one', '-o', 'json'])
      expect(out).toContain('SuspensionEnding')
    }, 90_000)
    await eventually(async () => expect(await livesOf('one')).not.toEqual(before), 90_000)
    const { out } = await fleet.reconcile(['events', 'Process/one', '-o', 'json'])
    const { events } = JSON.parse(out) as { events: { reason: string }[] }
    const order = events.map(({ reason }) => reason)
    expect(order.indexOf('Updated')).toBeGreaterThan(order.indexOf('SuspensionEnding'))
    watch.signal('SIGTERM')
    expect(await watch.ended, watch.log()).toBe(0)
  })

  it('waits for what it depends on, and a critical part makes the fleet unhealthy whatever the score', async () => {
    await fleet.write('services/broken.mjs', 'process.exit(1)\n')
    await fleet.write('manifests/fleet.yaml', fleetManifest('{ health: { target: 10 } }'))
    const once = 'maxRestarts: 0\nrecovery: { maxAttempts: 1, backoff: { initial: 100ms, max: 100ms } }'
    await declare('base', `script: ../services/broken.mjs\ncritical: true\n${once}`)
    await declare('above', `${script}\ndependsOn: [Process/base]`)
    for (const name of ['x', 'y', 'z']) await declare(name)
    await expectPass(1)
    expect(await names()).toEqual(['base', 'x', 'y', 'z'])
    expect(await statusOf('Process/above')).toMatchObject({
      message: expect.stringContaining('Process/base'),
    })
    const health = await fleet.reconcile(['health'])
    expect(health.status, health.out).toBe(2)
    await declare('base', `script: ../services/broken.mjs\n${once}`)
    await fleet.reconcile([])
    expect((await fleet.reconcile(['health'])).status).toBe(0)

    await declare('base', `${script}\ncritical: true`)
    await expectPass(0)
    expect(await names()).toEqual(['above', 'base', 'x', 'y', 'z'])
    const before = lives(await fleet.processes())
    await declare('base', `${script}\ndependsOn: [Process/above]`)
    const cycle = await fleet.reconcile([])
    expect(cycle.status).toBe(1)
    expect(cycle.err).toContain('Process/above')
    expect(lives(await fleet.processes())).toEqual(before)
  })
})

describe('the last manifest that goes', () => {
  it('deletes nothing of itself, and what it left is deleted where that is allowed in words', async () => {
    await fleet.write('manifests/fleet.yaml', fleetManifest('{}'))
    await declare('one')
    await declare('two')
    await expectPass(0)
    await fleet.remove('manifests/one.yaml')
    await fleet.remove('manifests/two.yaml')

    const refused = await fleet.reconcile([])
    expect(refused.status, refused.out).toBe(1)
    expect(refused.err).toContain('NothingDeclared')
    // `down` would say the same.
    expect(refused.err).not.toContain('reconcile down')
    expect(refused.err).toContain('--allow-deletions')
    // A file by itself says nothing of what is no longer declared.
    await fleet.reconcile(['-f', 'manifests/fleet.yaml', '--allow-deletions', '2'])
    await fleet.reconcile(['--allow-deletions', '0'])
    await fleet.reconcile(['--allow-deletions', '1'])
    expect(await names()).toEqual(['one', 'two'])

    const planned = await fleet.reconcile(['plan', '--allow-deletions', '2'])
    expect(planned.status, planned.err).toBe(0)
    expect(planned.out).toContain('2 to delete')
    await expectPass(0, ['--allow-deletions', '2'])
    expect(await names()).toEqual([])
  })

  it('is allowed in words of a controller, too, as it says that it may be', async () => {
    await fleet.write('manifests/fleet.yaml', fleetManifest('{}'))
    await declare('one')
    const controller = await fleet.watch()
    await controller.logged('controller started')
    await eventually(async () => expect(await names()).toEqual(['one']))
    await fleet.remove('manifests/one.yaml')
    await controller.logged('nothing at all is declared; `--allow-deletions` says that this is meant')
    await expectPass(0, ['--allow-deletions', '1'])
    expect(await names()).toEqual([])
  })

  it('says nothing where the folder is empty: what it held before stays', async () => {
    await declare('one')
    await expectPass(0)
    await fleet.remove('manifests/one.yaml')
    await expectPass(1, ['--allow-deletions', '9'])
    expect(await names()).toEqual(['one'])
  })
})

describe('a second state of one fleet', () => {
  it('leaves alone what the first one has, says where that lies, and calls it no other fleet', async () => {
    await declare('one')
    await expectPass(0)
    const before = await livesOf('one')
    const second = ['--state', fleet.path('second.db')]
    const { words } = await expectPass(1, second)
    expect(words).toContain(fleet.path('.reconcile/state.db'))
    const report = await fleet.reconcile(['report', ...second])
    expect(report.out).not.toContain('another fleet')
    expect(report.out.replace(/\s+/g, ' ')).toContain('use that state (`--state`)')
    expect(await livesOf('one')).toEqual(before)
  })
})
