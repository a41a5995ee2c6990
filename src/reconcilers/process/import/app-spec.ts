import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { incomplete } from '../../../core/import.ts'
import type { Reference } from '../../../core/secret.ts'
import { optionBehind } from '../option-variables.ts'
import { defaultInterpreterOf, isProgram } from '../place.ts'
import type { AppOptions } from './app-options.ts'
import { isTextFile } from './file-kind.ts'
import { GivenOptions } from './given-options.ts'
import type { Tell } from './notice.ts'
import type { SpecDraft } from './record-spec.ts'
import { settle, settleEnv, type Wanted } from './settle.ts'
import type { Static } from './static/value.ts'
import { durationText, sizeText } from './units.ts'

export interface AppContext {
  readonly options: AppOptions
  /** The folder of the file, which is where `pm2 start` is typed. */
  readonly folder: string
  readonly home: string
  /** Where a program is looked for; undefined: it is not there. */
  readonly findProgram: (name: string) => string | undefined
  readonly tell: Tell
}

/** An application as PM2 would start it. */
export interface AppDraft {
  readonly name: string
  readonly spec: SpecDraft
  /** Why it must not be started by what could be told of it; undefined: it may. */
  readonly suspend: { readonly reason: string } | undefined
  /** Variables by environment, over those of the base. */
  readonly environments: ReadonlyMap<string, Readonly<Record<string, string | Reference>>>
}

/** Reads the options of one application as PM2 does; undefined: it has no script. */
export function draftApp(context: AppContext): AppDraft | undefined {
  const { options, tell } = context
  const script = scriptOf(context)
  if (script === undefined) return undefined
  const name = nameOf(context, script.text)
  const of = new GivenOptions(options.known, name, tell)
  const spec: SpecDraft = {}
  const cwd = folderOf(of, context)
  if (script.isShell) {
    spec.script = 'bash'
    spec.args = ['-c', script.text]
  } else {
    spec.script = placeOfScript(script.text, cwd, context)
    const args = of.list('args')
    if (args !== undefined && args.length > 0) spec.args = [...args]
  }
  spec.cwd = cwd
  addRunning(spec, of, context)
  const env = envOf(options.known.get('env'), { what: `${name}: env`, tell })
  const port = of.number('port')
  const variables = port === undefined ? env : { ...env, PORT: String(port) }
  if (Object.keys(variables).length > 0) spec.env = variables
  addMemory(spec, of)
  addRestarts(spec, of)
  addWatch(spec, of)
  addLogs(spec, of, { ...context, cwd })
  const namespace = of.text('namespace')
  if (namespace !== undefined && namespace !== 'default') spec.namespace = namespace
  tellLost(name, options, tell)
  const environments = [...options.environments].map(
    ([environment, value]) =>
      [environment, envOf(value, { what: `${name}: env_${environment}`, tell })] as const,
  )
  return {
    name,
    spec,
    suspend: suspensionOf(of, options),
    environments: new Map(environments.filter(([, each]) => Object.keys(each).length > 0)),
  }
}

/** Without these something else runs than is meant, by PM2's names and ours. */
const essential: readonly (readonly [option: string, field: string])[] = [
  ['args', 'args'],
  ['cwd', 'cwd'],
  ['exec_interpreter', 'interpreter'],
  ['node_args', 'interpreterArgs'],
]

/** GivenOptions by which another user runs it. */
const users: readonly string[] = ['uid', 'gid', 'user']

/** What would run otherwise than is meant must not start because it was imported: a person completes it. */
function suspensionOf(of: GivenOptions, { lost }: AppOptions): AppDraft['suspend'] {
  const missing = essential.flatMap(([option, field]) => (of.leftOut.has(option) ? [field] : []))
  if (missing.length > 0) return { reason: incomplete(missing) }
  const user = users.filter((option) => lost.has(option)).join(', ')
  if (user !== '') return { reason: `imported without ${user}; remove this if it may run as whom PM2 runs` }
  return lost.has('autostart') ? { reason: 'its configuration says autostart: false' } : undefined
}

function scriptOf({
  options,
  tell,
}: AppContext): { readonly text: string; readonly isShell: boolean } | undefined {
  const text = settle(options.known.get('script'), { what: 'script', tell })
  if (typeof text !== 'string' || text === '') return undefined
  return { text, isShell: text.includes(' ') }
}

/** Without a name it is the script's, without what stands after its last dot. */
function nameOf({ options, tell }: AppContext, script: string): string {
  const name = settle(options.known.get('name'), { what: 'name', tell })
  if (name !== undefined && name !== '') return String(name)
  const file = basename(script)
  return file.lastIndexOf('.') > 0 ? file.slice(0, file.lastIndexOf('.')) : file
}

function folderOf(of: GivenOptions, { folder }: AppContext): string {
  return resolve(folder, of.text('cwd') ?? '.')
}

/** A file of that name is meant before a program on PATH is. */
function placeOfScript(script: string, cwd: string, { findProgram }: AppContext): string {
  const path = resolve(cwd, script)
  return !existsSync(path) && isProgram(script) && findProgram(script) !== undefined ? script : path
}

function addRunning(spec: SpecDraft, of: GivenOptions, { findProgram }: AppContext): void {
  const given = of.text('exec_interpreter')
  const script = spec.script ?? ''
  const file = isProgram(script) ? findProgram(script) : script
  const usual = defaultInterpreterOf({ script })
  // What PM2 has no interpreter for and is no binary, it hands to Node.
  const runsOnNode = usual === 'none' && file !== undefined && isTextFile(file)
  const effective = given ?? (runsOnNode ? 'node' : usual)
  if (given?.startsWith('node@')) {
    of.leftOut.add('exec_interpreter')
    of.tell({
      code: 'import-ecosystem-value',
      message: `${of.wanted('interpreter').what} was left out: a manifest names a program, and ${given} is a version`,
    })
  } else if (effective !== usual && !(given === undefined && isProgram(script))) {
    spec.interpreter = effective.includes('/') ? resolve(spec.cwd ?? '', effective) : effective
  }
  const args = of.list('node_args')
  if (args !== undefined && args.length > 0) spec.interpreterArgs = [...args]
  const instances = instancesOf(of)
  if (instances !== undefined && instances !== 1) spec.instances = instances
  const mode = of.text('exec_mode')?.replace(/_mode$/, '')
  const isOnNode = /(?:^|[/])(?:node|bun)$/.test(effective)
  const isCluster =
    mode === 'cluster' || (mode === undefined && of.raw('instances') !== undefined && isOnNode)
  if (mode !== undefined && mode !== 'cluster' && mode !== 'fork') of.refuse('exec_mode', 'cluster or fork')
  if (!isCluster || of.value('execute_command') === true) return
  spec.mode = 'cluster'
  if (usual === 'none') spec.interpreter = 'node'
}

function instancesOf(of: GivenOptions): number | 'max' | undefined {
  const raw = of.raw('instances')
  if (raw?.type === 'processors') return 'max'
  const value = of.value('instances')
  if (value === undefined || typeof value === 'boolean') return undefined
  if (value === 'max') return 'max'
  const number = Math.trunc(Number.parseFloat(String(value)))
  if (Number.isNaN(number) || number === 0) return 'max'
  if (number > 0) return number
  of.refuse('instances', 'a number from 1 or max; a number less than all processors has no field')
  return undefined
}

/** Without those that PM2 would take for options of its own. */
function envOf(value: Static | undefined, wanted: Wanted): Readonly<Record<string, string | Reference>> {
  const env: Record<string, string | Reference> = {}
  for (const [key, each] of Object.entries(settleEnv(value, wanted))) {
    const option = /^[A-Za-z_]\w*$/.test(key) ? optionBehind(key) : 'no shell takes such a name'
    if (option === undefined) env[key] = each
    else {
      wanted.tell({
        code: 'import-ecosystem-env-name',
        message: `${wanted.what}.${key} was left out: ${option}`,
        ...(value && { place: value.at }),
      })
    }
  }
  return env
}

function addMemory(spec: SpecDraft, of: GivenOptions): void {
  const value = of.value('max_memory_restart')
  if (value === undefined || value === 0 || value === '') return
  const match = /^(\d+)([GMK]?)$/.exec(String(value))
  const bytes = Number(match?.[1]) * ({ G: 1024 ** 3, M: 1024 ** 2, K: 1024 }[match?.[2] ?? ''] ?? 1)
  const text = sizeText(bytes)
  if (text !== undefined) spec.maxMemory = text
  else of.refuse('max_memory_restart', 'a size such as 512M, of whole KiB')
}

/** Milliseconds for PM2; `min_uptime` also takes a unit. Zero is what PM2 drops for its default. */
function addRestarts(spec: SpecDraft, of: GivenOptions): void {
  const cron = of.text('cron_restart')
  if (cron !== undefined && cron !== '0') spec.cron = cron
  if (of.boolean('autorestart') === false) spec.autorestart = false
  const most = of.number('max_restarts')
  if (most !== undefined && most !== 0) spec.maxRestarts = most
  for (const [field, option] of [
    ['minUptime', 'min_uptime'],
    ['restartDelay', 'restart_delay'],
    ['expBackoffRestartDelay', 'exp_backoff_restart_delay'],
    ['killTimeout', 'kill_timeout'],
    ['listenTimeout', 'listen_timeout'],
  ] as const) {
    const value = of.value(option)
    if (value === undefined || value === '' || value === 0 || value === '0') continue
    const match = /^(\d+)([hms]?)$/.exec(String(value))
    const unit = match?.[2] ?? ''
    const isTaken = match && (unit === '' || option === 'min_uptime')
    const ms = Number(match?.[1]) * ({ h: 3_600_000, m: 60_000, s: 1000 }[unit] ?? 1)
    const text = isTaken ? durationText(ms) : undefined
    if (text !== undefined) spec[field] = text
    else of.refuse(option, option === 'min_uptime' ? 'milliseconds, or a time such as 5s' : 'milliseconds')
  }
  if (of.boolean('wait_ready') === true) spec.waitReady = true
  const codes = of.list('stop_exit_codes')?.map(Number)
  if (codes?.some(Number.isNaN)) of.refuse('stop_exit_codes', 'exit codes')
  else if (codes !== undefined && codes.length > 0) spec.stopExitCodes = codes
}

function addWatch(spec: SpecDraft, of: GivenOptions): void {
  const raw = of.raw('watch')
  if (raw?.type === 'list') {
    const paths = of.list('watch')
    if (paths !== undefined) spec.watch = paths.length > 0 ? [...paths] : true
  } else {
    const value = of.value('watch')
    if (typeof value === 'string' && value !== '' && value !== 'true' && value !== 'false')
      spec.watch = [value]
    else if (value === true || value === 'true') spec.watch = true
  }
  const ignored = of.list('ignore_watch')
  if (spec.watch !== undefined && ignored !== undefined && ignored.length > 0) spec.watchIgnore = [...ignored]
}

function addLogs(
  spec: SpecDraft,
  of: GivenOptions,
  { cwd, home }: AppContext & { readonly cwd: string },
): void {
  if (of.boolean('source_map_support') === false || of.boolean('disable_source_map_support') === true) {
    spec.sourceMaps = false
  }
  const logs: {
    -readonly [Field in keyof NonNullable<SpecDraft['logs']>]: NonNullable<SpecDraft['logs']>[Field]
  } = {}
  for (const [field, option] of [
    ['out', 'out_file'],
    ['error', 'error_file'],
  ] as const) {
    const file = of.text(option)
    if (file !== undefined)
      logs[field] = file === 'NULL' ? '/dev/null' : resolve(cwd, file.replace(/^~(?=\/|$)/, home))
  }
  const merge = of.boolean('merge_logs')
  const isMerged = merge ?? areLogsMerged(spec, of)
  if (!isMerged) logs.merge = false
  const format = of.text('log_date_format')
  if (of.boolean('time') === true) logs.timestamps = true
  else if (format !== undefined) logs.timestamps = format
  if (Object.keys(logs).length > 0) spec.logs = logs
}

/** PM2 decides it before it takes `instances` for cluster mode, and takes `max` and 0 for none. */
function areLogsMerged({ instances }: SpecDraft, of: GivenOptions): boolean {
  const [mode, given] = [of.raw('exec_mode'), of.raw('instances')]
  if (mode?.type === 'scalar' && String(mode.value).startsWith('cluster')) return false
  return given === undefined || (instances === 'max' && given.type !== 'processors')
}

function tellLost(name: string, { lost, unknown }: AppOptions, tell: Tell): void {
  for (const [option, { at }] of lost) {
    tell({
      code: 'import-ecosystem-option',
      message: `${name}: a manifest has no field for ${option}, which was left out`,
      place: at,
    })
  }
  for (const [field, { at }] of unknown) {
    tell({
      code: 'import-ecosystem-unknown-field',
      message: `${name}: PM2 has no option ${field}`,
      place: at,
    })
  }
}
