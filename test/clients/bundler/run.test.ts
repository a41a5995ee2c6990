import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bundler, startBundler } from '../../../src/clients/bundler/run.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-bundler-'))
  await mkdir(join(folder, 'zips'))
  await writeFile(join(folder, 'hello.mjs'), 'export default async () => {}\n')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const start = (root: string, signal = AbortSignal.timeout(60_000)): Bundler =>
  startBundler({ root, env: { PATH: process.env.PATH, HOME: folder }, signal })
const job = () => ({
  root: folder,
  folder: join(folder, 'zips'),
  functions: [{ name: 'hello', path: join(folder, 'hello.mjs') }],
  config: {},
})

/** Longer than a bundler needs to end. */
const whatFollows = () => sleep(500)

test('a bundler that was started waits for its job, however long it takes', async () => {
  const bundler = start(folder)
  await whatFollows()
  const counts: number[] = []
  const { bundles, failures } = await bundler.bundle(job(), (count) => counts.push(count))
  expect(bundles.map(({ name }) => name)).toEqual(['hello'])
  expect(failures).toEqual([])
  expect(counts).toEqual([1])
  bundler.stop()
})

test('one that could not be started, or that ended before it was asked, fails when it is asked', async () => {
  const nowhere = start(join(folder, 'nowhere'))
  const stopped = start(folder)
  stopped.stop()
  await whatFollows()
  await expect(nowhere.bundle(job())).rejects.toMatchObject({ code: 'BundlerFailed' })
  await expect(stopped.bundle(job())).rejects.toMatchObject({ code: 'BundlerFailed' })
})

test('one whose signal went before it was asked says so', async () => {
  const end = new AbortController()
  const bundler = start(folder, end.signal)
  end.abort(new Error('enough'))
  await whatFollows()
  await expect(bundler.bundle(job())).rejects.toThrow('enough')
})
