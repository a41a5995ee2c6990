import { isDeepStrictEqual } from 'node:util'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Change } from '../../core/action.ts'
import type { Owned } from '../../core/ownership.ts'
import { looksSecret } from '../../core/secrecy.ts'
import { Secret } from '../../core/secret.ts'
import { declaredFields, fieldRules, liveVariable, type Means } from './fields.ts'
import { readMark } from './mark.ts'
import type { DesiredProcess } from './place.ts'

/** One field of one process that is not as declared. */
export interface Difference {
  readonly path: string
  readonly before: unknown
  /** In normal form; the text itself where it is a secret, so never print it: `changeOf` does. */
  readonly after: unknown
  readonly sensitive: boolean
  /** Instead of values, where they are not known. */
  readonly note?: string
  readonly means: Means
}

export interface Comparison {
  readonly desired: DesiredProcess
  /** Fields that we set and that are no longer declared. */
  readonly dropped: readonly string[]
  /** Undefined: no `sources` are declared. */
  readonly sourcesHash: string | undefined
  /** What `sources` was when a process without our mark was adopted. */
  readonly adoptedSources: string | undefined
  /** PM2_HOME. */
  readonly home: string
  /** What a watch leaves out, our own state included; undefined: what is declared. */
  readonly watchIgnore: readonly string[] | undefined
  /** What every process gets, as it would be now. */
  readonly base: Readonly<Record<string, string>>
  /** Fields that the inventory knows to be secret. */
  readonly secretPaths: readonly string[]
  /** Whether nothing is there any more. */
  isGone(folder: string): boolean
}

const rules = Object.entries(fieldRules)

/**
 * What differs between the declaration and one process: three-way. What is declared must be so; what we set and is
 * no longer declared must be back at PM2's default; what we never set is not looked at. Empty after a correction.
 */
export function compareRecord(comparison: Comparison, record: Pm2Record): readonly Difference[] {
  const { desired, dropped } = comparison
  const found: Difference[] = []
  const fields = declaredFields(desired)
  for (const [path, rule] of rules) {
    const declared = fields[path]?.value
    if (declared === undefined && !dropped.includes(path) && !movesAlong(path, comparison, { record, found }))
      continue
    const after =
      declared === undefined ? rule.initial(desired, comparison.home) : (rule.set?.(comparison) ?? declared)
    const before = rule.observed(record, after)
    if (!isDeepStrictEqual(before, after)) {
      found.push({ path, before, after, sensitive: false, means: rule.means })
    }
  }
  found.push(...compareEnv(comparison, record), ...compareSources(comparison, record))
  return found.filter((difference) => !isIgnored(difference.path, desired.controls.ignore))
}

/**
 * What we made in its manifest's folder moves with it where what it runs does, or where its folder is gone: PM2 starts nothing
 * there. Otherwise a manifest may be moved without a restart.
 */
function movesAlong(
  path: string,
  { isGone }: Comparison,
  { record, found }: { readonly record: Pm2Record; readonly found: readonly Difference[] },
): boolean {
  if (path !== 'cwd' || readMark(record.reconciled)?.origin !== 'created') return false
  return found.some((other) => other.path === 'script') || (record.cwd !== undefined && isGone(record.cwd))
}

function compareEnv(comparison: Comparison, record: Pm2Record): readonly Difference[] {
  const { desired, dropped, secretPaths } = comparison
  const found: Difference[] = []
  for (const [key, value] of Object.entries(desired.spec.env ?? {})) {
    if (value instanceof Secret && !value.isRead) {
      // Whatever it is, it is not there yet; where it is there, nobody knows whether it differs.
      if (liveVariable(record, key) === undefined) found.push(notThere(`env.${key}`))
      continue
    }
    // The one reason to reveal here: what runs has the text, not its digest. It is compared and never kept.
    const after = value instanceof Secret ? value.reveal() : value
    const before = liveVariable(record, key)
    if (before === after) continue
    const path = `env.${key}`
    const sensitive =
      value instanceof Secret ||
      secretPaths.includes(path) ||
      looksSecret(key, before) ||
      looksSecret(key, after)
    found.push({ path, before: before ?? null, after, sensitive, means: 'reload' })
  }
  for (const path of dropped) {
    if (!path.startsWith('env.')) continue
    const key = path.slice('env.'.length)
    const before = liveVariable(record, key) ?? null
    // TZ, once declared and no longer so, is again what every process gets.
    const after = (Object.hasOwn(comparison.base, key) && comparison.base[key]) || null
    if (before === after) continue
    const sensitive = secretPaths.includes(path) || looksSecret(key, before ?? undefined)
    found.push({ path, before, after, sensitive, means: 'reload' })
  }
  return found
}

/** A secret that a dry run did not read, and that what runs does not have. */
function notThere(path: string): Difference {
  return { path, before: null, after: null, sensitive: true, note: 'not read in a dry run', means: 'reload' }
}

function compareSources(comparison: Comparison, record: Pm2Record): readonly Difference[] {
  const after = comparison.sourcesHash
  if (after === undefined) return []
  const marked = readMark(record.reconciled)?.sources
  const before = marked === undefined || marked === '' ? comparison.adoptedSources : marked
  if (before === undefined || before === after) return []
  return [{ path: 'sources', before: short(before), after: short(after), sensitive: false, means: 'reload' }]
}

function short(hash: string): string {
  return hash.slice(0, 12)
}

/** Whether a field or one that holds it is named by a JSON Pointer of `ignore`. */
export function isIgnored(path: string, ignore: readonly string[]): boolean {
  const pointer = `/${path.replaceAll('.', '/')}`
  return ignore.some((ignored) => {
    const plain = ignored.replaceAll('~1', '/').replaceAll('~0', '~')
    return pointer === plain || pointer.startsWith(`${plain}/`)
  })
}

/** As a plan shows it: no value where it may be a secret. */
export function changeOf(difference: Difference): Change {
  const { path, before, after, sensitive, note } = difference
  return sensitive
    ? { path, sensitive, ...(note !== undefined && { note }) }
    : { path, before: before ?? undefined, after: after ?? undefined, sensitive }
}

/** Fields that we set, by the inventory or by what the processes themselves say, and that are no longer declared. */
export function droppedFields(
  declared: Readonly<Record<string, unknown>>,
  owned: Owned | undefined,
  marked: readonly string[],
): readonly string[] {
  const before = new Set([...Object.keys(owned?.fields ?? {}), ...marked])
  return [...before].filter((path) => !Object.hasOwn(declared, path)).sort()
}
