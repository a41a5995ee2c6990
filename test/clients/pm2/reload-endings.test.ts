import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readReloadEndings } from '../../../src/clients/pm2/reload-endings.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-'))
})
afterAll(() => rm(folder, { recursive: true }))

const listening = '-reload- New worker listening'
const started = 'App [w:3] starting in -cluster mode-'
const stopped = 'Stopping app:w id:_old_3'
const rest = ['App name:w id:_old_3 disconnected', 'App [w:_old_3] exited with code [0] via signal [SIGINT]']

test.each([
  {
    title: 'it listened',
    lines: [started, 'App [w:3] online', listening, stopped, ...rest],
    is: 'listening',
  },
  { title: 'it did not', lines: [started, 'App [w:3] online', stopped, ...rest], is: 'timed-out' },
  {
    title: 'another one listened, and ended before',
    lines: [listening, 'Stopping app:v id:_old_1', started, stopped, ...rest],
    is: 'timed-out',
  },
  {
    title: 'it did in the last of two reloads',
    lines: [started, stopped, ...rest, started, listening, stopped, ...rest],
    is: 'listening',
  },
  {
    title: 'it was started again since, and how that went is not told',
    lines: [started, stopped, ...rest, 'App [w:3] exited with code [1] via signal [SIGINT]', started],
    is: undefined,
  },
  { title: 'the log was emptied', lines: [], is: undefined },
  { title: 'the log begins with the end of the old one', lines: [stopped, ...rest], is: undefined },
])('how a reload ended: $title', async ({ lines, is }) => {
  const file = join(folder, 'pm2.log')
  await writeFile(file, lines.map((line) => `2026-11-27T21:42:26: PM2 log: ${line}\n`).join(''))
  expect((await readReloadEndings(file, [{ pmId: 3, name: 'w' }])).get(3)).toBe(is)
})

test('a log that is not there says nothing', async () => {
  expect(await readReloadEndings(join(folder, 'none.log'), [{ pmId: 3, name: 'w' }])).toEqual(new Map())
})
