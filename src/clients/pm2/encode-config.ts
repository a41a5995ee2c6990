import { userInfo } from 'node:os'
import { join } from 'node:path'
import { fileNameOf, type HomePaths } from './home-paths.ts'
import { defaultLogPath, logPathOf } from './log-path.ts'
import { isPm2OptionName } from './option-names.ts'
import type { ConfigChange, NewProcess, OptionalField, ProcessConfig } from './process-config.ts'
import type { Pm2Record } from './process-record.ts'

/** Fields as the daemon keeps them. */
export type DaemonFields = Readonly<Record<string, unknown>>

/** In a restart this text deletes the field. */
const deleted = 'null'

/**
 * Milliseconds between two looks whether a process that was told to stop has ended: each stop costs at least one.
 * PM2's own 100 make up most of a restart's time; it logs a line at each look.
 */
const killRetryTime = 25

/**
 * What we leave out of PM2's defaults: the metrics probe in every child (`pmx`), reading git (`vizion`), and the
 * agent's `automation`. A child without the probe starts in half the time, and survives the death of the daemon.
 */
const lean = Object.freeze({ pmx: false, vizion: false, automation: false })

/** The name of the variable that counts the processes of one name; PM2 keeps the count under it. */
const instanceVariable = 'NODE_APP_INSTANCE'

/** The field of the daemon for each of ours that needs no more than another name. */
const plainNames = Object.freeze({
  name: 'name',
  namespace: 'namespace',
  execPath: 'pm_exec_path',
  cwd: 'pm_cwd',
  interpreter: 'exec_interpreter',
  maxMemoryRestart: 'max_memory_restart',
  cronRestart: 'cron_restart',
  autorestart: 'autorestart',
  maxRestarts: 'max_restarts',
  minUptime: 'min_uptime',
  restartDelay: 'restart_delay',
  expBackoffRestartDelay: 'exp_backoff_restart_delay',
  killTimeout: 'kill_timeout',
  waitReady: 'wait_ready',
  listenTimeout: 'listen_timeout',
  stopExitCodes: 'stop_exit_codes',
  args: 'args',
  nodeArgs: 'node_args',
  env: 'env',
  mergeLogs: 'merge_logs',
  outLogPath: 'pm_out_log_path',
  errLogPath: 'pm_err_log_path',
  logDateFormat: 'log_date_format',
  reconciled: 'reconciled',
  reconciledAs: 'reconciled_as',
} as const satisfies Partial<Record<keyof ProcessConfig, string>>)

type PlainField = keyof typeof plainNames

function isPlain(field: string): field is PlainField {
  return field in plainNames
}

/** The daemon's fields for those of ours that are given. */
function encodeFields(config: Partial<ProcessConfig>): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(config)) {
    if (value === undefined) continue
    if (isPlain(field)) fields[plainNames[field]] = value
  }
  if (config.mode) fields.exec_mode = `${config.mode}_mode`
  if (config.sourceMapSupport !== undefined) {
    // PM2 6 reads the first, PM2 7 the second.
    fields.source_map_support = config.sourceMapSupport
    fields.disable_source_map_support = !config.sourceMapSupport
  }
  return fields
}

function withoutZeroDelays(fields: Record<string, unknown>): Record<string, unknown> {
  const rest = { ...fields }
  for (const field of ['restart_delay', 'exp_backoff_restart_delay']) {
    if (rest[field] === 0) delete rest[field]
  }
  return rest
}

/**
 * What `prepare` is sent. `node_args` is always there: in cluster mode the daemon would otherwise use those of the
 * process that it started before.
 */
export function encodeNewProcess(paths: HomePaths, process: NewProcess): Record<string, unknown> {
  const { watch, ignoreWatch } = process
  return {
    ...lean,
    namespace: 'default',
    autostart: true,
    autorestart: true,
    merge_logs: true,
    treekill: true,
    windowsHide: true,
    kill_retry_time: killRetryTime,
    instance_var: instanceVariable,
    username: userInfo().username,
    node_args: [],
    pm_out_log_path: defaultLogPath(paths, process.name, 'out'),
    pm_err_log_path: defaultLogPath(paths, process.name, 'err'),
    pm_pid_path: join(paths.pids, `${fileNameOf(process.name)}.pid`),
    ...withoutZeroDelays(encodeFields(process)),
    env: { ...process.env },
    ...(watch === undefined ? {} : { watch }),
    ...(ignoreWatch === undefined ? {} : { ignore_watch: ignoreWatch }),
    instances: process.instances,
  }
}

/**
 * What `prepare` is sent to know a process without running it: the status alone decides that, and only where no
 * number of instances is given; what the daemon fills in at a first start must then be there.
 */
export function encodeRegistration(
  paths: HomePaths,
  process: NewProcess,
  place: { readonly instance: number; readonly now: number },
): Record<string, unknown> {
  const { instances: _, ...fields } = encodeNewProcess(paths, process)
  return {
    ...fields,
    status: 'stopped',
    created_at: place.now,
    restart_time: 0,
    unstable_restarts: 0,
    [instanceVariable]: place.instance,
    pm_pid_path: join(paths.pids, `${fileNameOf(process.name)}-registered${place.instance}.pid`),
  }
}

/** The fields that PM2 does not delete but sets, where ours is taken back. */
function unsetFields(paths: HomePaths, name: string): { readonly [Field in OptionalField]?: unknown } {
  return {
    namespace: 'default',
    autorestart: true,
    mergeLogs: true,
    nodeArgs: [],
    outLogPath: defaultLogPath(paths, name, 'out'),
    errLogPath: defaultLogPath(paths, name, 'err'),
  }
}

function droppedVariables(record: Pm2Record, change: ConfigChange): readonly string[] {
  const env = change.set?.env
  const gone = env ? Object.keys(record.env).filter((key) => !Object.hasOwn(env, key)) : []
  return [...gone, ...(change.dropEnv ?? [])].filter((key) => !isPm2OptionName(key))
}

/** The `current_conf` that makes the change in one restart of the process that `record` describes. */
export function encodeChange(paths: HomePaths, record: Pm2Record, change: ConfigChange): DaemonFields {
  const fields: Record<string, unknown> = {}
  const defaults = unsetFields(paths, change.set?.name ?? record.name)
  for (const field of change.unset ?? []) {
    if (field === 'sourceMapSupport') {
      fields.source_map_support = deleted
      fields.disable_source_map_support = deleted
    } else fields[plainNames[field]] = defaults[field] ?? deleted
  }
  Object.assign(fields, encodeFields(change.set ?? {}))
  for (const field of ['restart_delay', 'exp_backoff_restart_delay']) {
    if (fields[field] === 0) fields[field] = deleted
  }
  const isMerged = fields.merge_logs === undefined ? record.mergeLogs : fields.merge_logs === true
  for (const field of ['pm_out_log_path', 'pm_err_log_path']) {
    const path = fields[field]
    if (typeof path === 'string') fields[field] = logPathOf(path, isMerged, record.pmId)
  }
  // PM2 keeps the variables in two places: in `env`, and each one beside the options.
  for (const key of droppedVariables(record, change)) fields[key] = deleted
  return fields
}
