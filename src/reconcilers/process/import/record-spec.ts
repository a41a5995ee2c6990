import { basename, delimiter, dirname, isAbsolute, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { fileNameOf } from '../../../clients/pm2/home-paths.ts'
import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import { liveVariable } from '../fields.ts'
import { optionBehind } from '../option-variables.ts'
import { defaultInterpreterOf } from '../place.ts'
import type { ProcessSpec } from '../spec.generated.ts'
import type { Tell } from './notice.ts'
import { isSessionVariable } from './shell-variables.ts'
import { durationText, sizeText } from './units.ts'

/** The spec of a manifest, in the order in which its fields are written. */
export type SpecDraft = { -readonly [Field in keyof ProcessSpec]?: ProcessSpec[Field] }

export interface RecordSource {
  /** All processes of one name that run one program, at least one. */
  readonly records: readonly Pm2Record[]
  readonly home: string
  /** The caller's environment: what it has, too, with the same value is the shell's. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly tell: Tell
  /** Is told the variables that were left out for that reason. */
  readonly tellShared: (name: string, variables: readonly string[]) => void
}

/** PM2's defaults, as in `fieldRules`; what is at its default is not declared. */
const defaults = Object.freeze({ maxRestarts: 16, minUptime: 1000, killTimeout: 1600, listenTimeout: 3000 })

const timestampFormat = 'YYYY-MM-DDTHH:mm:ss'

/** What runs, as a manifest says it: everything that is not PM2's default, so that nothing has to be changed on it. */
export function specOfRecords(source: RecordSource): SpecDraft {
  const { records, tell } = source
  const [record] = records
  if (!record) return {}
  const spec: SpecDraft = { script: scriptOf(record) }
  if (record.args.length > 0) spec.args = [...record.args]
  if (record.cwd !== undefined) spec.cwd = record.cwd
  addInterpreter(spec, record)
  if (records.length > 1) spec.instances = records.length
  if (record.mode === 'cluster') spec.mode = 'cluster'
  addEnv(spec, source)
  addMemory(spec, record, tell)
  if (record.cronRestart !== undefined) spec.cron = record.cronRestart
  if (!record.autorestart) spec.autorestart = false
  const { maxRestarts } = record
  if (maxRestarts !== undefined && maxRestarts !== defaults.maxRestarts) spec.maxRestarts = maxRestarts
  addDurations(spec, record, tell)
  if (record.waitReady) spec.waitReady = true
  if (record.stopExitCodes.length > 0) spec.stopExitCodes = [...record.stopExitCodes]
  addWatch(spec, record)
  if (record.sourceMapSupport === false) spec.sourceMaps = false
  addLogs(spec, source, record)
  if (record.namespace !== 'default') spec.namespace = record.namespace
  dropWhatDiffers(spec, source)
  return spec
}

function scriptOf(record: Pm2Record): string {
  const path = record.execPath ?? ''
  return record.interpreter === 'none' ? programName(record, path) : path
}

/** A program that is found on the process's own PATH by its name is called by that. */
function programName(record: Pm2Record, path: string): string {
  const searched = (liveVariable(record, 'PATH') ?? '').split(delimiter)
  return searched.includes(dirname(path)) ? basename(path) : path
}

function addInterpreter(spec: SpecDraft, record: Pm2Record): void {
  const { interpreter, mode } = record
  const usual = defaultInterpreterOf({ script: spec.script ?? '', mode })
  // In cluster mode it is the daemon's own Node, whatever the record says.
  if (interpreter !== undefined && mode === 'fork' && programName(record, interpreter) !== usual) {
    spec.interpreter = interpreter
  }
  if (record.nodeArgs.length > 0) spec.interpreterArgs = [...record.nodeArgs]
}

/** What the shell of whoever started it had is not the program's: PM2 keeps all of it. */
function addEnv(spec: SpecDraft, { records, env, tell, tellShared }: RecordSource): void {
  const [record] = records
  if (!record) return
  const declared: Record<string, string> = {}
  const shared: string[] = []
  const uneven: string[] = []
  for (const key of Object.keys(record.env).sort()) {
    if (isSessionVariable(key) || optionBehind(key) !== undefined || key === record.name) continue
    const value = liveVariable(record, key)
    if (value === undefined || value === '[object Object]' || !/^[A-Za-z_]\w*$/.test(key)) continue
    if (records.some((other) => liveVariable(other, key) !== value)) uneven.push(key)
    else if (env[key] === value) shared.push(key)
    else declared[key] = value
  }
  if (Object.keys(declared).length > 0) spec.env = declared
  if (shared.length > 0) tellShared(record.name, shared)
  if (uneven.length > 0) {
    tell({
      code: 'import-pm2-instances-differ',
      message: `${record.name}: its instances have different values of ${uneven.join(', ')}, which are not managed`,
    })
  }
}

function addMemory(spec: SpecDraft, { name, maxMemoryRestart: bytes }: Pm2Record, tell: Tell): void {
  if (bytes === undefined || bytes === 0) return
  const text = sizeText(bytes)
  if (text !== undefined) spec.maxMemory = text
  else
    tell({
      code: 'import-pm2-value-not-carried',
      message: `${name}: max_memory_restart is ${bytes} bytes, no whole number of KiB; not managed`,
    })
}

function addDurations(spec: SpecDraft, record: Pm2Record, tell: Tell): void {
  const fields = [
    ['minUptime', record.minUptime, defaults.minUptime],
    ['restartDelay', record.restartDelay, 0],
    ['expBackoffRestartDelay', record.expBackoffRestartDelay, 0],
    ['killTimeout', record.killTimeout, defaults.killTimeout],
    ['listenTimeout', record.listenTimeout, defaults.listenTimeout],
  ] as const
  for (const [field, value, usual] of fields) {
    if (value === undefined || value === usual) continue
    const text = durationText(value)
    if (text !== undefined) spec[field] = text
    else
      tell({
        code: 'import-pm2-value-not-carried',
        message: `${record.name}: ${field} is ${value} ms in PM2; not managed`,
      })
  }
}

function addWatch(spec: SpecDraft, record: Pm2Record): void {
  if (record.watch === false) return
  spec.watch = record.watch === true ? true : [...record.watch]
  if (record.ignoreWatch.length > 0) spec.watchIgnore = [...record.ignoreWatch]
}

function addLogs(spec: SpecDraft, { home, tell }: RecordSource, record: Pm2Record): void {
  const logs: {
    -readonly [Field in keyof NonNullable<ProcessSpec['logs']>]: NonNullable<ProcessSpec['logs']>[Field]
  } = {}
  for (const [field, path] of [
    ['out', record.outLogPath],
    ['error', record.errLogPath],
  ] as const) {
    if (path === undefined) continue
    const file = record.mergeLogs ? path : path.replace(`-${record.pmId}.log`, '.log')
    if (!isAbsolute(file))
      tell({
        code: 'import-pm2-value-not-carried',
        message: `${record.name}: its ${field} log is no path; not managed`,
      })
    else if (file !== join(home, 'logs', `${fileNameOf(record.name)}-${field}.log`)) logs[field] = file
  }
  if (!record.mergeLogs) logs.merge = false
  const format = record.logDateFormat
  if (format !== undefined) logs.timestamps = format === timestampFormat ? true : format
  if (Object.keys(logs).length > 0) spec.logs = logs
}

/** Fields in which instances of one program differ: whichever value were declared, the others would be restarted. */
function dropWhatDiffers(spec: SpecDraft, { records, tell }: RecordSource): void {
  const read: Readonly<Partial<Record<keyof ProcessSpec, (record: Pm2Record) => unknown>>> = {
    args: (record) => record.args,
    interpreter: (record) => record.interpreter,
    interpreterArgs: (record) => record.nodeArgs,
    mode: (record) => record.mode,
    maxMemory: (record) => record.maxMemoryRestart,
    cron: (record) => record.cronRestart,
    autorestart: (record) => record.autorestart,
    watch: (record) => record.watch,
  }
  const [first] = records
  if (!first) return
  for (const [field, of] of Object.entries(read)) {
    if (records.every((record) => isDeepStrictEqual(of(record), of(first)))) continue
    delete spec[field as keyof ProcessSpec]
    tell({
      code: 'import-pm2-instances-differ',
      message: `${first.name}: its instances differ in ${field}, which is not managed`,
    })
  }
}
