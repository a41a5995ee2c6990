import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { messageOf } from '../../core/errors.ts'
import { isFields } from '../../core/fields.ts'
import { placeIn, placesOfToml, type Stretch } from './toml-places.ts'

/** What netlify.toml says of functions. */
export interface NetlifyToml {
  /** Absolute. */
  readonly path: string
  /** The words of the bundler, by name or glob. */
  readonly config: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Names and globs with a table of their own. */
  readonly names: readonly string[]
  /** Where the functions lie, as it is written; undefined: not said. */
  readonly directory: string | undefined
  /** Schedules in a form that Netlify does not read, such as `[[scheduled.functions]]`. */
  readonly unreadSchedules: readonly UnreadSchedule[]
  readonly text: string
  /** Where a table or key stands in the text. */
  placeOf(path: readonly string[]): Stretch
}

export interface UnreadSchedule {
  /** As people write it. */
  readonly form: string
  readonly path: readonly string[]
  /** What it would be the table of, were there a function of that name; undefined: it is wrong in any case. */
  readonly name: string | undefined
}

/** A netlify.toml that is no TOML. */
export class NetlifyTomlInvalid extends Error {
  readonly text: string
  /** Counts from 1. */
  readonly line: number
  readonly column: number

  constructor(path: string, text: string, cause: unknown) {
    // What follows are lines of the file, which stand elsewhere.
    super(`${path} is no TOML: ${messageOf(cause).split('\n')[0]}`, { cause })
    this.text = text
    this.line = cause instanceof TomlError ? cause.line : 1
    this.column = cause instanceof TomlError ? cause.column : 1
  }
}

/** Reads a project's netlify.toml; undefined: there is none. Rejects where it is no TOML. */
export async function readNetlifyToml(root: string): Promise<NetlifyToml | undefined> {
  const path = join(root, 'netlify.toml')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  let data: Readonly<Record<string, unknown>>
  try {
    data = parse(text)
  } catch (error) {
    throw new NetlifyTomlInvalid(path, text, error)
  }
  const functions = tableIn(data.functions)
  const build = tableIn(data.build)
  const everywhere: Record<string, unknown> = {}
  const config: Record<string, Readonly<Record<string, unknown>>> = {}
  for (const [key, value] of Object.entries(functions)) {
    if (isFields(value)) config[key] = camelKeys(value)
    else if (key !== 'directory') everywhere[camel(key)] = value
  }
  config['*'] = { ...everywhere, ...config['*'] }
  const directory = functions.directory ?? build.functions
  let places: ReturnType<typeof placesOfToml> | undefined
  return {
    path,
    config,
    names: Object.keys(functions).filter((key) => key !== '*' && isFields(functions[key])),
    directory: typeof directory === 'string' ? directory : undefined,
    unreadSchedules: unreadSchedulesIn(data, functions),
    text,
    placeOf: (asked) => {
      places ??= placesOfToml(text)
      return placeIn(places, asked)
    },
  }
}

/**
 * What netlify.toml says in vain where the directory holds these names: schedules in a form that Netlify does not read, and
 * settings of functions that have no file.
 */
export function vainEntriesOf(
  { unreadSchedules, names }: NetlifyToml,
  present: ReadonlySet<string>,
): { readonly unread: readonly UnreadSchedule[]; readonly withoutFile: readonly string[] } {
  const unread = unreadSchedules.filter(({ name }) => name === undefined || !present.has(name))
  // One complaint is enough of what is no name of a function at all.
  const isTold = (name: string) => unread.some((one) => one.name === name) || /[*?{[]/.test(name)
  return { unread, withoutFile: names.filter((name) => !present.has(name) && !isTold(name)) }
}

/** Forms that people write and Netlify silently passes over. */
function unreadSchedulesIn(
  data: Readonly<Record<string, unknown>>,
  functions: Readonly<Record<string, unknown>>,
): readonly UnreadSchedule[] {
  const found: UnreadSchedule[] = []
  for (const key of ['scheduled', 'schedules', 'schedule', 'cron', 'crons']) {
    if (data[key] !== undefined) found.push({ form: `[${key}]`, path: [key], name: undefined })
  }
  for (const key of ['schedule', 'scheduled', 'schedules']) {
    const value = functions[key]
    // A function may be called so.
    const name = isFields(value) ? key : undefined
    const path = ['functions', key]
    if (isFields(value) || Array.isArray(value)) found.push({ form: `functions.${key}`, path, name })
  }
  for (const [name, value] of Object.entries(functions)) {
    if (!isFields(value)) continue
    for (const key of ['schedule', 'cron']) {
      const isUnread = key === 'cron' ? value[key] !== undefined : isNoText(value[key])
      const path = ['functions', name, key]
      if (isUnread) found.push({ form: path.join('.'), path, name: undefined })
    }
  }
  return found
}

function isNoText(value: unknown): boolean {
  return value !== undefined && typeof value !== 'string'
}

function tableIn(value: unknown): Readonly<Record<string, unknown>> {
  return isFields(value) ? value : {}
}

function camelKeys(table: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [camel(key), value]))
}

function camel(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
