import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callVerb } from '../support/called.ts'
import { removeFolder } from '../support/pm2.ts'

let folder: string
const path = (name: string) => join(folder, name)
const call = (...args: string[]) => callVerb(folder, args)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-'))
  await mkdir(path('manifests'))
  for (const name of ['one', 'two']) {
    await mkdir(path(name))
    await writeFile(path(`${name}/package.json`), JSON.stringify({ name, scripts: {} }))
    await writeFile(
      path(`manifests/${name}.yaml`),
      `apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: ${name} }\nspec:\n  package: ../${name}/package.json\n  scripts: { build: echo }\n`,
    )
  }
})
afterEach(() => removeFolder(folder))

interface Told {
  readonly health: string
  readonly message: string
}

/** What each verb says of one resource, at the same moment. */
async function toldOf(id: string): Promise<Readonly<Record<string, Told>>> {
  const read = async (...args: string[]) => JSON.parse((await call(...args, '-o', 'json')).out)
  const pick = (list: readonly (Told & { readonly id: string })[]) => {
    const { health, message } = list.find((one) => one.id === id) ?? { health: 'not told', message: '' }
    return { health, message }
  }
  const { status } = await read('describe', id)
  return {
    status: pick((await read('status')).resources),
    'status of it': pick((await read('status', id)).resources),
    describe: { health: status?.health ?? 'never looked at', message: status?.message ?? '' },
    report: pick((await read('report')).resources),
  }
}

test.each([
  ['a pass', [[]]],
  ['somebody suspended it', [[], ['suspend', 'ScriptSet/one', '--reason', 'moving house']]],
  [
    'somebody resumed it, and no pass has looked since',
    [[], ['suspend', 'ScriptSet/one', '--reason', 'moving house'], [], ['resume', 'ScriptSet/one']],
  ],
] as const)('all verbs say the same of a resource after %s', async (_, steps) => {
  for (const step of steps) await call(...step)
  const { status, ...others } = await toldOf('ScriptSet/one')
  for (const told of Object.values(others)) expect(told).toEqual(status)
})

test('of what a broken manifest declares nothing is known, and no verb says otherwise, however often it is asked', async () => {
  await call()
  await rm(path('one/package.json'))
  for (let round = 0; round < 2; round++) {
    const pass = await call('-o', 'json')
    expect(pass.status).toBe(1)
    const { one, health } = {
      one: JSON.parse(pass.out).resources.find(({ id }: { id: string }) => id === 'ScriptSet/one'),
      health: await call('health', '-o', 'json'),
    }
    const unknown = { health: 'Unknown', message: expect.stringContaining('its manifest is broken') }
    expect(one).toMatchObject(unknown)
    for (const told of Object.values(await toldOf('ScriptSet/one'))) expect(told).toMatchObject(unknown)
    expect(JSON.parse(health.out).health).toMatchObject({ score: 50, state: 'Degraded' })
    expect(health.status).toBe(2)
    expect((await call('report')).out).toContain(
      'Nothing stands in for it, so what it declares is not looked at',
    )
    expect((await call('describe', 'ScriptSet/one')).out).toMatch(/^Declared in: +a file that is broken$/m)
  }
})

test('a part of the fleet is listed, and what is said of the fleet is said of all of it', async () => {
  await call()
  await call('suspend', 'ScriptSet/one', '--reason', 'moving house')
  const { out } = await call('status', 'ScriptSet/one')
  expect(out).not.toContain('ScriptSet/two')
  expect(out).toContain('Fleet default: Healthy, 100 % (target 80 %); 1 Healthy, 1 Suspended.')
})
