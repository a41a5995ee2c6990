import { type Static, spreadKey } from './static/value.ts'

/**
 * Options of an application in a PM2 configuration, by PM2's lib/API/schema.json, each with the other names that it goes
 * by. Every option is also known by its name in camel case.
 */
const aliases: Readonly<Record<string, readonly string[]>> = Object.freeze({
  script: ['exec', 'cmd', 'command'],
  name: [],
  namespace: [],
  cwd: [],
  args: [],
  exec_interpreter: ['interpreter'],
  node_args: ['interpreter_args', 'interpreterArgs'],
  instances: [],
  exec_mode: [],
  env: [],
  port: [],
  max_memory_restart: [],
  cron_restart: ['cron'],
  autorestart: [],
  max_restarts: [],
  min_uptime: [],
  restart_delay: [],
  exp_backoff_restart_delay: [],
  kill_timeout: [],
  listen_timeout: [],
  wait_ready: [],
  stop_exit_codes: [],
  watch: [],
  ignore_watch: [],
  source_map_support: [],
  disable_source_map_support: [],
  out_file: ['out_log', 'output', 'out'],
  error_file: ['err_log', 'err_file', 'err', 'error'],
  merge_logs: ['combine_logs'],
  log_date_format: [],
  time: [],
  execute_command: [],
})

/** Options that a manifest has no field for, with what PM2 does without them: at that they are not worth a word. */
const lost: Readonly<Record<string, readonly unknown[]>> = Object.freeze({
  append_env_to_name: [false],
  automation: [true, false],
  autostart: [true],
  deep_monitoring: [false],
  disable_logs: [false],
  disable_trace: [true],
  event_loop_inspector: [false],
  filter_env: [false],
  force: [false, true],
  gid: [],
  increment_var: [],
  install_url: [],
  instance_var: ['NODE_APP_INSTANCE'],
  io: [],
  kill_retry_time: [100],
  log_file: [false, '/dev/null'],
  log: [false, '/dev/null'],
  log_type: [],
  name_prefix: [],
  pid_file: [],
  pid: [],
  pmx: [true, false],
  post_update: [],
  shutdown_with_message: [false],
  trace: [false],
  treekill: [true],
  uid: [],
  user: [],
  username: [],
  v8: [false],
  vizion: [true, false],
  watch_delay: [],
  watch_options: [],
  windowsHide: [true, false],
  write: [],
})

export interface AppOptions {
  /** By their own names. */
  readonly known: ReadonlyMap<string, Static>
  /** By the environment's name. */
  readonly environments: ReadonlyMap<string, Static>
  /** Known to PM2 and not at its default, and without a field in a manifest. */
  readonly lost: ReadonlyMap<string, Static>
  /** Known to nobody. */
  readonly unknown: ReadonlyMap<string, Static>
}

const nameOf: ReadonlyMap<string, string> = new Map(
  Object.entries(aliases).flatMap(([option, others]) => [
    ...[...others].map((other) => [other, option] as const),
    [camel(option), option] as const,
    [option, option] as const,
  ]),
)

const lostNames: ReadonlyMap<string, string> = new Map(
  Object.keys(lost).flatMap((option) => [
    [camel(option), option],
    [option, option],
  ]),
)

/** Sorts the fields of an application by what they mean to PM2. An option's own name counts before its others. */
export function sortOptions(entries: ReadonlyMap<string, Static>): AppOptions {
  const known = new Map<string, Static>()
  const environments = new Map<string, Static>()
  const withoutField = new Map<string, Static>()
  const strange = new Map<string, Static>()
  for (const [key, value] of entries) {
    const option = nameOf.get(key)
    const lostOption = lostNames.get(key)
    if (option !== undefined) {
      if (key === option || !known.has(option)) known.set(option, value)
    } else if (/^env_\S+$/.test(key)) environments.set(key.slice('env_'.length), value)
    else if (lostOption !== undefined) {
      const isUsual =
        value.type === 'scalar' && (value.value === undefined || lost[lostOption]?.includes(value.value))
      if (!isUsual) withoutField.set(lostOption, value)
    } else if (key !== spreadKey) strange.set(key, value)
  }
  return { known, environments, lost: withoutField, unknown: strange }
}

function camel(option: string): string {
  return option.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
