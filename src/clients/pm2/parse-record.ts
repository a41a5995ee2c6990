import { type Fields, isFields } from '../../core/fields.ts'
import type { Pm2Record } from './process-record.ts'

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** PM2 keeps what came from a command line or an environment as text. */
function booleanOf(value: unknown): boolean | undefined {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  return undefined
}

function textsOf(value: unknown): readonly string[] {
  const values = Array.isArray(value) ? value : [value]
  return values.filter((item) => typeof item === 'string' || typeof item === 'number').map(String)
}

/** `undefined` becomes an empty list: there is nothing that PM2 does differently for the two. */
function listOf(value: unknown): readonly string[] {
  return value === undefined || value === null || value === '' ? [] : textsOf(value)
}

function envOf(value: unknown): Readonly<Record<string, string>> {
  if (!isFields(value)) return {}
  const env: Record<string, string> = {}
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean') {
      env[key] = String(item)
    }
  }
  return env
}

function watchOf(value: unknown): boolean | readonly string[] {
  const paths = listOf(value)
  if (typeof value === 'string' && booleanOf(value) === undefined && paths.length > 0) return paths
  if (Array.isArray(value)) return paths.length > 0 ? paths : true
  return booleanOf(value) ?? false
}

function sourceMapsOf(fields: Fields): boolean | undefined {
  const isDisabled = booleanOf(fields.disable_source_map_support)
  return isDisabled === undefined ? booleanOf(fields.source_map_support) : !isDisabled
}

/** 0 and '0' are what PM2 keeps where a cron was taken away. */
function cronOf(value: unknown): string | undefined {
  const text = textOf(value)
  return text === '0' || text === 'false' ? undefined : text
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}

/** Reads one entry of the daemon's list; undefined where it has no id or no name, and so cannot be acted on. */
export function parseRecord(entry: unknown): Pm2Record | undefined {
  if (!isFields(entry)) return undefined
  const raw = isFields(entry.pm2_env) ? entry.pm2_env : {}
  const pmId = numberOf(entry.pm_id ?? raw.pm_id)
  const name = textOf(entry.name ?? raw.name)
  if (pmId === undefined || name === undefined) return undefined
  const monit = isFields(entry.monit) ? entry.monit : {}
  const status = textOf(raw.status) ?? 'unknown'
  const pid = positive(numberOf(entry.pid))
  return Object.freeze({
    pmId,
    name,
    namespace: textOf(raw.namespace) ?? 'default',
    pid,
    status,
    isWaitingForRestart: status === 'waiting restart' && pid !== undefined,
    execPath: textOf(raw.pm_exec_path),
    args: listOf(raw.args),
    cwd: textOf(raw.pm_cwd),
    interpreter: textOf(raw.exec_interpreter),
    nodeArgs: listOf(raw.node_args),
    mode: raw.exec_mode === 'cluster_mode' || raw.exec_mode === 'cluster' ? 'cluster' : 'fork',
    instances: numberOf(raw.instances),
    env: Object.freeze(envOf(raw.env)),
    maxMemoryRestart: numberOf(raw.max_memory_restart),
    cronRestart: cronOf(raw.cron_restart),
    autorestart: booleanOf(raw.autorestart) ?? true,
    maxRestarts: numberOf(raw.max_restarts),
    minUptime: numberOf(raw.min_uptime),
    restartDelay: numberOf(raw.restart_delay),
    expBackoffRestartDelay: numberOf(raw.exp_backoff_restart_delay),
    killTimeout: numberOf(raw.kill_timeout),
    waitReady: booleanOf(raw.wait_ready) ?? false,
    listenTimeout: numberOf(raw.listen_timeout),
    watch: watchOf(raw.watch),
    ignoreWatch: listOf(raw.ignore_watch),
    stopExitCodes: listOf(raw.stop_exit_codes).map(Number).filter(Number.isFinite),
    outLogPath: textOf(raw.pm_out_log_path),
    errLogPath: textOf(raw.pm_err_log_path),
    logPath: textOf(raw.pm_log_path),
    mergeLogs: booleanOf(raw.merge_logs) ?? false,
    logDateFormat: textOf(raw.log_date_format),
    sourceMapSupport: sourceMapsOf(raw),
    instance: numberOf(raw[textOf(raw.instance_var) ?? 'NODE_APP_INSTANCE']),
    uptimeSince: positive(numberOf(raw.pm_uptime)),
    createdAt: positive(numberOf(raw.created_at)),
    restartTime: numberOf(raw.restart_time) ?? 0,
    unstableRestarts: numberOf(raw.unstable_restarts) ?? 0,
    exitCode: numberOf(raw.exit_code),
    nodeVersion: textOf(raw.node_version),
    monit: {
      memoryBytes: numberOf(monit.memory) ?? 0,
      cpuPercent: numberOf(monit.cpu) ?? 0,
    },
    reconciled: raw.reconciled,
    raw,
  } satisfies Pm2Record)
}
