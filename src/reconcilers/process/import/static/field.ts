import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ImportPlace } from '../../../../core/import.ts'
import type { Reading } from './reading.ts'
import { type Static, scalar, spreadKey, unknown } from './value.ts'

/** A field of a value, an item of a list, or something of Node's. */
export function fieldOf(object: Static, key: string, reading: Reading, at: ImportPlace): Static {
  switch (object.type) {
    case 'map': {
      const found = object.entries.get(key)
      if (found) return found
      return object.entries.has(spreadKey)
        ? unknown(`a field ${key} of something unknown`, at)
        : scalar(undefined, at)
    }
    case 'list':
      if (key === 'length') return scalar(object.items.length, at)
      return /^\d+$/.test(key)
        ? (object.items[Number(key)] ?? scalar(undefined, at))
        : unknown(`a list's ${key}`, at)
    case 'builtin':
      return builtinField(object.name, key, reading, at)
    case 'scalar':
      if (typeof object.value === 'string' && key === 'length') return scalar(object.value.length, at)
      return unknown(`a field ${key} of nothing`, at)
    case 'unknown':
      return object
    default:
      return unknown(`a field ${key} of something that has to be run`, at)
  }
}

function builtinField(name: string, key: string, reading: Reading, at: ImportPlace): Static {
  if (name === 'process.env') return { type: 'variable', name: key, otherwise: undefined, at }
  if (name === 'os.cpus()' && key === 'length') return { type: 'processors', at }
  if (name === 'import.meta') {
    if (key === 'dirname') return scalar(dirname(reading.file), at)
    if (key === 'filename') return scalar(reading.file, at)
    if (key === 'url') return scalar(pathToFileURL(reading.file).href, at)
  }
  if (name === 'path' && key === 'sep') return scalar('/', at)
  if (name === 'path' && (key === 'posix' || key === 'default')) return { type: 'builtin', name: 'path', at }
  if (key === 'default') return { type: 'builtin', name, at }
  return { type: 'builtin', name: `${name}.${key}`, at }
}
