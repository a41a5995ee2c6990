import type { Node } from 'acorn'
import type { ImportPlace } from '../../../../core/import.ts'

/** A value as far as it can be known without running anything, with the place that it came from. */
export type Static =
  | { readonly type: 'scalar'; readonly value: Scalar; readonly at: ImportPlace }
  | { readonly type: 'list'; readonly items: Static[]; readonly at: ImportPlace }
  | { readonly type: 'map'; readonly entries: Map<string, Static>; readonly at: ImportPlace }
  /** An environment variable, with what is taken where it is not set. */
  | {
      readonly type: 'variable'
      readonly name: string
      readonly otherwise: Static | undefined
      readonly at: ImportPlace
    }
  | {
      readonly type: 'function'
      readonly node: Node
      readonly scope: Scope
      readonly at: ImportPlace
    }
  /** Something of Node's or of JavaScript's own: `path`, `path.join`, `process.env`. */
  | { readonly type: 'builtin'; readonly name: string; readonly at: ImportPlace }
  /** How many processors there are: `os.cpus().length`. */
  | { readonly type: 'processors'; readonly at: ImportPlace }
  /** Not known without running it; `why` is a phrase such as `a call of loadConfig`. */
  | { readonly type: 'unknown'; readonly why: string; readonly at: ImportPlace }

export type Scalar = string | number | boolean | null | undefined

/** Names and what they stand for, the inner ones first. */
export class Scope {
  readonly #names = new Map<string, Static>()
  readonly #outer: Scope | undefined

  constructor(outer?: Scope) {
    this.#outer = outer
  }

  get(name: string): Static | undefined {
    return this.#names.get(name) ?? this.#outer?.get(name)
  }

  declare(name: string, value: Static): void {
    this.#names.set(name, value)
  }

  /** Changes it where it was declared. */
  assign(name: string, value: Static): void {
    if (this.#names.has(name) || this.#outer === undefined) this.#names.set(name, value)
    else this.#outer.assign(name, value)
  }
}

/** The key under which a spread that could not be followed is kept, so that whoever reads the map can tell it. */
export const spreadKey = '...'

export function scalar(value: Scalar, at: ImportPlace): Static {
  return { type: 'scalar', value, at }
}

export function unknown(why: string, at: ImportPlace): Static {
  return { type: 'unknown', why, at }
}

/** Whether JavaScript takes it for true; undefined: that is not known. */
export function truth(value: Static): boolean | undefined {
  switch (value.type) {
    case 'scalar':
      return Boolean(value.value)
    case 'variable':
    case 'unknown':
      return undefined
    default:
      return true
  }
}

/** What JSON would make of it: undefined where a part of it is not known. */
export function plainOf(value: Static): { readonly value: unknown } | undefined {
  if (value.type === 'scalar') return { value: value.value }
  if (value.type === 'list') {
    const items = value.items.map(plainOf)
    return items.every((item) => item !== undefined) ? { value: items.map((item) => item?.value) } : undefined
  }
  if (value.type !== 'map') return undefined
  const entries: [string, unknown][] = []
  for (const [key, child] of value.entries) {
    const plain = plainOf(child)
    if (plain === undefined) return undefined
    entries.push([key, plain.value])
  }
  return { value: Object.fromEntries(entries) }
}

/** A value that is at hand, as JSON gives it, all of one place. */
export function staticOf(value: unknown, at: ImportPlace): Static {
  if (Array.isArray(value)) return { type: 'list', items: value.map((item) => staticOf(item, at)), at }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, child]) => [key, staticOf(child, at)] as const)
    return { type: 'map', entries: new Map(entries), at }
  }
  return scalar(value as Scalar, at)
}
