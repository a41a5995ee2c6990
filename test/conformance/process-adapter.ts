import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Pm2Record } from '../../src/clients/pm2/process-record.ts'
import { type Resource, resourceId } from '../../src/core/resource.ts'
import { type Resolved, Secret } from '../../src/core/secret.ts'
import { reconciler } from '../../src/reconcilers/process/index.ts'
import type { ObservedProcess } from '../../src/reconcilers/process/observed.ts'
import type { ProcessSpec } from '../../src/reconcilers/process/spec.generated.ts'
import { defaultControls, defaultFleet } from '../support/modelled-fleet.ts'
import { eventually, type Pm2Version, plainEnv, startDaemon, type TestDaemon } from '../support/pm2.ts'
import type { ConformanceAdapter, Stage, Variation } from './adapter.ts'

type Spec = Resolved<ProcessSpec>
type Desired = Resource<Spec>

/** Bash, because two hundred starts of it take no time. It ends at once when it is told to. */
const waiter = 'trap "exit 0" INT TERM\nwhile :; do read -t 1000 <> <(:); done\n'
const idle = 'setInterval(() => undefined, 1000)\n'
const apiKey = 'ek-5b1f0c-not-to-be-seen'

/** What each field is called in PM2's own record, by its lib/API/schema.json and lib/God.js, and how it is put there. */
const pm2Fields: readonly (readonly [keyof ProcessSpec, (env: Raw) => unknown, unknown])[] = [
  ['maxMemory', (env) => env.max_memory_restart, undefined],
  ['cron', (env) => env.cron_restart, undefined],
  ['autorestart', (env) => env.autorestart, true],
  ['maxRestarts', (env) => env.max_restarts, 16],
  ['minUptime', (env) => env.min_uptime, 1000],
  ['restartDelay', (env) => env.restart_delay, 0],
  ['expBackoffRestartDelay', (env) => env.exp_backoff_restart_delay, 0],
  ['killTimeout', (env) => env.kill_timeout, 1600],
  ['listenTimeout', (env) => env.listen_timeout, 3000],
  ['waitReady', (env) => env.wait_ready, false],
  ['stopExitCodes', (env) => env.stop_exit_codes, []],
  ['watch', (env) => env.watch, false],
  ['watchIgnore', (env) => env.ignore_watch, []],
  ['sourceMaps', (env) => env.source_map_support, true],
  ['namespace', (env) => env.namespace, 'default'],
]
type Raw = Readonly<Record<string, unknown>>

/** What the declared texts are in PM2's units. */
const inPm2: Readonly<Record<string, unknown>> = {
  '512M': 536_870_912,
  '100ms': 100,
  '200ms': 200,
  '300ms': 300,
  '400ms': 400,
  '3s': 3000,
  '4s': 4000,
}

function change(
  field: string,
  what: string,
  spec: Partial<Record<keyof Spec, unknown>>,
  rest: Partial<Variation<ProcessSpec>> = {},
): Variation<ProcessSpec> {
  return {
    field,
    what,
    change: (one) => {
      const kept = Object.entries({ ...one.spec, ...spec }).filter(([, value]) => value !== undefined)
      return { ...one, spec: Object.fromEntries(kept) as Spec }
    },
    ...rest,
  }
}

const yearly = '0 0 1 1 *'

const variations: readonly Variation<ProcessSpec>[] = [
  {
    field: 'env',
    what: 'another value',
    change: (one) => ({ ...one, spec: { ...one.spec, env: { ...one.spec.env, LEVEL: 'loud' } } }),
  },
  {
    field: 'env',
    what: 'a key less',
    change: ({ spec, ...one }) => ({ ...one, spec: { ...spec, env: { LEVEL: 'quiet' } } }),
  },
  change('env', 'none at all', { env: undefined }),
  change('script', 'another', { script: './other.sh' }),
  change('args', 'others', { args: ['--port', '3001', 'with a space'] }),
  change('args', 'none', { args: undefined }),
  change('cwd', 'another', { cwd: './other' }),
  change('interpreter', 'another', { interpreter: 'node', interpreterArgs: undefined, script: './idle.mjs' }),
  change('interpreterArgs', 'others', { interpreterArgs: ['--norc', '--noprofile'] }),
  change('instances', 'two', { instances: 2 }),
  change('mode', 'cluster', {
    mode: 'cluster',
    interpreter: undefined,
    interpreterArgs: undefined,
    script: './idle.mjs',
  }),
  change('maxMemory', 'a limit', { maxMemory: '512M' }),
  change('cron', 'a restart a year', { cron: yearly }),
  change('autorestart', 'a job', { autorestart: false, cron: yearly }),
  change('maxRestarts', 'fewer', { maxRestarts: 3 }),
  change('minUptime', 'longer', { minUptime: '200ms' }),
  change('restartDelay', 'a delay', { restartDelay: '300ms' }),
  change('expBackoffRestartDelay', 'a delay', { expBackoffRestartDelay: '100ms' }),
  change('killTimeout', 'longer', { killTimeout: '3s' }),
  change('listenTimeout', 'longer', { listenTimeout: '4s' }),
  change('waitReady', 'it says when', { waitReady: true, listenTimeout: '400ms' }),
  change('stopExitCodes', 'two', { stopExitCodes: [3, 4] }),
  change('watch', 'a folder', { watch: ['other'] }),
  change('watchIgnore', 'a folder', { watch: ['other'], watchIgnore: ['other/cache'] }),
  change('sourceMaps', 'off', { sourceMaps: false }),
  change('logs', 'a file', { logs: { out: './own-out.log' } }),
  change('logs', 'moved away when it is large', { logs: { rotate: { size: '10M' } } }, { isQuiet: true }),
  change('namespace', 'another', { namespace: 'elsewhere' }),
  change('update', 'with a gap', { update: 'restart' }, { isQuiet: true }),
  change('health', 'a probe', { health: { exec: { command: ['true'] } } }, { isQuiet: true }),
]

/** Real PM2 with real processes. */
export function processAdapter(version: Pm2Version): ConformanceAdapter<ProcessSpec, ObservedProcess> {
  return {
    name: `Process of PM2 ${version}`,
    unvaried: {
      name: 'it is the outside name: another one is another thing',
      sources: 'its values are files; test/reconcilers/process/jobs.test.ts changes them',
    },
    canDelete: true,
    open: async () => stageOn(await startDaemon(version)),
  }
}

async function stageOn(daemon: TestDaemon): Promise<Stage<ProcessSpec, ObservedProcess>> {
  const { folder, home } = daemon
  await writeFile(join(folder, 'wait.sh'), waiter)
  await writeFile(join(folder, 'other.sh'), waiter)
  await writeFile(join(folder, 'idle.mjs'), idle)
  await mkdir(join(folder, 'other'))
  const recordsOf = async (name: string) =>
    (await daemon.client.list()).filter((record) => record.name === name)
  return {
    reconciler,
    context: {
      fleet: { ...defaultFleet, pm2: { home } },
      env: { ...plainEnv, XDG_DATA_HOME: join(folder, 'data') },
      store: { id: 'store-1', location: join(folder, 'store.db') },
    },
    sample: async (name) => declared(name, folder),
    variations,
    expectAsDeclared: async (desired) => {
      const records = await recordsOf(desired.name)
      expect(records, desired.name).toHaveLength(desired.spec.instances === 2 ? 2 : 1)
      for (const record of records) await expectRecord(desired, record, folder)
    },
    copies: async ({ name, spec }) => Math.ceil((await recordsOf(name)).length / Number(spec.instances ?? 1)),
    isGone: async (name) => (await recordsOf(name)).length === 0,
    renamed: (resource, name) => ({ ...resource, spec: { ...resource.spec, name } }),
    takeAway: async (name) => {
      for (const record of await recordsOf(name)) await daemon.client.delete({ pmId: record.pmId, name })
    },
    breakages: [
      {
        what: 'the daemon does not answer',
        begin: async () => {
          process.kill(daemon.pid, 'SIGSTOP')
          return () => {
            process.kill(daemon.pid, 'SIGCONT')
          }
        },
      },
    ],
    snapshot: async () => JSON.stringify([await recordsOfAll(daemon), await filesOf(home, folder)], null, 1),
    steady: ({ records, ...rest }) => ({ ...rest, records: records.map(steadyRecord) }),
    secrets: [apiKey],
    close: () => daemon.stop(),
  }
}

function declared(name: string, folder: string): Desired {
  return {
    id: resourceId('Process', name),
    kind: 'Process',
    name,
    labels: {},
    annotations: {},
    controls: {
      ...defaultControls,
      recovery: { ...defaultControls.recovery, backoff: { initial: 100, max: 1000, factor: 2 } },
    },
    origin: { file: join(folder, `${name}.yaml`), line: 1, column: 1 },
    unresolved: [],
    spec: {
      script: './wait.sh',
      interpreter: 'bash',
      interpreterArgs: ['--norc'],
      args: ['--port', '3000'],
      minUptime: '100ms',
      env: {
        LEVEL: 'quiet',
        API_KEY: Secret.read('fromEnv API_KEY', apiKey, createHash('sha256').update(apiKey).digest('hex')),
      },
    },
  }
}

async function expectRecord({ name, spec }: Desired, record: Pm2Record, folder: string): Promise<void> {
  for (const [field, read, initial] of pm2Fields) {
    const value = spec[field]
    const expected =
      value === undefined ? initial : typeof value === 'string' ? (inPm2[value] ?? value) : value
    const found = read(record.raw) ?? (Array.isArray(initial) ? [] : undefined)
    expect(found ?? initial, `${name}: ${field}`).toEqual(expected)
  }
  const isJob = spec.autorestart === false
  expect(record.status, name).toBe(isJob ? 'stopped' : 'online')
  expect(record.execPath).toBe(join(folder, spec.script))
  expect(record.outLogPath).toContain(spec.logs?.out ? 'own-out' : `${name}-out`)
  if (!isJob) await expectLiving({ name, spec }, record.pid ?? 0, folder)
}

/** What the operating system says of the process itself. */
async function expectLiving(
  { name, spec }: Pick<Desired, 'name' | 'spec'>,
  pid: number,
  folder: string,
): Promise<void> {
  const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0')
  const variable = (key: string) =>
    environment.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1)
  const { env } = spec
  // A worker of a cluster gets its environment when it runs already, which the machine does not see.
  if (spec.mode === 'cluster') return
  expect(variable('LEVEL') ?? '', `${name}: LEVEL`).toBe(env?.LEVEL ?? '')
  expect(variable('API_KEY') ?? '', `${name}: API_KEY`).toBe(env?.API_KEY ? apiKey : '')
  // PM2's own wrapper of Node programs hides their words from the machine.
  if (spec.interpreter !== 'bash') return
  await eventually(`${name} has its command line`, async () => {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1)
    const expected = [...(spec.interpreterArgs ?? []), ...(spec.args ?? [])]
    return expected.every((word) => words.includes(word)) && (spec.args !== undefined || words.length < 5)
  })
  expect(await readlink(`/proc/${pid}/cwd`)).toBe(spec.cwd ? join(folder, 'other') : folder)
}

/** Without what changes by itself. */
function steadyRecord({ monit: _, ...record }: Pm2Record): unknown {
  return record
}

/** All that the daemon keeps, but for what a Node program tells it of itself some time after its start. */
async function recordsOfAll(daemon: TestDaemon): Promise<unknown> {
  return (await daemon.client.list()).map(({ pmId, pid, raw }) => {
    const kept = Object.entries(raw).filter(([key]) => key !== 'node_version' && !key.startsWith('axm_'))
    return { pmId, pid, raw: Object.fromEntries(kept) }
  })
}

/** Every file of PM2's home and of the fleet, by content; of sockets that they are there. */
async function filesOf(...folders: readonly string[]): Promise<unknown> {
  const found: string[] = []
  for (const folder of folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      const content = entry.isFile()
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : ''
      found.push(`${path} ${content}`)
    }
  }
  return found.sort()
}
