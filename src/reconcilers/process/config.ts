import { isPm2OptionName } from '../../clients/pm2/option-names.ts'
import type {
  ConfigChange,
  NewProcess,
  OptionalField,
  ProcessConfig,
} from '../../clients/pm2/process-config.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Clock } from '../../core/clock.ts'
import type { Mark } from '../../core/ownership.ts'
import { Secret } from '../../core/secret.ts'
import { interpreterEnvironment } from './base-env.ts'
import type { Difference } from './compare.ts'
import { declaredFields, fieldRules, liveVariable } from './fields.ts'
import { readMark, toldMark } from './mark.ts'
import {
  absoluteOrProgram,
  type DesiredProcess,
  defaultInterpreterOf,
  folderOf,
  isProgram,
  pm2NameOf,
  workingFolderOf,
} from './place.ts'
import { processKindOf } from './process-kind.ts'

/** What a configuration is made of besides the declaration. */
export interface Making {
  readonly desired: DesiredProcess
  readonly mark: Mark
  readonly sourcesHash: string | undefined
  /** Where our store lies, for the mark. */
  readonly storePath: string
  /** What a watch leaves out, our own state included; undefined: nothing is declared. */
  readonly watchIgnore: readonly string[] | undefined
  /** What every process gets. */
  readonly base: Readonly<Record<string, string>>
  /** Where a program without a slash was found. */
  readonly execPath: string
  readonly clock: Pick<Clock, 'now'>
}

type Config = { -readonly [Field in keyof ProcessConfig]?: ProcessConfig[Field] }

/** Our field paths and the client's fields that hold them. */
const configFields: Readonly<Record<string, keyof ProcessConfig>> = Object.freeze({
  args: 'args',
  cwd: 'cwd',
  interpreter: 'interpreter',
  interpreterArgs: 'nodeArgs',
  mode: 'mode',
  maxMemory: 'maxMemoryRestart',
  cron: 'cronRestart',
  autorestart: 'autorestart',
  maxRestarts: 'maxRestarts',
  minUptime: 'minUptime',
  restartDelay: 'restartDelay',
  expBackoffRestartDelay: 'expBackoffRestartDelay',
  killTimeout: 'killTimeout',
  listenTimeout: 'listenTimeout',
  waitReady: 'waitReady',
  stopExitCodes: 'stopExitCodes',
  sourceMaps: 'sourceMapSupport',
  'logs.out': 'outLogPath',
  'logs.error': 'errLogPath',
  'logs.merge': 'mergeLogs',
  'logs.timestamps': 'logDateFormat',
  namespace: 'namespace',
})

/** A process to be, made at a time. Reveals secrets: it goes straight to the daemon. */
export function newProcessOf(making: Making, madeAt: number): NewProcess {
  const { desired } = making
  const { spec } = desired
  const interpreter =
    spec.interpreter === undefined
      ? defaultInterpreterOf(spec)
      : absoluteOrProgram(spec.interpreter, folderOf(desired))
  const optional: Config = {}
  for (const [path, field] of Object.entries(configFields)) {
    const value = fieldRules[path]?.declared(spec, desired)
    if (value !== undefined && value !== null) assign(optional, field, value)
  }
  const { watchIgnore: ignoreWatch } = making
  return {
    ...optional,
    name: pm2NameOf(desired),
    execPath: making.execPath,
    cwd: workingFolderOf(desired),
    interpreter,
    mode: spec.mode ?? 'fork',
    env: { ...making.base, ...interpreterEnvironment(interpreter), ...declaredEnv(desired) },
    ...marksOf(making, making.execPath, madeAt),
    instances: 1,
    registerOnly: processKindOf(spec) === 'cron-job',
    ...(spec.watch === undefined ? {} : { watch: spec.watch }),
    ...(ignoreWatch === undefined ? {} : { ignoreWatch }),
  }
}

/** What a restart must change on a process so that the differences are gone; everything else stays as it is. */
export function changeOfRecord(
  making: Making,
  record: Pm2Record,
  differences: readonly Difference[],
): ConfigChange {
  const { desired } = making
  const isOtherScript = differences.some(({ path }) => path === 'script')
  const set: Config = {
    ...marksOf(making, isOtherScript ? making.execPath : (record.execPath ?? ''), madeAtOf(record)),
  }
  const unset: OptionalField[] = []
  for (const { path, after } of differences) {
    if (path === 'script') set.execPath = making.execPath
    const field = configFields[path]
    if (field === undefined) continue
    const declared = fieldRules[path]?.declared(desired.spec, desired)
    if (
      after !== null &&
      (declared !== undefined || field === 'cwd' || field === 'interpreter' || field === 'mode')
    ) {
      assign(set, field, after)
    } else unset.push(field as OptionalField)
  }
  // Who declares no interpreter means the one of the script: another script may need another one.
  if (isOtherScript && desired.spec.interpreter === undefined) {
    set.interpreter = defaultInterpreterOf(desired.spec)
  }
  if (differences.some(({ path }) => path === 'logs.merge')) {
    // The number in the name comes or goes with it.
    for (const [field, rule, path] of [
      ['outLogPath', 'logs.out', record.outLogPath],
      ['errLogPath', 'logs.error', record.errLogPath],
    ] as const) {
      if (path === undefined || unset.includes(field) || set[field] !== undefined) continue
      const declared = fieldRules[rule]?.declared(desired.spec, desired)
      set[field] = typeof declared === 'string' ? declared : withoutNumber(record, path)
    }
  }
  const env = environmentOf(making, record, differences)
  return { set: { ...set, env: env.whole }, unset, dropEnv: env.dropped }
}

function withoutNumber(record: Pm2Record, path: string): string {
  return record.mergeLogs ? path : path.replace(`-${record.pmId}.log`, '.log')
}

/** Declared variables over those that are there: what others set stays, what we set and is not declared goes. */
function environmentOf(
  making: Making,
  record: Pm2Record,
  differences: readonly Difference[],
): { readonly whole: Readonly<Record<string, string>>; readonly dropped: readonly string[] } {
  const whole: Record<string, string> = {}
  for (const key of Object.keys(record.env)) {
    const value = liveVariable(record, key)
    if (value !== undefined && !isPm2OptionName(key) && value !== '[object Object]') whole[key] = value
  }
  const dropped: string[] = []
  for (const { path, after } of differences) {
    if (!path.startsWith('env.')) continue
    const key = path.slice('env.'.length)
    if (typeof after === 'string') whole[key] = after
    else {
      delete whole[key]
      dropped.push(key)
    }
  }
  // PM2 ignores an empty environment; what every process gets is never wrong.
  return { whole: Object.keys(whole).length === 0 ? { ...making.base } : whole, dropped }
}

function declaredEnv(desired: DesiredProcess): Readonly<Record<string, string>> {
  const env: Record<string, string> = {}
  for (const [key, value] of Object.entries(desired.spec.env ?? {})) {
    env[key] = value instanceof Secret ? value.reveal() : value
  }
  return env
}

/** When it was made by its own word; what was adopted never was by us. */
export function madeAtOf(record: Pm2Record): number {
  return readMark(record.reconciled)?.madeAt ?? 0
}

/** Paths only, never values: the mark is listed by every PM2 command. */
function marksOf(
  making: Making,
  execPath: string,
  madeAt: number,
): Pick<ProcessConfig, 'reconciled' | 'reconciledAs'> {
  const { mark, desired, storePath, sourcesHash, clock } = making
  return {
    reconciled: {
      fleet: mark.fleet,
      environment: mark.environment,
      store: mark.store,
      storePath,
      id: mark.id,
      origin: mark.origin,
      hash: mark.hash,
      fields: Object.keys(declaredFields(desired)).sort(),
      foundAt: isProgram(desired.spec.script) ? execPath : '',
      sources: sourcesHash ?? '',
      actedAt: clock.now(),
      madeAt,
    },
    reconciledAs: toldMark(mark.store, pm2NameOf(desired)),
  }
}

/** The one place where a value in normal form becomes a field of the client: the rule of that field made it. */
function assign(config: Config, field: keyof ProcessConfig, value: unknown): void {
  Object.assign(config, { [field]: value })
}
