import { basename, delimiter, dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { fileNameOf } from '../../clients/pm2/home-paths.ts'
import { isLogOf } from '../../clients/pm2/log-path.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { parseDuration } from '../../core/duration.ts'
import type { OwnedField } from '../../core/ownership.ts'
import { looksSecret } from '../../core/secrecy.ts'
import { type Resolved, Secret } from '../../core/secret.ts'
import { parseSize } from '../../core/size.ts'
import { readMark } from './mark.ts'
import {
  absoluteOrProgram,
  type DesiredProcess,
  defaultInterpreterOf,
  folderOf,
  isProgram,
  pm2NameOf,
  workingFolderOf,
} from './place.ts'
import type { ProcessSpec } from './spec.generated.ts'

/** How a change of a field reaches the process. `recreate`: PM2 reads the field only when it makes a process. */
export type Means = 'reload' | 'restart' | 'recreate'

/** One field of a PM2 process in normal form: absolute paths, bytes, milliseconds, lists; null for none. */
export interface FieldRule {
  readonly means: Means
  /** Undefined: not declared. */
  declared(spec: Resolved<ProcessSpec>, desired: DesiredProcess): unknown
  /** `like` is the value that it is compared with, where one thing can be written in several ways. */
  observed(record: Pm2Record, like: unknown): unknown
  /** What is set so that it is as declared, where that is more than what is declared. */
  set?(found: { readonly watchIgnore: readonly string[] | undefined }): unknown
  /** What the field is where nobody declares it: what a field that is no longer declared returns to. */
  initial(desired: DesiredProcess, home: string): unknown
}

const duration = (text: string | undefined) => (text === undefined ? undefined : parseDuration(text))
const size = (text: string | undefined) => (text === undefined ? undefined : parseSize(text))

/** A plain field: declared as it is, with PM2's default where the record is silent. */
function plain(
  means: Means,
  initial: unknown,
  declared: (spec: Resolved<ProcessSpec>) => unknown,
  observed: (record: Pm2Record) => unknown,
): FieldRule {
  return { means, declared, observed: (record) => observed(record) ?? initial, initial: () => initial }
}

/**
 * A program without a slash is found on PATH when the process is created, and PATH is never compared: it is the program
 * that is meant where our mark says that it was found there, or where it lies in a folder of the process's own PATH.
 */
function likeProgram(record: Pm2Record, path: string | undefined, like: unknown): string | null {
  if (path === undefined) return null
  if (typeof like !== 'string' || !isProgram(like) || basename(path) !== like) return path
  if (readMark(record.reconciled)?.foundAt === path) return like
  const searched = (liveVariable(record, 'PATH') ?? '').split(delimiter)
  return searched.includes(dirname(path)) ? like : path
}

/** PM2's `--time`, its lib/Common.js. */
const timestampFormat = 'YYYY-MM-DDTHH:mm:ss'

const logFile = (stream: 'out' | 'error', of: (record: Pm2Record) => string | undefined): FieldRule => ({
  means: 'reload',
  declared: (spec, desired) => {
    const file = spec.logs?.[stream]
    return file === undefined ? undefined : resolve(folderOf(desired), file)
  },
  observed: (record, like) => {
    const path = of(record)
    if (path === undefined || typeof like !== 'string') return path ?? null
    return isLogOf(record, path, like) ? like : path
  },
  initial: (desired, home) => resolve(home, 'logs', `${fileNameOf(pm2NameOf(desired))}-${stream}.log`),
})

/**
 * Every field that PM2 stores, by its dotted path, in the order in which changes are shown. Defaults are those of
 * PM2's lib/God.js, lib/God/Methods.js and constants.js.
 */
export const fieldRules: Readonly<Record<string, FieldRule>> = Object.freeze({
  script: {
    means: 'reload',
    declared: (spec, desired) => absoluteOrProgram(spec.script, folderOf(desired)),
    observed: (record, like) => likeProgram(record, record.execPath, like),
    initial: (desired) => absoluteOrProgram(desired.spec.script, folderOf(desired)),
  },
  args: plain(
    'reload',
    [],
    (spec) => spec.args,
    (record) => record.args,
  ),
  cwd: {
    means: 'reload',
    declared: (spec, desired) => (spec.cwd === undefined ? undefined : workingFolderOf(desired)),
    observed: (record) => (record.cwd === undefined ? null : resolve(record.cwd)),
    initial: workingFolderOf,
  },
  interpreter: {
    means: 'restart',
    declared: (spec, desired) =>
      spec.interpreter === undefined ? undefined : absoluteOrProgram(spec.interpreter, folderOf(desired)),
    observed: (record, like) => likeProgram(record, record.interpreter, like),
    initial: (desired) => defaultInterpreterOf(desired.spec),
  },
  interpreterArgs: plain(
    'reload',
    [],
    (spec) => spec.interpreterArgs,
    (record) => record.nodeArgs,
  ),
  mode: plain(
    'restart',
    'fork',
    (spec) => spec.mode,
    (record) => record.mode,
  ),
  maxMemory: plain(
    'reload',
    null,
    (spec) => size(spec.maxMemory),
    (record) => record.maxMemoryRestart,
  ),
  // A reload keeps the schedule that is registered under the process's number (PM2's lib/Worker.js, registerCron).
  cron: plain(
    'restart',
    null,
    (spec) => spec.cron?.trim().split(/\s+/).join(' '),
    (record) => record.cronRestart,
  ),
  autorestart: plain(
    'reload',
    true,
    (spec) => spec.autorestart,
    (record) => record.autorestart,
  ),
  maxRestarts: plain(
    'reload',
    16,
    (spec) => spec.maxRestarts,
    (record) => record.maxRestarts,
  ),
  minUptime: plain(
    'reload',
    1000,
    (spec) => duration(spec.minUptime),
    (record) => record.minUptime,
  ),
  restartDelay: plain(
    'reload',
    0,
    (spec) => duration(spec.restartDelay),
    (record) => record.restartDelay,
  ),
  expBackoffRestartDelay: plain(
    'reload',
    0,
    (spec) => duration(spec.expBackoffRestartDelay),
    (record) => record.expBackoffRestartDelay,
  ),
  killTimeout: plain(
    'reload',
    1600,
    (spec) => duration(spec.killTimeout),
    (record) => record.killTimeout,
  ),
  listenTimeout: plain(
    'reload',
    3000,
    (spec) => duration(spec.listenTimeout),
    (record) => record.listenTimeout,
  ),
  waitReady: plain(
    'reload',
    false,
    (spec) => spec.waitReady,
    (record) => record.waitReady,
  ),
  stopExitCodes: plain(
    'reload',
    [],
    (spec) => spec.stopExitCodes && sorted(spec.stopExitCodes),
    (record) => sorted(record.stopExitCodes),
  ),
  watch: plain(
    'recreate',
    false,
    (spec) => spec.watch,
    (record) => record.watch,
  ),
  watchIgnore: {
    ...plain(
      'recreate',
      [],
      (spec) => spec.watchIgnore,
      (record) => record.ignoreWatch,
    ),
    set: ({ watchIgnore }) => watchIgnore,
  },
  sourceMaps: plain(
    'reload',
    true,
    (spec) => spec.sourceMaps,
    (record) => record.sourceMapSupport,
  ),
  'logs.out': logFile('out', (record) => record.outLogPath),
  'logs.error': logFile('error', (record) => record.errLogPath),
  'logs.merge': plain(
    'reload',
    true,
    (spec) => spec.logs?.merge,
    (record) => record.mergeLogs,
  ),
  'logs.timestamps': plain(
    'reload',
    null,
    (spec) => {
      const timestamps = spec.logs?.timestamps
      return timestamps === true ? timestampFormat : timestamps === false ? null : timestamps
    },
    (record) => record.logDateFormat,
  ),
  namespace: plain(
    'reload',
    'default',
    (spec) => spec.namespace,
    (record) => record.namespace,
  ),
} satisfies Record<string, FieldRule>)

function sorted(codes: readonly number[]): readonly number[] {
  return [...codes].sort((a, b) => a - b)
}

/** What a child of this process has in its environment: PM2 flattens `env` into the record and gives it the scalars. */
export function liveVariable(record: Pm2Record, key: string): string | undefined {
  const flat = Object.hasOwn(record.raw, key) ? record.raw[key] : undefined
  if (flat !== undefined && flat !== null && typeof flat !== 'object') return String(flat)
  return Object.hasOwn(record.env, key) ? record.env[key] : undefined
}

/** A declaration never changes, and is asked for its fields by the engine, to compare, and to judge. */
const known = new WeakMap<DesiredProcess, Readonly<Record<string, OwnedField>>>()

/** All declared fields in normal form by dotted path; a secret by its digest. What the inventory keeps. */
export function declaredFields(desired: DesiredProcess): Readonly<Record<string, OwnedField>> {
  const fields = known.get(desired) ?? fieldsOf(desired)
  known.set(desired, fields)
  return fields
}

function fieldsOf(desired: DesiredProcess): Readonly<Record<string, OwnedField>> {
  const { spec } = desired
  const fields: Record<string, OwnedField> = {}
  const set = (path: string, value: unknown, sensitive = false) => {
    if (value !== undefined) fields[path] = Object.freeze({ value, sensitive })
  }
  for (const [path, rule] of Object.entries(fieldRules)) set(path, rule.declared(spec, desired))
  set('instances', spec.instances)
  for (const [key, value] of Object.entries(spec.env ?? {})) {
    const isSecret = value instanceof Secret
    set(`env.${key}`, isSecret ? (value.digest ?? null) : value, isSecret || looksSecret(key, value))
  }
  set('sources', spec.sources)
  set('update', spec.update)
  set('health', spec.health)
  set('logs.rotate', spec.logs?.rotate)
  return Object.freeze(fields)
}

/** Fields that PM2 does not hold, and the number of instances: what runs goes on while they change. */
const quiet: ReadonlySet<string> = new Set(['instances', 'sources', 'update', 'health', 'logs.rotate'])

/** Whether PM2 must stop what runs, or reload it, when it is declared otherwise. */
export function interrupts(before: DesiredProcess, after: DesiredProcess): boolean {
  const held = (desired: DesiredProcess) =>
    Object.entries(declaredFields(desired)).filter(([path]) => !quiet.has(path))
  return !isDeepStrictEqual(new Map(held(before)), new Map(held(after)))
}
