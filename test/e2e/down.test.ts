import { afterEach, describe, expect, it } from 'vitest'
import { eventually, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

const idle = 'setInterval(() => undefined, 1000)\n'

let fleet: TestFleet
afterEach(() => fleet.destroy())

async function started(): Promise<void> {
  fleet = await TestFleet.create({
    'services/idle.mjs': idle,
    'services/done.mjs': '',
    'manifests/all.yaml': [
      processManifest('one', 'script: ../services/idle.mjs'),
      processManifest('two', 'script: ../services/idle.mjs\ndependsOn: [Process/one]'),
      processManifest('job', 'script: ../services/done.mjs\nautorestart: false\ncron: "*/10 * * * * *"'),
      processManifest('found', 'script: sleep\nargs: ["100000"]'),
    ].join('---\n'),
  })
  await fleet.pm2(['start', 'sleep', '--name', 'found', '--', '100000'], {})
  const first = await fleet.reconcile([])
  expect(first.status, first.out + first.err).toBe(0)
}

const names = async () => (await fleet.processes()).map(({ name }) => name).sort()

describe('down', () => {
  it('shows its plan, asks, stops what we created, and leaves it so until it is resumed', async () => {
    await started()
    const shown = await fleet.reconcile(['down', '--dry-run'])
    expect(shown.status).toBe(0)
    expect(shown.out).toContain('Dry run: nothing was changed.')
    const unasked = await fleet.reconcile(['down'])
    expect(unasked.status).toBe(1)
    expect(unasked.err).toContain('--yes')
    expect(await names()).toEqual(['found', 'job', 'one', 'two'])

    const down = await fleet.reconcile(['down', '--yes'])
    expect(down.status, down.out + down.err).toBe(0)
    expect(down.out).toContain('The fleet is down')
    // What was there before us runs on; the job's schedule is gone too.
    expect(await names()).toEqual(['found'])

    const again = await fleet.reconcile([])
    expect(again.status, again.out).toBe(0)
    expect(again.out).toContain('the fleet is down')
    expect(await names()).toEqual(['found'])
    const health = await fleet.reconcile(['health'])
    expect(health.out).toContain('reconcile resume --all')
    const report = JSON.parse((await fleet.reconcile(['report', '-o', 'json'])).out)
    expect(report.isDown).toBe(true)
    expect(report.recommendations[0].commands).toContain('reconcile resume --all')

    expect(await fleet.reconcile(['resume', '--all'])).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^The fleet is no longer down; `reconcile.*` starts it\.\n$/),
    })
    expect((await fleet.reconcile(['resume', '--all'])).out).toContain('nothing was suspended')
    const up = await fleet.reconcile([])
    expect(up.status, up.out).toBe(0)
    expect(await names()).toEqual(['found', 'job', 'one', 'two'])
  })

  it('says that it is marked, and not that it is down, where PM2 does not answer; the next pass does the rest', async () => {
    await started()
    const daemon = Number(await fleet.read('p/pm2.pid'))
    process.kill(daemon, 'SIGSTOP')
    try {
      const down = await fleet.reconcile(['down', '--yes', '--timeout', '5s'])
      expect(down.status).toBe(1)
      expect(down.out).not.toContain('The fleet is down;')
      expect(down.out).toContain('The fleet is marked as down')
    } finally {
      process.kill(daemon, 'SIGCONT')
    }
    const next = await fleet.reconcile([])
    expect(next.status, next.out).toBe(0)
    expect(await names()).toEqual(['found'])
  })

  it('promises nothing of what waits for its deletion, and names it: it runs on, suspended or not', async () => {
    await started()
    await fleet.reconcile(['suspend', 'Process/one', '--reason', 'looked at'])
    await fleet.write(
      'manifests/all.yaml',
      processManifest('job', 'script: ../services/done.mjs\nautorestart: false\ncron: "*/10 * * * * *"'),
    )
    const down = await fleet.reconcile(['down', '--yes'])
    expect(await names()).toEqual(['found', 'one', 'two'])
    expect(down.status, down.out + down.err).toBe(1)
    expect(down.out).not.toContain('The fleet is down;')
    expect(down.out).not.toContain('the next pass goes on')
    expect(down.out).toContain('Left as they are, for the reasons above: Process/one, Process/two.')

    await fleet.write(
      'manifests/all.yaml',
      [
        processManifest('job', 'script: ../services/done.mjs\nautorestart: false\ncron: "*/10 * * * * *"'),
        processManifest('two', 'script: ../services/idle.mjs'),
      ].join('---\n'),
    )
    // Of one that is suspended nothing else would say that it runs.
    const again = await fleet.reconcile(['down', '--yes'])
    expect(await names()).toEqual(['found', 'one'])
    expect(again.status, again.out + again.err).toBe(1)
    expect(again.out).not.toContain('The fleet is down;')
    expect(again.out).toContain('Left as it is, for the reason above: Process/one.')
  })

  it('is done by the controller that lives, and a controller that comes later respects it', async () => {
    await started()
    const controller = await fleet.watch()
    await controller.logged('controller started')
    const down = await fleet.reconcile(['down', '--yes'])
    expect(down.status, down.out + down.err).toBe(0)
    expect(down.err).toContain(`controller with pid ${controller.pid}`)
    expect(await names()).toEqual(['found'])
    controller.signal('SIGTERM')
    expect(await controller.ended).toBe(0)
    const next = await fleet.watch()
    await next.logged('controller started')
    // It makes a pass, and starts nothing.
    const asked = await fleet.reconcile([])
    expect(asked.status, asked.out + asked.err).toBe(0)
    expect(asked.err).toContain(`controller with pid ${next.pid}`)
    expect(await names()).toEqual(['found'])
    await fleet.reconcile(['resume', '--all'])
    await eventually(async () => expect(await names()).toEqual(['found', 'job', 'one', 'two']), 30_000)
  })
})
