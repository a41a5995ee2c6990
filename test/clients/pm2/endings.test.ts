import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEndings } from '../../../src/clients/pm2/endings.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'endings-'))
})
afterAll(() => rm(folder, { recursive: true }))

const started = (name: string, id: number) => `App [${name}:${id}] starting in -fork mode-`
const exited = (name: string, id: number, signal: string) =>
  `App [${name}:${id}] exited with code [0] via signal [${signal}]`
const stopping = (name: string, id: number) => `Stopping app:${name} id:${id}`
/** Of other processes: some chunks of the file. */
const noise = Array.from({ length: 3_000 }, (_, n) => `App [noise:${n % 7}] online`)

async function endingOf(lines: readonly string[], asked = { name: 'job', pmId: 3 }) {
  const file = join(folder, 'pm2.log')
  await writeFile(file, lines.map((line) => `2026-11-27T18:10:19: PM2 log: ${line}\n`).join(''))
  return (await readEndings(file, [asked])).get(asked.pmId)
}

test.each<[string, readonly string[], unknown]>([
  ['a run that ended by itself', [started('job', 3), exited('job', 3, 'SIGINT')], { type: 'by-itself' }],
  ['a signal', [started('job', 3), exited('job', 3, 'SIGKILL')], { type: 'killed', signal: 'SIGKILL' }],
  ['a stop', [started('job', 3), stopping('job', 3), exited('job', 3, 'SIGINT')], { type: 'stopped' }],
  [
    'the last of several runs',
    [started('job', 3), exited('job', 3, 'SIGKILL'), started('job', 3), exited('job', 3, 'SIGINT')],
    { type: 'by-itself' },
  ],
  [
    'a run that was stopped for the next one',
    [
      started('job', 3),
      stopping('job', 3),
      exited('job', 3, 'SIGINT'),
      started('job', 3),
      exited('job', 3, 'SIGINT'),
    ],
    { type: 'by-itself' },
  ],
  [
    'others of that name, and others of that number',
    [
      started('job', 3),
      exited('job', 3, 'SIGINT'),
      exited('job', 2, 'SIGKILL'),
      exited('other', 3, 'SIGKILL'),
    ],
    { type: 'by-itself' },
  ],
  [
    'what lies far apart',
    [started('job', 3), ...noise, exited('job', 3, 'SIGTERM')],
    { type: 'killed', signal: 'SIGTERM' },
  ],
  [
    'a stop far before',
    [started('job', 3), stopping('job', 3), ...noise, exited('job', 3, 'SIGINT'), ...noise],
    { type: 'stopped' },
  ],
  [
    'a run whose end is not written yet',
    [started('job', 3), exited('job', 3, 'SIGKILL'), started('job', 3)],
    'not-yet',
  ],
  ['a log that was emptied in the middle of the run', [exited('job', 3, 'SIGINT')], undefined],
  ['an empty log', [], undefined],
])('it tells %s', async (_, lines, ending) => {
  expect(await endingOf(lines)).toEqual(ending)
})

test('names with signs of their own are told apart', async () => {
  const lines = [started('a [b:3] c', 3), exited('a [b:3] c', 3, 'SIGSEGV')]
  expect(await endingOf(lines, { name: 'a [b:3] c', pmId: 3 })).toEqual({ type: 'killed', signal: 'SIGSEGV' })
  expect(await endingOf(lines, { name: 'b', pmId: 3 })).toBeUndefined()
})

test('no log tells nothing', async () => {
  expect((await readEndings(join(folder, 'none.log'), [{ name: 'job', pmId: 3 }])).size).toBe(0)
})

test('a log that is there and cannot be read is no log that says nothing', async () => {
  const file = join(folder, 'a-file')
  await writeFile(file, '')
  await expect(readEndings(join(file, 'pm2.log'), [{ name: 'job', pmId: 3 }])).rejects.toThrow('ENOTDIR')
})
