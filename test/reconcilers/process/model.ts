import { encodeChange, encodeNewProcess } from '../../../src/clients/pm2/encode-config.ts'
import { homePaths } from '../../../src/clients/pm2/home-paths.ts'
import { logPathOf } from '../../../src/clients/pm2/log-path.ts'
import { parseRecord } from '../../../src/clients/pm2/parse-record.ts'
import type { ProcessConfig } from '../../../src/clients/pm2/process-config.ts'
import type { Pm2Record } from '../../../src/clients/pm2/process-record.ts'
import type { Mark, Owned } from '../../../src/core/ownership.ts'
import type { Pair } from '../../../src/core/reconciler.ts'
import type { Resource } from '../../../src/core/resource.ts'
import { compareRecord } from '../../../src/reconcilers/process/compare.ts'
import { changeOfRecord, type Making, newProcessOf } from '../../../src/reconcilers/process/config.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import type { ObservedProcess } from '../../../src/reconcilers/process/observed.ts'
import { comparisonOf } from '../../../src/reconcilers/process/outdated.ts'
import { absoluteOrProgram, folderOf, isProgram } from '../../../src/reconcilers/process/place.ts'
import type { ProcessSpec } from '../../../src/reconcilers/process/spec.generated.ts'
import type { Desired } from './bench.ts'

const paths = homePaths('/home/u/.pm2')

/** What every process is given in the model. */
const modelBase = Object.freeze({ PATH: '/usr/bin:/bin', HOME: '/home/u' })

/** A record as PM2 lists it, with what a test says otherwise. */
export function record(fields: Readonly<Record<string, unknown>> = {}, pmId = 0): Pm2Record {
  const env = { ...modelBase, ...(fields.env as object | undefined) }
  const parsed = parseRecord({
    pm_id: pmId,
    name: fields.name ?? 'api',
    pid: 'pid' in fields ? fields.pid : 1000 + pmId,
    monit: { memory: 1024, cpu: 1 },
    pm2_env: {
      name: 'api',
      status: 'online',
      pm_exec_path: '/srv/manifests/api.mjs',
      pm_cwd: '/srv/manifests',
      exec_interpreter: 'node',
      exec_mode: 'fork_mode',
      merge_logs: true,
      pm_out_log_path: '/home/u/.pm2/logs/api-out.log',
      pm_err_log_path: '/home/u/.pm2/logs/api-error.log',
      restart_time: 0,
      pm_uptime: 1,
      NODE_APP_INSTANCE: pmId,
      ...env,
      ...fields,
      env,
    },
  })
  if (!parsed) throw new Error('Expected a record')
  return parsed
}

/** What was seen, with what a test says otherwise. */
export function observed(
  records: readonly Pm2Record[],
  facts: Partial<ObservedProcess> = {},
): ObservedProcess {
  return {
    records,
    daemonVersion: '7.0.4',
    home: paths.home,
    base: modelBase,
    processors: 4,
    livePids: records.map(({ pid }) => pid).filter((pid) => pid !== undefined),
    livingStores: [],
    watchIgnore: undefined,
    leftBehind: [],
    returningUntil: undefined,
    missing: undefined,
    goneFolders: [],
    sourcesHash: undefined,
    settling: new Map(),
    endings: new Map(),
    deaf: new Set(),
    lastWords: undefined,
    probe: undefined,
    ...facts,
  }
}

/** A pair as the engine makes it. */
export function pairOf(
  desired: Desired,
  seen: ObservedProcess | undefined,
  rest: Partial<Pair<ProcessSpec, ObservedProcess>> = {},
): Pair<ProcessSpec, ObservedProcess> {
  return {
    id: desired.id,
    desired,
    observed: seen,
    owned: undefined,
    mark: markOf(desired),
    posture: 'active',
    unconfirmed: [],
    ...rest,
  }
}

/** The inventory row of a process that was created as declared. */
export function ownedAs(desired: Desired, memory: Readonly<Record<string, unknown>> = {}): Owned {
  return {
    id: desired.id,
    externalName: reconciler.externalName(desired as Resource<ProcessSpec>),
    origin: 'created',
    deletionPolicy: undefined,
    fields: reconciler.fields(desired),
    memory,
    since: 0,
  }
}

export function markOf(desired: Desired): Mark {
  return {
    fleet: 'test',
    environment: '',
    store: 'store-1',
    id: desired.id,
    origin: 'created',
    hash: 'hash-1',
  }
}

function makingOf(desired: Desired): Making {
  const script = absoluteOrProgram(desired.spec.script, folderOf(desired))
  return {
    desired,
    mark: markOf(desired),
    sourcesHash: undefined,
    storePath: '/srv/store.db',
    watchIgnore: desired.spec.watchIgnore,
    base: modelBase,
    execPath: isProgram(script) ? `/usr/bin/${script}` : script,
    clock: { now: () => 0 },
  }
}

/** What a daemon stores of a new process: its fields, the environment laid over them, and its own additions. */
export function created(desired: Desired, pmId = 0): Pm2Record {
  const fields = encodeNewProcess(paths, newProcessOf(makingOf(desired), 1))
  const merged = fields.merge_logs === true
  const log = (path: unknown) => logPathOf(String(path), merged, pmId)
  return stored(
    {
      ...fields,
      pm_out_log_path: log(fields.pm_out_log_path),
      pm_err_log_path: log(fields.pm_err_log_path),
    },
    pmId,
  )
}

/** What a daemon stores after a restart with the change that makes a record as declared. */
export function corrected(desired: Desired, before: Pm2Record, owned: Owned): Pm2Record {
  const pair = pairOf(desired, observed([before]), { owned })
  const differences = compareRecord(comparisonOf(pair, desired), before)
  // PM2 cannot change these in a restart: such a process is deleted and created.
  if (reconciler.diff(pair).some(({ type }) => type === 'recreate')) return created(desired, before.pmId)
  const change = encodeChange(paths, before, changeOfRecord(makingOf(desired), before, differences))
  const fields: Record<string, unknown> = { ...before.raw }
  for (const [field, value] of Object.entries(change)) {
    // As PM2 compares: with ==, so that a list of one such text counts too (its lib/Utility.js, extendMix).
    if (String(value) === 'null') delete fields[field]
    else fields[field] = value
  }
  return stored(fields, before.pmId)
}

function stored(fields: Readonly<Record<string, unknown>>, pmId: number): Pm2Record {
  const env = fields.env as ProcessConfig['env']
  const flat: Record<string, unknown> = { ...fields }
  for (const [key, value] of Object.entries(env)) if (value !== '[object Object]') flat[key] = value
  const pm2Env = JSON.parse(
    JSON.stringify({ ...flat, env, status: 'online', pm_id: pmId, pm_uptime: 1, restart_time: 0 }),
  )
  const parsed = parseRecord({ pm_id: pmId, name: fields.name, pid: 1000 + pmId, pm2_env: pm2Env })
  if (!parsed) throw new Error('Expected a record')
  return parsed
}
