import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callVerb } from '../support/called.ts'
import { removeFolder } from '../support/pm2.ts'

let folder: string
const path = (name: string) => join(folder, name)
const call = (...args: string[]) => callVerb(folder, args)
const declareSet = async (name: string) => {
  await writeFile(
    path(`manifests/${name}.yaml`),
    `apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: ${name} }\nspec:\n  package: ../${name}/package.json\n  scripts: { build: echo }\n`,
  )
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-'))
  await mkdir(path('manifests'))
  for (const name of ['one', 'two']) {
    await mkdir(path(name))
    await declareSet(name)
    await writeFile(path(`${name}/package.json`), JSON.stringify({ name, scripts: {} }))
  }
})
afterEach(() => removeFolder(folder))

test('what is no longer declared is resumed by name, for as long as anything is known of it', async () => {
  expect(await call()).toMatchObject({ status: 0 })
  await rm(path('manifests/two.yaml'))
  expect(await call('resume', 'ScriptSet/two')).toEqual({
    status: 0,
    out: 'ScriptSet/two was not suspended; its recovery attempts start anew.\n',
    err: '',
  })
})

test('a suspension outlives what it is of, and is lifted by name', async () => {
  await call()
  await call('suspend', 'ScriptSet/two', '--reason', 'moving house')
  await rm(path('manifests/two.yaml'))
  await call()
  expect(await call('resume', 'ScriptSet/two')).toEqual({
    status: 0,
    out: 'ScriptSet/two is resumed; its recovery attempts start anew.\n',
    err: '',
  })
  expect((await call('resume', 'ScriptSet/two')).err).toContain('No resource ScriptSet/two is declared')
})

test('what is neither declared nor known is refused, with what was meant', async () => {
  await call()
  await rm(path('manifests/two.yaml'))
  const refused = await call('resume', 'ScriptSet/tow')
  expect(refused.status).toBe(1)
  expect(refused.err).toContain('No resource ScriptSet/tow is declared')
  expect(refused.err).toContain('Did you mean ScriptSet/two?')
})

test('who suspends and resumes is told so before a pass has come', async () => {
  await call()
  await call('suspend', 'ScriptSet/two', '--reason', 'moving house', '--by', 'ada')
  const held = await call('status', 'ScriptSet/two')
  expect(held.out).toMatch(/ScriptSet\/two +Synced +Suspended/)
  expect(held.out).toContain('suspended by ada: moving house')
  expect((await call('health')).status).toBe(0)
  await call()
  await call('resume', 'ScriptSet/two')
  const resumed = await call('status', 'ScriptSet/two')
  expect(resumed.out).toMatch(/ScriptSet\/two +Synced +Unknown/)
  expect(resumed.out).toContain('no longer suspended; no pass has looked at it since')
  expect((await call('health')).status).toBe(2)
  await call()
  expect((await call('health')).status).toBe(0)
})
