import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { JobEndings } from '../../../src/reconcilers/process/job-endings.ts'
import { record } from './model.ts'

let home: string
let endings: JobEndings
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'r-'))
  endings = new JobEndings(home)
})
afterEach(() => rm(home, { recursive: true }))

const log = () => join(home, 'pm2.log')
const line = (text: string) => `2026-11-28T00:40:12: PM2 log: ${text}\n`
const started = line('App [api:0] starting in -fork mode-')
const killed = line('App [api:0] exited with code [0] via signal [SIGKILL]')
const run = record({ status: 'stopped', exit_code: 0 }, 0)
const look = async () => (await endings.look([run])).get(0)

describe('how a run ended', () => {
  test('is looked for once', async () => {
    await writeFile(log(), started + killed)
    expect(await look()).toEqual({ type: 'killed', signal: 'SIGKILL' })
    await writeFile(log(), '')
    expect(await look()).toEqual({ type: 'killed', signal: 'SIGKILL' })
  })

  // PM2 calls one `errored` that did not end within `kill_timeout`, with the exit code of the run before, and writes its end later.
  test('is asked again where it had begun and its end was not written yet', async () => {
    await writeFile(log(), started)
    expect(await look()).toBeUndefined()
    await appendFile(log(), killed)
    expect(await look()).toEqual({ type: 'killed', signal: 'SIGKILL' })
  })

  test('is asked again where the log could not be read', async () => {
    await mkdir(log())
    await expect(look()).rejects.toThrow('EISDIR')
    await rm(log(), { recursive: true })
    await writeFile(log(), started + killed)
    expect(await look()).toEqual({ type: 'killed', signal: 'SIGKILL' })
  })

  test('is not asked again where the log says nothing of it', async () => {
    await writeFile(log(), line('PM2 daemon started'))
    expect(await look()).toBeUndefined()
    await writeFile(log(), started + killed)
    expect(await look()).toBeUndefined()
  })
})
