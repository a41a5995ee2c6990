import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { processIdentity } from '../../../src/clients/host/process-identity.ts'
import {
  RunningScripts,
  type ScriptHolder,
} from '../../../src/reconcilers/script-set/checks/running-scripts.ts'

let folder: string
let running: RunningScripts
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'running-'))
  running = new RunningScripts(join(folder, 'state.db'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const one = { folder: '/srv/site', script: 'build' }

/** Two that live as long as the test does: this process and its parent. */
async function holder(by: ScriptHolder['by'], pid = process.pid): Promise<ScriptHolder> {
  const identity = await processIdentity(pid)
  if (!identity) throw new Error(`no process ${pid}`)
  return { ...identity, by, startedAt: 1 }
}

it.each([
  { first: 'check', second: 'check', mayEnter: false },
  { first: 'check', second: 'run', mayEnter: false },
  { first: 'run', second: 'check', mayEnter: false },
  { first: 'run', second: 'run', mayEnter: true },
] as const)('a $second beside a $first: $mayEnter', async ({ first, second, mayEnter }) => {
  const leave = await running.enter(one, await holder(first))
  const entering = running.enter(one, await holder(second, process.ppid))
  if (mayEnter) await expect(entering).resolves.toBeTypeOf('function')
  else
    await expect(entering).rejects.toThrow(`Did not run build: a run of it is under way (pid ${process.pid})`)
  expect(await running.holders(one)).toHaveLength(mayEnter ? 2 : 1)
  await leave()
  expect(await running.holders(one)).toHaveLength(mayEnter ? 1 : 0)
})

it('knows scripts of other names and packages apart, and one package by any of its paths', async () => {
  await running.enter({ folder, script: 'build' }, await holder('check'))
  expect(await running.holders({ folder, script: 'build:safe' })).toEqual([])
  expect(await running.holders({ folder: '/srv/other', script: 'build' })).toEqual([])
  expect(
    await running.holders({ folder: `${folder}/../${folder.split('/').at(-1)}`, script: 'build' }),
  ).toHaveLength(1)
})

it('takes what somebody left behind who is gone for nothing', async () => {
  const gone = { ...(await holder('check')), startTime: 'another time' }
  await running.enter(one, { ...gone, pid: 1 })
  expect(await running.holders(one)).toEqual([])
  await expect(running.enter(one, await holder('check'))).resolves.toBeTypeOf('function')
  expect(await readdir(folder)).toEqual(['state.checks'])
})
