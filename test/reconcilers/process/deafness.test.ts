import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Deafness } from '../../../src/reconcilers/process/deafness.ts'
import { declare } from './bench.ts'
import { record } from './model.ts'

const launchedAt = 1_000_000
const started = 'App [api:0] starting in -cluster mode-'
const stoppedOld = 'Stopping app:api id:_old_0'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'r-'))
})
afterEach(() => rm(home, { recursive: true }))

const say = (lines: readonly string[]) =>
  writeFile(join(home, 'pm2.log'), lines.map((line) => `2026-11-27T21:42:26: PM2 log: ${line}\n`).join(''))
const desired = declare(
  'api',
  { script: './api.mjs', mode: 'cluster', instances: 2, waitReady: true, listenTimeout: '1s' },
  { folder: '/srv/manifests' },
)
const worker = (pmId: number) =>
  record({ exec_mode: 'cluster_mode', pm_uptime: launchedAt, listen_timeout: 1000 }, pmId)

describe('whether a worker listened', () => {
  let now = launchedAt
  const look = (deafness: Deafness) => deafness.look(desired, [worker(0), worker(1)])

  test('is asked again while its reload is under way', async () => {
    now = launchedAt + 500
    const deafness = new Deafness(home, { now: () => now })
    await say([started])
    expect(await look(deafness)).toEqual(new Set())
    await say([started, stoppedOld, 'App name:api id:_old_0 disconnected'])
    expect(await look(deafness)).toEqual(new Set([0]))
  })

  test('is asked again where the log could not be read', async () => {
    now = launchedAt + 3_600_000
    const deafness = new Deafness(join(home, 'pm2.log'), { now: () => now })
    await say([])
    expect(await look(deafness)).toEqual(new Set())
    await rm(join(home, 'pm2.log'))
    await mkdir(join(home, 'pm2.log'))
    await writeFile(
      join(home, 'pm2.log/pm2.log'),
      `PM2 log: ${started}\nPM2 log: ${stoppedOld}\nPM2 log: end\n`,
    )
    expect(await look(deafness)).toEqual(new Set([0]))
  })

  test('is not asked again where the log never says it', async () => {
    now = launchedAt + 3_600_000
    const deafness = new Deafness(home, { now: () => now })
    await say([started])
    expect(await look(deafness)).toEqual(new Set())
    await say([started, stoppedOld, 'App name:api id:_old_0 disconnected'])
    expect(await look(deafness)).toEqual(new Set())
  })
})
