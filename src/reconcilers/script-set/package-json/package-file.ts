import { createHash } from 'node:crypto'
import { isFields } from '../../../core/fields.ts'
import type { FileStats, TextFact } from '../resolve/disk.ts'
import { locateObject } from './json-members.ts'

const byteOrderMark = '\uFEFF'

/** A package.json, as far as its scripts are concerned. */
export interface PackageFile {
  /** Of its bytes as text: what an edit rests on. */
  readonly hash: string
  readonly stats: FileStats
  readonly name: string | undefined
  /** Texts by name, in their order. */
  readonly scripts: ReadonlyMap<string, string>
  /** Names whose value is no text: npm does not run them. */
  readonly odd: readonly string[]
  /** Why scripts cannot be edited in it; undefined: they can. */
  readonly ambiguity: string | undefined
  /** Script names that stand twice, and `scripts` itself. */
  readonly repeated: readonly string[]
  /** Every package that it declares as a dependency, of whatever sort. */
  readonly dependencies: ReadonlySet<string>
  /** `packageManager`, as corepack reads it; undefined: it does not say. */
  readonly manager: { readonly name: string; readonly major: number } | undefined
  /** Patterns of folders. */
  readonly workspaces: readonly string[]
}

export type PackageReading =
  | { readonly type: 'package'; readonly file: PackageFile }
  | { readonly type: 'absent' }
  | { readonly type: 'unreadable'; readonly message: string }

/** Splits a byte order mark off: npm ignores it, `JSON.parse` does not. */
export function splitMark(text: string): readonly [mark: string, body: string] {
  return text.startsWith(byteOrderMark) ? [byteOrderMark, text.slice(1)] : ['', text]
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Reads what a file said. Pure. */
export function parsePackage(read: TextFact): PackageReading {
  if (read.type === 'absent') return { type: 'absent' }
  if (read.type === 'unreadable') return { type: 'unreadable', message: read.message }
  const [, body] = splitMark(read.text)
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (error) {
    return { type: 'unreadable', message: `it is not valid JSON${placeOf(error, body)}` }
  }
  if (!isFields(value)) return { type: 'unreadable', message: 'it does not hold an object' }
  return { type: 'package', file: describe(value, body, read) }
}

function describe(
  value: Readonly<Record<string, unknown>>,
  body: string,
  read: Extract<TextFact, { type: 'text' }>,
): PackageFile {
  const sections = locateObject(body)?.members.filter(({ name }) => name === 'scripts') ?? []
  const [section] = sections
  const names = section ? (locateObject(body, section.valueStart)?.members ?? []).map(({ name }) => name) : []
  const seen = new Set<string>()
  const repeatedNames = [...new Set(names.filter((name) => seen.size === seen.add(name).size))]
  const repeated = sections.length > 1 ? ['scripts', ...repeatedNames] : repeatedNames
  const all = isFields(value.scripts) ? Object.entries(value.scripts) : []
  return {
    hash: hashText(read.text),
    stats: read.stats,
    name: typeof value.name === 'string' ? value.name : undefined,
    scripts: new Map(all.flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : []))),
    odd: all.filter(([, text]) => typeof text !== 'string').map(([name]) => name),
    ambiguity: ambiguityOf(value, repeated),
    repeated,
    dependencies: new Set(
      ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'].flatMap((section) => {
        const declared = value[section]
        return isFields(declared) ? Object.keys(declared) : []
      }),
    ),
    manager: managerOf(value.packageManager),
    workspaces: workspacesOf(value.workspaces),
  }
}

function managerOf(value: unknown): PackageFile['manager'] {
  const [, name, major] = /^([a-z]+)@(\d+)/.exec(typeof value === 'string' ? value : '') ?? []
  return name === undefined ? undefined : { name, major: Number(major) }
}

function ambiguityOf(
  value: Readonly<Record<string, unknown>>,
  repeated: readonly string[],
): string | undefined {
  if (value.scripts !== undefined && !isFields(value.scripts)) return '`scripts` is not an object'
  if (repeated.length === 0) return undefined
  return `${repeated.map((name) => `\`${name}\``).join(', ')} stands in it twice, so that it is not clear which one is meant`
}

function workspacesOf(value: unknown): readonly string[] {
  const list = isFields(value) ? value.packages : value
  return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : []
}

/** Where the parser stopped; its own words quote the file, which may hold anything. */
function placeOf(error: unknown, body: string): string {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
  if (position === undefined) return body.trim() === '' ? ': it is empty' : ''
  const before = body.slice(0, Number(position)).split('\n')
  return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}
