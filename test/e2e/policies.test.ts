import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

const script = 'script: ../services/idle.mjs'
let fleet: TestFleet

beforeEach(async () => {
  fleet = await TestFleet.create({ 'services/idle.mjs': 'setInterval(() => undefined, 1000)\n' })
})
afterEach(() => fleet.destroy())

const declare = (name: string, ...spec: readonly string[]) =>
  fleet.write(`manifests/${name}.yaml`, processManifest(name, [script, ...spec].join('\n')))
const names = async () => (await fleet.processes()).map(({ name }) => name).sort()

async function expectRun(status: number, args: readonly string[]) {
  const run = await fleet.reconcile(args)
  expect(run.status, run.out + run.err).toBe(status)
  return { out: run.out.replace(/\s+/g, ' '), err: run.err.replace(/\s+/g, ' ') }
}

const policy = (name: string, spec: string) =>
  `apiVersion: reconcile.dev/v1\nkind: Policy\nmetadata: { name: ${name} }\nspec:\n${spec.replace(/^/gm, '  ')}\n`

/** `until`: the freeze is over then. */
const freeze = (until: string) =>
  policy(
    'freeze',
    `for: action\nrule: action.verb != "delete" || now > timestamp("${until}")\nmessage: Nothing is deleted before the release`,
  )

it('a denied action is not done by a pass, a plan says so and fails, and what the policy allows is done', async () => {
  await declare('one')
  await declare('two')
  await fleet.write('manifests/policies.yaml', freeze('2100-01-01T00:00:00Z'))
  await expectRun(0, [])
  expect(await names()).toEqual(['one', 'two'])
  await fleet.remove('manifests/two.yaml')
  await declare('three')

  const planned = await expectRun(1, ['plan'])
  expect(planned.out).toContain(
    'Process/two held Policy/freeze denies it: Nothing is deleted before the release',
  )
  expect(planned.out).toContain('wanted: delete')
  expect((await expectRun(1, ['plan', '--detailed-exitcode'])).out).toContain('Policy/freeze')
  expect(await names()).toEqual(['one', 'two'])

  const passed = await expectRun(1, [])
  expect(passed.out).toContain('Policy/freeze denies it')
  expect(await names()).toEqual(['one', 'three', 'two'])
  expect((await expectRun(0, ['describe', 'Process/two'])).out).toContain('Policy/freeze denies it')

  await fleet.write('manifests/policies.yaml', freeze('2000-01-01T00:00:00Z'))
  await expectRun(0, ['plan'])
  await expectRun(0, [])
  expect(await names()).toEqual(['one', 'three'])
})

it('a controller holds what is denied, and does it when the policy is lifted', async () => {
  await declare('one')
  await declare('two')
  await fleet.write('manifests/policies.yaml', freeze('2100-01-01T00:00:00Z'))
  const watch = await fleet.watch()
  await watch.logged('controller started')
  await watch.logged('"id":"Process/two"')
  await expectRun(0, ['--timeout', '60s'])
  await fleet.remove('manifests/two.yaml')
  await expectRun(1, ['--timeout', '20s'])
  expect(await names()).toEqual(['one', 'two'])
  await fleet.remove('manifests/policies.yaml')
  await expectRun(0, ['--timeout', '60s'])
  expect(await names()).toEqual(['one'])
  watch.signal('SIGTERM')
  expect(await watch.ended, watch.log()).toBe(0)
})

it('a resource that is denied fails the check and stays as it was last good; a broken policy lets nothing pass', async () => {
  const limit = policy(
    'memory-limit',
    'for: resource\nkinds: [Process]\nrule: byteSize(resource.spec.maxMemory) <= byteSize("1G")\nmessage: At most 1G',
  )
  await fleet.write('manifests/policies.yaml', limit)
  await declare('one', 'maxMemory: 512M')
  await expectRun(0, ['check', '--strict'])
  await expectRun(0, [])
  await declare('one', 'maxMemory: 2G')
  const checked = await expectRun(1, ['check'])
  expect(checked.out).toContain(
    'manifests/one.yaml:3:19: error policy-denied: Policy/memory-limit denies Process/one: At most 1G',
  )
  expect(checked.out).toContain('help: The rule stands at manifests/policies.yaml:7:9.')
  expect((await expectRun(1, ['plan'])).err).toContain('policy-denied')
  await expectRun(1, [])
  const kept = await fleet.processes()
  expect(kept.map(({ name }) => name)).toEqual(['one'])
  expect((await expectRun(0, ['explain', 'Policy.rule'])).out).toContain('byteSize')

  // Of a policy that was never good nobody knows what it allows.
  await declare('one', 'maxMemory: 512M')
  await declare('new', 'maxMemory: 512M')
  await fleet.write(
    'manifests/more.yaml',
    policy('more', 'for: action\nrule: actoin.verb != "delete"\nmessage: no'),
  )
  const broken = await expectRun(1, [])
  expect(broken.err).toContain('manifests/more.yaml:6:9: error policy-rule')
  expect(broken.err).toContain('Did you mean `action`?')
  expect(broken.out).toContain('Policy/more denies it: it is broken')
  expect(await names()).toEqual(['one'])
})
