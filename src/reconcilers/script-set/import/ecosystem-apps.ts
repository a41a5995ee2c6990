import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Node, type Options, parse as parseProgram } from 'acorn'
import { parse as parseYaml } from 'yaml'
import { isFields } from '../../../core/fields.ts'

/** What PM2 is told to run, as far as it is written out. */
export interface EcosystemApp {
  readonly script: string
  readonly args: readonly string[]
  /** Absolute. */
  readonly folder: string
  readonly name: string
}

const bases = ['ecosystem.config', 'ecosystem', 'pm2.config', 'pm2', 'process', 'processes']
const extensions = ['js', 'cjs', 'mjs', 'json', 'yaml', 'yml']
const fileNames = bases.flatMap((base) => extensions.map((extension) => `${base}.${extension}`))

/** Applications of the PM2 files in a folder. JavaScript is only looked through for what is written out, never run. */
export async function ecosystemApps(folder: string): Promise<readonly EcosystemApp[]> {
  const found = await Promise.all(
    fileNames.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8').catch(() => undefined)
      if (text === undefined) return []
      return objectsIn(text, name).flatMap((app) => appOf(app, folder, name))
    }),
  )
  return found.flat()
}

function appOf(
  app: Readonly<Record<string, unknown>>,
  folder: string,
  name: string,
): readonly EcosystemApp[] {
  const { script, args, cwd } = app
  if (typeof script !== 'string' || (cwd !== undefined && typeof cwd !== 'string')) return []
  const words = typeof args === 'string' ? args.trim().split(/\s+/) : Array.isArray(args) ? args : []
  const known = words.filter((word: unknown) => typeof word === 'string')
  return [{ script, args: known, folder: resolve(folder, cwd ?? '.'), name }]
}

/** Every object that is written out in a file, whatever it belongs to. */
function objectsIn(text: string, name: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    if (/\.[cm]?js$/.test(name)) return objectsOfProgram(program(text, name))
    return objectsOfValue(parseYaml(text))
  } catch {
    // Whether PM2 can read it is PM2's to tell.
    return []
  }
}

function objectsOfValue(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value)) return value.flatMap(objectsOfValue)
  return isFields(value) ? [value, ...Object.values(value).flatMap(objectsOfValue)] : []
}

function program(text: string, name: string): Node {
  const options: Options = { ecmaVersion: 'latest', sourceType: name.endsWith('.mjs') ? 'module' : 'script' }
  try {
    return parseProgram(text, options)
  } catch {
    return parseProgram(text, { ...options, sourceType: 'module' })
  }
}

function objectsOfProgram(node: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(node)) return node.flatMap(objectsOfProgram)
  if (!isFields(node)) return []
  const inner = Object.values(node).flatMap((child) =>
    typeof child === 'object' ? objectsOfProgram(child) : [],
  )
  return node.type === 'ObjectExpression' ? [literalsOf(node), ...inner] : inner
}

/** The members whose values are written out; what has to be computed is null. */
function literalsOf(node: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const members = Array.isArray(node.properties) ? node.properties.filter(isFields) : []
  return Object.fromEntries(
    members.flatMap((member): [string, unknown][] => {
      const key = isFields(member.key) ? (member.key.name ?? member.key.value) : undefined
      return typeof key === 'string' ? [[key, literalOf(member.value)]] : []
    }),
  )
}

function literalOf(node: unknown): unknown {
  if (!isFields(node)) return null
  if (node.type === 'Literal') return node.value
  if (node.type === 'Identifier' && node.name === '__dirname') return '.'
  if (node.type === 'ArrayExpression' && Array.isArray(node.elements)) return node.elements.map(literalOf)
  return null
}
