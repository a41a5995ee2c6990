import { ReconcileError } from '../core/errors.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Json, RecordKey, StoreEntry } from '../core/store.ts'

/**
 * Reads a stored value into a type. Lenient where that invents nothing: fields it does not know are left out,
 * so that an older program can read what a newer one of the same schema wrote. Throws `ShapeFault` otherwise.
 */
export type Decoder<T> = (value: Json | undefined, path: string) => T

/** A stored value that is not what its collection holds; becomes `StoreCorrupt` where the record is known. */
class ShapeFault extends Error {}

function fault(path: string, expected: string, value: Json | undefined): never {
  const got = value === undefined ? 'nothing' : value === null ? 'null' : typeof value
  throw new ShapeFault(`expected ${path || 'the value'} to be ${expected}, got ${got}`)
}

export const text: Decoder<string> = (value, path) =>
  typeof value === 'string' ? value : fault(path, 'a text', value)

export const number: Decoder<number> = (value, path) =>
  typeof value === 'number' ? value : fault(path, 'a number', value)

export const boolean: Decoder<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : fault(path, 'true or false', value)

/** Whatever JSON there is; nothing becomes undefined. */
export const anything: Decoder<unknown> = (value) => value

export const json: Decoder<Json> = (value, path) =>
  value ?? (value === null ? null : fault(path, 'a value', value))

export const resourceIdText: Decoder<ResourceId> = (value, path) =>
  typeof value === 'string' && /^[^/]+\/./.test(value)
    ? (value as ResourceId)
    : fault(path, 'an id of the form Kind/name', value)

/** JSON has no undefined: an absent field (or null) stands for it. */
export function optional<T>(decode: Decoder<T>): Decoder<T | undefined> {
  return (value, path) => (value === undefined || value === null ? undefined : decode(value, path))
}

export function oneOf<const T extends string>(words: readonly T[]): Decoder<T> {
  return (value, path) =>
    words.find((word) => word === value) ?? fault(path, `one of ${words.join(', ')}`, value)
}

export function list<T>(decode: Decoder<T>): Decoder<readonly T[]> {
  return (value, path) =>
    isList(value)
      ? value.map((item, index) => decode(item, `${path}[${index}]`))
      : fault(path, 'a list', value)
}

export function dictionary<T>(decode: Decoder<T>): Decoder<Readonly<Record<string, T>>> {
  return (value, path) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item, `${path}.${key}`)]))
      : fault(path, 'an object', value)
}

export function object<T extends object>(
  fields: { readonly [Key in keyof T]-?: Decoder<T[Key]> },
): Decoder<T> {
  const names = Object.keys(fields) as (keyof T & string)[]
  return (value, path) => {
    if (!isObject(value)) return fault(path, 'an object', value)
    const entries = names.map((name) => [name, fields[name](value[name], path ? `${path}.${name}` : name)])
    return Object.fromEntries(entries) as T
  }
}

/** Reads a record, or says which one is damaged: `StoreCorrupt`. */
export function decodeEntry<T>(entry: StoreEntry, decode: Decoder<T>): T {
  return decodeValue(entry, entry.value, decode)
}

export function decodeValue<T>(key: RecordKey, value: Json, decode: Decoder<T>): T {
  try {
    return decode(value, '')
  } catch (error) {
    if (!(error instanceof ShapeFault)) throw error
    throw new ReconcileError(
      'StoreCorrupt',
      `Cannot read the record ${key.collection} ${key.key} of the state: ${error.message}`,
      { cause: error },
    )
  }
}

/**
 * Turns a value into what JSON can hold: absent fields are left out. Throws a TypeError for what would come
 * back as something else (a date, a class instance, NaN, a function), because that is a defect of the caller.
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
  if (Array.isArray(value)) return value.map((item, index) => toJson(item, `${path}[${index}]`))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`Expected ${path} to be a plain object, got ${value.constructor.name}`)
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.map(([key, item]) => [key, toJson(item, `${path}.${key}`)]))
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
