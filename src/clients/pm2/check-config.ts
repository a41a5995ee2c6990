import { isAbsolute } from 'node:path'
import { ReconcileError } from '../../core/errors.ts'
import { isFields } from '../../core/fields.ts'
import { cronFault } from './cron-pattern.ts'
import { isPm2OptionName } from './option-names.ts'
import { printable } from './printable.ts'
import type { ConfigChange, NewProcess, ProcessConfig } from './process-config.ts'

/** More than this many processes of one name are taken for a slip. */
const mostInstances = 128

/** 2^31 - 1: a longer timer of the daemon would fire at once. */
const longestDuration = 2 ** 31 - 1

type Check = (value: unknown) => string | undefined

function shown(value: unknown): string {
  return printable(JSON.stringify(value) ?? String(value), 80)
}

const isText: Check = (value) =>
  typeof value === 'string' && value !== '' && !value.includes('\0') ? undefined : 'a text without NUL'

const isPath: Check = (value) =>
  isText(value) === undefined && isAbsolute(String(value)) ? undefined : 'an absolute path'

const isTexts: Check = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && !item.includes('\0'))
    ? undefined
    : 'a list of texts without NUL'

const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false')

function isInteger(least: number, most: number): Check {
  return (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `a whole number from ${least} to ${most}`
}

const isExitCodes: Check = (value) =>
  Array.isArray(value) && value.every((item) => isInteger(0, 255)(item) === undefined)
    ? undefined
    : 'a list of exit codes'

const isCron: Check = (value) =>
  typeof value === 'string' ? cronFault(value) && 'a cron expression that PM2 understands' : 'a text'

/** A scalar would reach the child's environment as a variable. */
const isOwnField: Check = (value) => (isFields(value) ? undefined : 'an object')

function envFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'an object of texts'
  const entries = Object.entries(value)
  // PM2 ignores an empty environment in a restart, and would leave the old one.
  if (entries.length === 0) return 'an environment that is not empty'
  for (const [key, item] of entries) {
    if (key === '' || key.includes('=') || key.includes('\0')) return 'names without = and NUL'
    if (isPm2OptionName(key)) return `no variable named ${printable(key, 60)}, which PM2 takes for its option`
    if (typeof item !== 'string' || item.includes('\0')) return 'texts without NUL as values'
    // PM2 leaves such a value out, because an object looks like that as a text.
    if (item === '[object Object]') return 'no value "[object Object]"'
  }
  return undefined
}

/** What each field must be. Zero is refused where the daemon takes it for its default, or restarts without end. */
const fieldChecks: { readonly [Field in keyof ProcessConfig]-?: Check } = Object.freeze({
  name: isText,
  namespace: isText,
  execPath: isPath,
  args: isTexts,
  cwd: isPath,
  interpreter: isText,
  nodeArgs: isTexts,
  mode: (value: unknown) => (value === 'fork' || value === 'cluster' ? undefined : 'fork or cluster'),
  env: envFault,
  maxMemoryRestart: isInteger(1, Number.MAX_SAFE_INTEGER),
  cronRestart: isCron,
  autorestart: isBoolean,
  maxRestarts: isInteger(0, Number.MAX_SAFE_INTEGER),
  minUptime: isInteger(0, longestDuration),
  restartDelay: isInteger(0, longestDuration),
  expBackoffRestartDelay: isInteger(0, longestDuration),
  killTimeout: isInteger(1, longestDuration),
  waitReady: isBoolean,
  listenTimeout: isInteger(1, longestDuration),
  stopExitCodes: isExitCodes,
  outLogPath: isPath,
  errLogPath: isPath,
  mergeLogs: isBoolean,
  logDateFormat: isText,
  sourceMapSupport: isBoolean,
  reconciled: isOwnField,
  reconciledAs: isText,
})

/** What a process cannot be without. */
const requiredFields = ['name', 'execPath', 'cwd', 'interpreter', 'mode', 'env'] as const

function refuse(what: string, expected: string, value: unknown): ReconcileError {
  return new ReconcileError('InvalidCall', `Expected ${what} to be ${expected}, got ${shown(value)}`)
}

function checkFields(what: string, config: Partial<ProcessConfig>): void {
  for (const [field, value] of Object.entries(config)) {
    if (value === undefined || !(field in fieldChecks)) continue
    const expected = fieldChecks[field as keyof ProcessConfig](value)
    if (expected === undefined) continue
    // A faulty environment may hold secrets: it is named, never shown.
    throw refuse(`${field} of ${what}`, expected, field === 'env' ? '(not shown)' : value)
  }
}

/** Refuses, with `InvalidCall`, what would harm the daemon or be silently taken for something else. */
export function checkNewProcess(process: NewProcess): void {
  const what = `process ${shown(process.name)}`
  for (const field of requiredFields) {
    if (process[field] === undefined) throw refuse(`${field} of ${what}`, 'given', undefined)
  }
  checkFields(what, process)
  const instances = isInteger(1, mostInstances)(process.instances)
  if (instances !== undefined) throw refuse(`instances of ${what}`, instances, process.instances)
  const { watch, ignoreWatch } = process
  if (watch !== undefined && isBoolean(watch) !== undefined && isTexts(watch) !== undefined) {
    throw refuse(`watch of ${what}`, 'true, false or a list of paths', watch)
  }
  if (Array.isArray(watch) && (watch.length === 0 || watch.includes(''))) {
    throw refuse(`watch of ${what}`, 'without empty paths, and not empty', watch)
  }
  if (ignoreWatch !== undefined && isTexts(ignoreWatch) !== undefined) {
    throw refuse(`ignoreWatch of ${what}`, 'a list of texts without NUL', ignoreWatch)
  }
}

/**
 * Refuses, with `InvalidCall`, a change that a restart cannot make. In a restart the daemon takes every value that
 * reads `null` as a text (the argument list `[null]` too) for the wish to delete the field.
 */
export function checkChange(name: string, change: ConfigChange): void {
  const what = `process ${shown(name)}`
  const set = change.set ?? {}
  checkFields(what, set)
  for (const [field, value] of Object.entries(set)) {
    if (field !== 'env' && value !== undefined && String(value) === 'null') {
      throw refuse(`${field} of ${what}`, 'something else than "null", which PM2 takes for none', value)
    }
  }
  for (const field of change.unset ?? []) {
    if (set[field] !== undefined) throw refuse(`${field} of ${what}`, 'either set or unset', set[field])
  }
  for (const key of change.dropEnv ?? []) {
    if (isPm2OptionName(key)) throw refuse(`dropEnv of ${what}`, "without PM2's own fields", key)
    if (set.env !== undefined && key in set.env) throw refuse(`dropEnv of ${what}`, 'apart from env', key)
  }
}
