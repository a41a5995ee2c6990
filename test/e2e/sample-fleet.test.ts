import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectValid } from '../reports/schemas.ts'
import { freePort, lives, TestFleet } from '../support/fleet.ts'

/** The repository's own sample, in a folder of its own and on ports that nobody uses. */
let fleet: TestFleet

beforeAll(async () => {
  fleet = await TestFleet.create()
  const sample = fileURLToPath(new URL('../../manifests', import.meta.url))
  await cp(sample, fleet.path('manifests'), { recursive: true })
  const ports = { '43180': String(await freePort()), '43181': String(await freePort()) }
  for (const file of await readdir(fleet.path('manifests'))) {
    if (!file.endsWith('.yaml')) continue
    const path = join(fleet.path('manifests'), file)
    let text = await readFile(path, 'utf8')
    for (const [taken, free] of Object.entries(ports)) text = text.replaceAll(taken, free)
    await writeFile(path, text)
  }
})
afterAll(() => fleet.destroy())

it('is right by itself', async () => {
  const run = await fleet.reconcile(['check', '--strict', '-o', 'json'])
  expect(run.status).toBe(0)
  const document = JSON.parse(run.out)
  expectValid('check', document)
  const { formatVersion, summary, diagnostics } = document
  expect({ formatVersion, summary, diagnostics }).toEqual({
    formatVersion: '1',
    summary: { errors: 0, warnings: 0, resources: 6 },
    diagnostics: [],
  })
})

it('is Healthy after one pass', async () => {
  const run = await fleet.reconcile(['-o', 'json'])
  expect(run.err).not.toContain('error')
  const document = JSON.parse(run.out)
  expectValid('status', document)
  expect(document.summary).toMatchObject({ Healthy: 6, Degraded: 0, Unknown: 0, Missing: 0, Progressing: 0 })
  expect(document.health).toEqual({ score: 100, target: 80, state: 'Healthy' })
  expect(run.status).toBe(0)
})

it('is left as it is by a second pass, and a dry run finds nothing to do', async () => {
  const before = lives(await fleet.processes())
  expect((await fleet.reconcile([])).status).toBe(0)
  expect(lives(await fleet.processes())).toEqual(before)
  const dry = await fleet.reconcile(['--dry-run', '--detailed-exitcode', '-o', 'json'])
  const document = JSON.parse(dry.out)
  expectValid('plan', document)
  expect(document.summary).toMatchObject({ unchanged: 6, create: 0, update: 0, run: 0, delete: 0 })
  expect(dry.status).toBe(0)
})

it('misses what somebody deletes by its name, and brings it back', async () => {
  await fleet.pm2(['delete', 'web'])
  const dry = await fleet.reconcile(['--dry-run', '--detailed-exitcode'])
  expect(dry.out).toMatch(/^ {2}\+ Process\/web /m)
  expect(dry.status).toBe(2)
  const others = async () => lives((await fleet.processes()).filter(({ name }) => name !== 'web'))
  const before = await others()
  expect((await fleet.reconcile([])).status).toBe(0)
  expect((await fleet.processes()).filter(({ name }) => name === 'web')).toMatchObject([
    { pm2_env: { status: 'online' } },
  ])
  expect(await others()).toEqual(before)
  const status = await fleet.reconcile(['status', '-o', 'json'])
  const document = JSON.parse(status.out)
  expectValid('status', document)
  expect(document.summary.Healthy).toBe(6)
})
