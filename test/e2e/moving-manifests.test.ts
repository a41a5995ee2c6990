import { execFileSync } from 'node:child_process'
import { rename, rm, utimes } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually, lives, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

let fleet: TestFleet

beforeEach(async () => {
  fleet = await TestFleet.create({ 'services/idle.mjs': 'setInterval(() => undefined, 1000)\n' })
  await fleet.write(
    'manifests/web.yaml',
    processManifest('web', `script: ${fleet.path('services/idle.mjs')}`),
  )
  await fleet.write('manifests/other.yaml', processManifest('other', 'script: ../services/idle.mjs'))
  execFileSync('git', ['init', '-q'], { cwd: fleet.folder })
  expect((await fleet.reconcile([])).status).toBe(0)
})
afterEach(() => fleet.destroy())

/** What git does when it moves a manifest: it takes it away, writes all else that changed, and puts it elsewhere at last. */
async function moveByGit(during: () => Promise<unknown>): Promise<void> {
  await fleet.write('.git/index.lock', '')
  await rename(fleet.path('manifests/web.yaml'), fleet.path('web.yaml'))
  await during()
  await fleet.write('manifests/core/web.yaml', await fleet.read('web.yaml'))
  await fleet.remove('.git/index.lock')
}

test('what git moves to another folder runs on meanwhile', async () => {
  const watch = await fleet.watch()
  await watch.logged('controller started')
  const before = lives(await fleet.processes())
  await moveByGit(() => pause(2500))
  await watch.logged('manifests read')
  await pause(2000)
  expect(watch.log()).not.toContain('no longer declared')
  expect(lives(await fleet.processes())).toEqual(before)
})

test('a pass begins when git is done', async () => {
  const before = lives(await fleet.processes())
  let pass: ReturnType<TestFleet['reconcile']> | undefined
  await moveByGit(async () => {
    pass = fleet.reconcile([])
    await pause(2500)
  })
  const run = await pass
  expect(run?.status, run?.err).toBe(0)
  expect(lives(await fleet.processes())).toEqual(before)
})

test('a pass that waits for git can be ended, and has changed nothing then', async () => {
  const before = lives(await fleet.processes())
  await fleet.write('.git/index.lock', '')
  await rm(fleet.path('manifests/web.yaml'))
  const pass = fleet.start([])
  await pause(2000)
  pass.signal('SIGTERM')
  expect(await pass.ended, pass.log()).toBe(1)
  expect(lives(await fleet.processes())).toEqual(before)
})

test('what is put aside for a moment while it is saved runs on', async () => {
  const watch = await fleet.watch()
  await watch.logged('controller started')
  const before = lives(await fleet.processes())
  await rename(fleet.path('manifests/web.yaml'), fleet.path('manifests/web.yaml~'))
  await pause(400)
  await rename(fleet.path('manifests/web.yaml~'), fleet.path('manifests/web.yaml'))
  await pause(2500)
  expect(lives(await fleet.processes())).toEqual(before)
})

test('what is taken away for good goes, and a lock that a killed git left behind holds nothing up', async () => {
  await fleet.write('.git/index.lock', '')
  const before = new Date(Date.now() - 120_000)
  await utimes(fleet.path('.git/index.lock'), before, before)
  const watch = await fleet.watch()
  await watch.logged('controller started')
  await rm(fleet.path('manifests/web.yaml'))
  await eventually(async () => {
    expect((await fleet.processes()).map(({ name }) => name)).toEqual(['other'])
  })
})
