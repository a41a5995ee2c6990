import { ReconcileError } from '../core/errors.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Json, RecordKey, StoreEntry } from '../core/store.ts'

/**
 * Reads a stored value into a type. Lenient where that invents nothing: fields it does not know are left out,
 * so that an older program can read what a newer one of the same schema wrote. Throws `ShapeFault` otherwise.
 */
export type Decoder<T> = (value: Json | undefined) => T

/** A stored value that is not what its collection holds; becomes `StoreCorrupt` where the record is known. */
class ShapeFault extends Error {
  /** Where in the value, from the outside in; put together on the way out, because reading well must be quick. */
  path = ''
  readonly expected: string

  constructor(expected: string) {
    super(expected)
    this.expected = expected
  }
}

function fault(expected: string, value: Json | undefined): never {
  throw new ShapeFault(`to be ${expected}, got ${nameOfType(value)}`)
}

function nameOfType(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return isList(value) ? 'a list' : typeof value
}

function faultWithin(error: unknown, step: string): unknown {
  if (error instanceof ShapeFault) error.path = `${step}${error.path}`
  return error
}

export const text: Decoder<string> = (value) => (typeof value === 'string' ? value : fault('a text', value))

export const number: Decoder<number> = (value) =>
  typeof value === 'number' ? value : fault('a number', value)

export const boolean: Decoder<boolean> = (value) =>
  typeof value === 'boolean' ? value : fault('true or false', value)

/** Whatever JSON there is; nothing becomes undefined. */
export const anything: Decoder<unknown> = (value) => value

export const json: Decoder<Json> = (value) => (value === undefined ? fault('a value', value) : value)

export const resourceIdText: Decoder<ResourceId> = (value) =>
  typeof value === 'string' && /^[^/]+\/./.test(value)
    ? (value as ResourceId)
    : fault('an id of the form Kind/name', value)

/** JSON has no undefined: an absent field (or null) stands for it. */
export function optional<T>(decode: Decoder<T>): Decoder<T | undefined> {
  return (value) => (value === undefined || value === null ? undefined : decode(value))
}

export function oneOf<const T extends string>(words: readonly T[]): Decoder<T> {
  return (value) => words.find((word) => word === value) ?? fault(`one of ${words.join(', ')}`, value)
}

export function list<T>(decode: Decoder<T>): Decoder<readonly T[]> {
  return (value) => {
    if (!isList(value)) return fault('a list', value)
    const items: T[] = []
    try {
      for (const item of value) items.push(decode(item))
    } catch (error) {
      throw faultWithin(error, `[${items.length}]`)
    }
    return items
  }
}

export function dictionary<T>(decode: Decoder<T>): Decoder<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isObject(value)) return fault('an object', value)
    const items: Record<string, T> = {}
    for (const key of Object.keys(value)) {
      try {
        setOwn(items, key, decode(value[key]))
      } catch (error) {
        throw faultWithin(error, `.${key}`)
      }
    }
    return items
  }
}

export function object<T extends object>(
  fields: { readonly [Key in keyof T]-?: Decoder<T[Key]> },
): Decoder<T> {
  const names = Object.keys(fields) as (keyof T & string)[]
  return (value) => {
    if (!isObject(value)) return fault('an object', value)
    const result: Partial<T> = {}
    for (const name of names) {
      try {
        result[name] = fields[name](value[name])
      } catch (error) {
        throw faultWithin(error, `.${name}`)
      }
    }
    return result as T
  }
}

/** An assignment to `__proto__` would set the prototype instead of a field of that name. */
export function setOwn<T>(items: Record<string, T>, key: string, value: T): void {
  if (key !== '__proto__') items[key] = value
  else Object.defineProperty(items, key, { value, enumerable: true, writable: true, configurable: true })
}

/** Reads a record, or says which one is damaged: `StoreCorrupt`. */
export function decodeEntry<T>(entry: StoreEntry, decode: Decoder<T>): T {
  return decodeValue(entry, entry.value, decode)
}

export function decodeValue<T>(key: RecordKey, value: Json, decode: Decoder<T>): T {
  try {
    return decode(value)
  } catch (error) {
    if (!(error instanceof ShapeFault)) throw error
    throw new ReconcileError(
      'StoreCorrupt',
      `Cannot read the record ${key.collection} ${key.key} of the state: expected ${error.path || 'the value'} ${error.expected}`,
      { cause: error },
    )
  }
}

/** What was decoded of values that can never change: a store in memory gives the same value again and again. */
const decoded = new WeakMap<object, unknown>()

/** As `decodeEntry`, and remembered for as long as the value is. A value belongs to one record, and has one decoder. */
export function decodeOnce<T>(entry: RecordKey & { readonly value: Json }, decode: Decoder<T>): T {
  const { value } = entry
  if (value === null || typeof value !== 'object' || !Object.isFrozen(value))
    return decodeValue(entry, value, decode)
  const known = decoded.get(value) as T | undefined
  if (known !== undefined) return known
  const result = decodeValue(entry, value, decode)
  decoded.set(value, result)
  return result
}

/** For who made a value, frozen, and has at hand what `decodeOnce` would read of it. */
export function noteDecoded<T>(value: Json & object, result: T): void {
  decoded.set(value, result)
}

/**
 * Turns a value into what JSON can hold: absent fields are left out. Throws a TypeError for what would come
 * back as something else (a date, a class instance, NaN, a function), because that is a defect of the caller. Lists and
 * objects of it are frozen: who keeps it need not copy it.
 */
export function toJson(value: unknown, path = 'value'): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`Expected ${path} to be a finite number, got ${value}`)
      return value
    case 'object':
      return value === null ? null : objectToJson(value, path)
    default:
      throw new TypeError(`Expected ${path} to be storable as JSON, got ${typeof value}`)
  }
}

function objectToJson(value: object, path: string): Json {
  if (Array.isArray(value))
    return Object.freeze(value.map((item, index) => toJson(item, `${path}[${index}]`)))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`Expected ${path} to be a plain object, got ${value.constructor.name}`)
  }
  const result: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) {
    // The path of what is storable anyway is never read.
    if (isPlain(item)) setOwn(result, key, item)
    else if (item !== undefined) setOwn(result, key, toJson(item, `${path}.${key}`))
  }
  return Object.freeze(result)
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
