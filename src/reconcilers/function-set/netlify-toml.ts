import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { messageOf } from '../../core/errors.ts'

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
  readonly unreadSchedules: readonly string[]
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
    throw new Error(`${path} is no TOML: ${messageOf(error)}`)
  }
  const functions = tableIn(data.functions)
  const build = tableIn(data.build)
  const everywhere: Record<string, unknown> = {}
  const config: Record<string, Readonly<Record<string, unknown>>> = {}
  for (const [key, value] of Object.entries(functions)) {
    if (isTable(value)) config[key] = camelKeys(value)
    else if (key !== 'directory') everywhere[camel(key)] = value
  }
  config['*'] = { ...everywhere, ...config['*'] }
  const directory = functions.directory ?? build.functions
  return {
    path,
    config,
    names: Object.keys(functions).filter((key) => key !== '*' && isTable(functions[key])),
    directory: typeof directory === 'string' ? directory : undefined,
    unreadSchedules: unreadSchedulesIn(data, functions),
  }
}

/** Forms that people write and Netlify silently passes over. */
function unreadSchedulesIn(
  data: Readonly<Record<string, unknown>>,
  functions: Readonly<Record<string, unknown>>,
): readonly string[] {
  const found: string[] = []
  for (const key of ['scheduled', 'schedules', 'schedule', 'cron', 'crons']) {
    if (data[key] !== undefined) found.push(`[${key}]`)
  }
  for (const key of ['schedule', 'scheduled', 'schedules']) {
    if (isTable(functions[key]) || Array.isArray(functions[key])) found.push(`functions.${key}`)
  }
  for (const [name, value] of Object.entries(functions)) {
    if (isTable(value) && value.schedule !== undefined && typeof value.schedule !== 'string') {
      found.push(`functions.${name}.schedule`)
    }
    if (isTable(value) && value.cron !== undefined) found.push(`functions.${name}.cron`)
  }
  return found
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function tableIn(value: unknown): Readonly<Record<string, unknown>> {
  return isTable(value) ? value : {}
}

function camelKeys(table: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [camel(key), value]))
}

function camel(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
