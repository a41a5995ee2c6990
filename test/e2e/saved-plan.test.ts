import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually, lives, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

const idle = 'setInterval(() => undefined, 1000)\n'
let fleet: TestFleet

beforeAll(async () => {
  fleet = await TestFleet.create({
    'services/idle.mjs': idle,
    'services/falls.mjs': 'process.exit(1)\n',
    'manifests/db.yaml': processManifest('db', 'script: ../services/idle.mjs'),
    'manifests/web.yaml': processManifest('web', 'script: ../services/idle.mjs\ndependsOn: [Process/db]'),
  })
})
afterAll(() => fleet.destroy())

const names = async () => (await fleet.processes()).map(({ name }) => name).sort()

it('is applied whole, with what waits for another in it', async () => {
  expect((await fleet.reconcile(['plan', '--out', 'plan.json'])).status).toBe(0)
  const run = await fleet.reconcile(['apply', 'plan.json'])
  expect(run.err).toBe('')
  expect(run.status).toBe(0)
  expect(await names()).toEqual(['db', 'web'])
})

it('does nothing beside what it says, and nothing twice', async () => {
  const before = lives(await fleet.processes())
  const again = await fleet.reconcile(['apply', 'plan.json'])
  expect(again.err).toContain('PlanOutdated')
  expect(again.status).toBe(1)
  expect(lives(await fleet.processes())).toEqual(before)
})

it('is refused where the world changed between the plan and its application', async () => {
  await fleet.write('manifests/new.yaml', processManifest('new', 'script: ../services/idle.mjs'))
  expect((await fleet.reconcile(['plan', '--out', 'plan.json'])).status).toBe(0)
  await fleet.pm2(['delete', 'web'])
  const refused = await fleet.reconcile(['apply', 'plan.json'])
  expect(refused.err).toContain('Process/web: something else is to be done')
  expect(refused.status).toBe(1)
  expect(await names()).toEqual(['db'])
})

it('tries what fails once, and says that it failed', async () => {
  await fleet.write('manifests/new.yaml', processManifest('new', 'script: ../services/falls.mjs'))
  expect((await fleet.reconcile(['plan', '--out', 'plan.json'])).status).toBe(0)
  const run = await fleet.reconcile(['apply', 'plan.json', '--timeout', '20s'])
  expect(run.status).toBe(1)
  expect(await names()).toEqual(['db', 'new', 'web'])
  const events = await fleet.reconcile(['events', 'Process/new'])
  expect(events.out).not.toContain('revive')
  await fleet.remove('manifests/new.yaml')
  expect((await fleet.reconcile([])).status).toBe(0)
})

it('can be killed at any moment: what is left is refused, or done by a new plan', async () => {
  const made: string[] = []
  for (const after of [150, 300, 450, 600, 800]) {
    // What is deleted by hand again and again is met at a pace of its own, so each round makes something new.
    const name = `round-${after}`
    made.push(name)
    await fleet.write(`manifests/${name}.yaml`, processManifest(name, 'script: ../services/idle.mjs'))
    expect((await fleet.reconcile(['plan', '--out', 'plan.json'])).status).toBe(0)
    const killed = fleet.start(['apply', 'plan.json'])
    await new Promise((resolve) => setTimeout(resolve, after))
    killed.signal('SIGKILL')
    await killed.ended
    const again = await fleet.reconcile(['apply', 'plan.json'])
    if (again.status !== 0) expect(`${after}: ${again.out}${again.err}`).toContain('PlanOutdated')
    // What was cut off counts as an attempt, and a plan holds it until its wait is over.
    await eventually(async () => {
      expect((await fleet.reconcile(['plan', '--out', 'plan.json'])).status).toBe(0)
      const last = await fleet.reconcile(['apply', 'plan.json'])
      expect(`${last.out}${last.err} ${last.status}`).toMatch(/ 0$/)
    })
    expect(await names()).toEqual(['db', ...made, 'web'])
  }
})

it('is refused while a controller lives', async () => {
  expect((await fleet.reconcile(['plan', '--out', 'plan.json'])).status).toBe(0)
  const controller = await fleet.watch()
  await controller.logged('controller started')
  for (const args of [[], ['--dry-run']]) {
    const refused = await fleet.reconcile(['apply', 'plan.json', ...args])
    expect(refused.err).toContain('[ControllerAlive]')
    expect(refused.status).toBe(1)
  }
  controller.signal('SIGTERM')
  expect(await controller.ended).toBe(0)
  expect((await fleet.reconcile(['apply', 'plan.json'])).status).toBe(0)
})
