import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { secretCommands } from '../../src/cli/secret-command.ts'
import { systemClock } from '../../src/clients/host/clock.ts'
import { makeFolder } from '../manifests/support.ts'

const env = { PATH: process.env.PATH ?? '' }
/** Writes its child's number, and would wait for that child for minutes. */
const withChild = 'sleep 300 & echo $! >child; echo value; wait'

function start(
  folder: string,
  command: readonly string[],
  own: { limit?: number; signal?: AbortSignal } = {},
) {
  const run = secretCommands({ signal: own.signal ?? new AbortController().signal, clock: systemClock })
  return run({ command, folder, env, limit: own.limit ?? 60_000, maxBytes: 1024 })
}

async function childIn(folder: string): Promise<number> {
  return await expect
    .poll(async () => Number(await readFile(join(folder, 'child'), 'utf8').catch(() => '')), {
      timeout: 20_000,
    })
    .toBeGreaterThan(0)
    .then(async () => Number(await readFile(join(folder, 'child'), 'utf8')))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function expectGone(folder: string): Promise<void> {
  const child = await childIn(folder)
  await expect.poll(() => isAlive(child), { timeout: 20_000 }).toBe(false)
}

test('a command past its limit is ended with its children', async () => {
  const folder = await makeFolder()
  expect(await start(folder, ['sh', '-c', withChild], { limit: 1_000 })).toEqual({ type: 'timed-out' })
  await expectGone(folder)
})

test('whoever is told to end waits for no command, and leaves none of its children', async () => {
  const folder = await makeFolder()
  const ending = new AbortController()
  const reason = new Error('told to end')
  const run = start(folder, ['sh', '-c', withChild], { signal: ending.signal })
  const rejection = expect(run).rejects.toBe(reason)
  await childIn(folder)
  ending.abort(reason)
  await rejection
  await expectGone(folder)
})

test('what a command leaves running behind it is ended, and its value counts', async () => {
  const folder = await makeFolder()
  const command = ['sh', '-c', 'sleep 300 >/dev/null & echo $! >child; echo value']
  expect(await start(folder, command)).toEqual({ type: 'exited', code: 0, output: 'value\n' })
  await expectGone(folder)
})

test('a command that prints without end is ended with its children', async () => {
  const folder = await makeFolder()
  expect(await start(folder, ['sh', '-c', 'sleep 300 & echo $! >child; yes'])).toEqual({ type: 'too-much' })
  await expectGone(folder)
})

test.each([
  [['no-such-program'], 'not-found'],
  [['./no-such-program'], 'not-found'],
  [['./plain'], 'not-runnable'],
] as const)('%s is %s', async (command, type) => {
  const folder = await makeFolder()
  await writeFile(join(folder, 'plain'), 'text')
  await chmod(join(folder, 'plain'), 0o644)
  expect(await start(folder, command)).toEqual({ type })
})

test('a program of the folder is run, with its arguments as they are', async () => {
  const folder = await makeFolder()
  await writeFile(join(folder, 'tool'), '#!/bin/sh\nprintf "%s|" "$@"\nexit 7\n')
  await chmod(join(folder, 'tool'), 0o755)
  expect(await start(folder, ['./tool', 'a b', '$HOME', '*'])).toEqual({
    type: 'exited',
    code: 7,
    output: 'a b|$HOME|*|',
  })
})
