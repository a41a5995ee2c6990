import { basename, dirname, extname, isAbsolute, join, normalize, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ImportPlace } from '../../../../core/import.ts'
import { plainOf, type Static, scalar, spreadKey, staticOf, unknown } from './value.ts'

/** What is called, with known arguments; undefined: it is not among the calls that are understood. */
export type Call = (args: readonly Static[], at: ImportPlace) => Static | undefined

/** Modules that may be asked for by name, as values of their own. */
const modules: ReadonlySet<string> = new Set(['path', 'os', 'url', 'process', 'module'])

/** What `require` or `import` gives for a module of Node's; undefined: it is none that is understood. */
export function moduleNamed(specifier: string, at: ImportPlace): Static | undefined {
  const name = specifier.replace(/^node:/, '')
  return modules.has(name) ? { type: 'builtin', name, at } : undefined
}

/** Names that every file has. */
export function globalNamed(name: string, at: ImportPlace): Static | undefined {
  if (name === 'undefined') return scalar(undefined, at)
  return globals.has(name) ? { type: 'builtin', name, at } : undefined
}

const globals: ReadonlySet<string> = new Set([
  'process',
  'require',
  'Object',
  'JSON',
  'String',
  'Number',
  'Boolean',
  'parseInt',
  'parseFloat',
  'Array',
  'Math',
])

const texts = (args: readonly Static[]): readonly string[] | undefined => {
  const values = args.map((arg) => (arg.type === 'scalar' ? arg.value : undefined))
  return values.every((value) => typeof value === 'string') ? values : undefined
}

const onTexts =
  (work: (...values: string[]) => string | boolean): Call =>
  (args, at) => {
    const values = texts(args)
    return values === undefined ? undefined : scalar(work(...values), at)
  }

/** A conversion leaves a variable what it is: as text it is read again where it is used. */
const onScalar =
  (work: (value: unknown) => string | number | boolean): Call =>
  (args, at) => {
    const [first] = args
    if (first?.type === 'variable') return first
    return first?.type === 'scalar' ? scalar(work(first.value), at) : undefined
  }

const entriesOf = (value: Static | undefined): ReadonlyMap<string, Static> | undefined =>
  value?.type === 'map' ? value.entries : undefined

/** Calls by their names, such as `path.join`. */
export const calls: Readonly<Record<string, Call>> = Object.freeze({
  'path.join': onTexts(join),
  'path.resolve': onTexts(resolve),
  'path.dirname': onTexts((path) => dirname(path)),
  'path.basename': onTexts((path, ending) => basename(path, ending)),
  'path.extname': onTexts((path) => extname(path)),
  'path.normalize': onTexts((path) => normalize(path)),
  'path.relative': onTexts((from, to) => relative(from, to)),
  'path.isAbsolute': onTexts((path) => isAbsolute(path)),
  'url.fileURLToPath': onTexts((address) => fileURLToPath(address)),
  'os.availableParallelism': (_, at) => ({ type: 'processors', at }),
  'os.cpus': (_, at) => ({ type: 'builtin', name: 'os.cpus()', at }),
  String: onScalar(String),
  Number: onScalar(Number),
  Boolean: onScalar(Boolean),
  parseInt: onScalar((value) => Number.parseInt(String(value), 10)),
  parseFloat: onScalar((value) => Number.parseFloat(String(value))),
  'JSON.stringify': ([first], at) => {
    const plain = first && plainOf(first)
    return plain && scalar(JSON.stringify(plain.value), at)
  },
  'Object.freeze': ([first]) => first,
  'Object.assign': ([target, ...sources], at) => {
    if (target?.type !== 'map') return undefined
    for (const source of sources) {
      // Numbers, texts and nothing at all have no fields that anybody means.
      if (source.type === 'scalar') continue
      const entries = entriesOf(source)
      if (!entries) {
        target.entries.set(spreadKey, source.type === 'builtin' ? source : unknown('something unknown', at))
        continue
      }
      for (const [key, value] of entries) target.entries.set(key, value)
    }
    return target
  },
  'Object.keys': ([first], at) => {
    const entries = entriesOf(first)
    return entries && { type: 'list', items: [...entries.keys()].map((key) => scalar(key, at)), at }
  },
  'Object.values': ([first], at) => {
    const entries = entriesOf(first)
    return entries && { type: 'list', items: [...entries.values()], at }
  },
  'Object.entries': ([first], at) => {
    const entries = entriesOf(first)
    const items = entries && [...entries].map(([key, value]) => pairOf(key, value, at))
    return items && { type: 'list', items, at }
  },
  'Object.fromEntries': ([first], at) => {
    if (first?.type !== 'list') return undefined
    const entries = new Map<string, Static>()
    for (const pair of first.items) {
      const [key, value] = pair.type === 'list' ? pair.items : []
      if (key?.type !== 'scalar' || !value) return undefined
      entries.set(String(key.value), value)
    }
    return { type: 'map', entries, at }
  },
})

function pairOf(key: string, value: Static, at: ImportPlace): Static {
  return { type: 'list', items: [scalar(key, at), value], at }
}

/** Methods of texts that depend on nothing else. */
const textMethods: ReadonlySet<string> = new Set([
  'toLowerCase',
  'toUpperCase',
  'trim',
  'concat',
  'replace',
  'replaceAll',
  'slice',
  'substring',
  'split',
  'startsWith',
  'endsWith',
  'includes',
  'padStart',
  'padEnd',
  'repeat',
  'toString',
])

/** A method of a text, a number or a list, without a callback; undefined: it is not understood. */
export function callMethod(
  object: Static,
  name: string,
  args: readonly Static[],
  at: ImportPlace,
): Static | undefined {
  if (object.type === 'scalar' && (typeof object.value === 'string' || typeof object.value === 'number')) {
    const values = args.map(plainOf)
    if (!textMethods.has(name) || values.some((value) => value === undefined)) return undefined
    const text = String(object.value)
    // A text repeated or padded without bounds would fill the memory.
    if ((name === 'repeat' || name.startsWith('pad')) && Number(values[0]?.value) > 10_000) return undefined
    const method = text[name as 'trim'] as (...values: unknown[]) => unknown
    return staticOf(
      method.apply(
        text,
        values.map((value) => value?.value),
      ),
      at,
    )
  }
  if (object.type !== 'list') return undefined
  return listMethod(object, name, args, at)
}

function listMethod(
  list: Static & { readonly type: 'list' },
  name: string,
  args: readonly Static[],
  at: ImportPlace,
): Static | undefined {
  const { items } = list
  switch (name) {
    case 'concat':
      return {
        type: 'list',
        items: [...items, ...args.flatMap((arg) => (arg.type === 'list' ? arg.items : [arg]))],
        at,
      }
    case 'push':
      items.push(...args)
      return scalar(items.length, at)
    case 'unshift':
      items.unshift(...args)
      return scalar(items.length, at)
    case 'slice': {
      const numbers = args.map((arg) => (arg.type === 'scalar' ? Number(arg.value) : Number.NaN))
      return numbers.some(Number.isNaN) ? undefined : { type: 'list', items: items.slice(...numbers), at }
    }
    case 'reverse':
      items.reverse()
      return list
    case 'sort':
      // In another order they are the same applications; of anything else the order may count.
      if (items.every((item) => item.type === 'map')) return list
      items.splice(0, items.length, unknown('a list that is sorted', at))
      return list
    case 'pop':
    case 'shift':
    case 'splice':
    case 'fill':
    case 'copyWithin':
      items.splice(0, items.length, unknown(`what ${name} leaves of a list`, at))
      return items[0]
    case 'flat':
      return {
        type: 'list',
        items: items.flatMap((item) => (item.type === 'list' ? item.items : [item])),
        at,
      }
    case 'join': {
      const values = texts(items)
      const [separator] = args.length > 0 ? (texts(args) ?? []) : [',']
      return values && separator !== undefined ? scalar(values.join(separator), at) : undefined
    }
    case 'includes': {
      const [wanted] = args
      return wanted?.type === 'scalar' && items.every((item) => item.type === 'scalar')
        ? scalar(
            items.some((item) => item.type === 'scalar' && item.value === wanted.value),
            at,
          )
        : undefined
    }
    default:
      return undefined
  }
}
