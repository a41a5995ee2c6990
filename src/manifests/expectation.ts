import { printable, quote } from './excerpt.ts'
import type { SchemaPlaces } from './schema-walk.ts'
import type { Tree } from './tree.ts'

/** What a field takes, in words, such as `a whole number from 1 to 128, or "max"`. */
export function describeExpected(places: SchemaPlaces): string {
  for (const { schema } of places) {
    if (typeof schema['x-expected'] === 'string') return schema['x-expected']
  }
  const parts = [...new Set(places.flatMap(({ schema }) => describeOne(schema)))]
  return joinWords(parts.length > 0 ? parts : ['another value'])
}

/** JSON types that a field takes. Empty: any. */
export function typesIn(places: SchemaPlaces): ReadonlySet<string> {
  const types = new Set<string>()
  for (const { schema } of places) {
    for (const type of [schema.type].flat()) if (typeof type === 'string') types.add(type)
    for (const word of wordsOf(schema)) types.add(typeof word)
  }
  return types
}

/** Fixed words that a field takes. */
export function wordsIn(places: SchemaPlaces): readonly string[] {
  return places.flatMap(({ schema }) => wordsOf(schema)).filter((word) => typeof word === 'string')
}

/** What stands there, in words. A secret's value is never part of it. */
export function describeActual(tree: Tree, isSecret: boolean): string {
  if (tree.type === 'list') return 'a list'
  if (tree.type === 'map') return 'a mapping'
  const { value } = tree
  if (value === null) return 'nothing'
  if (typeof value === 'string') return isSecret ? 'a text' : quote(value)
  if (isSecret) return typeof value === 'number' ? 'a number' : 'true or false'
  return typeof value === 'number' ? `the number ${sourceOf(tree)}` : String(value)
}

/** Whether a value's type is one of those that a field takes. */
export function hasTypeOf(types: ReadonlySet<string>, tree: Tree): boolean {
  if (types.size === 0) return true
  if (tree.type === 'list') return types.has('array')
  if (tree.type === 'map') return types.has('object')
  if (tree.value === null) return types.has('null')
  if (typeof tree.value === 'number') {
    return types.has('number') || (types.has('integer') && Number.isInteger(tree.value))
  }
  return types.has(typeof tree.value)
}

/** What helps where a value has the wrong type; most of all where YAML guessed another one than was meant. */
export function typeHint(places: SchemaPlaces, tree: Tree, isSecret: boolean): string | undefined {
  const types = typesIn(places)
  if (tree.type !== 'scalar') return undefined
  const { value } = tree
  const isNumeric = types.has('integer') || types.has('number')
  if (value === null) {
    return places.some(takesEmptyText)
      ? 'Write "" for an empty text, or remove the field.'
      : 'Remove the field, or give it a value.'
  }
  if (typeof value !== 'string') {
    const text = sourceOf(tree)
    if (!places.some(({ schema }) => takesText(schema, text))) return undefined
    return isSecret ? 'Write it in quotes.' : `Write it in quotes: "${text}"`
  }
  if (isNumeric && /^-?\d+(?:\.\d+)?$/.test(value)) return 'Write it without quotes.'
  if (types.has('boolean')) {
    if (/^(?:true|false)$/.test(value)) return 'Write it without quotes.'
    if (/^(?:yes|no|on|off|y|n)$/i.test(value)) return 'Write true or false; in YAML 1.2 this is a text.'
  }
  if (types.has('object') && !types.has('string') && /^[A-Za-z]\w*:?\s/.test(value))
    return 'Write each field as `name: value`, with a colon and a space.'
  if (types.has('array') && !isSecret) return `Write a list: [${wordsOfText(value).map(quote).join(', ')}]`
  return undefined
}

/** A command line is meant as its words; one with quotes in it is for its author to take apart. */
function wordsOfText(text: string): readonly string[] {
  const words = text.split(/,?\s+/).filter((word) => word !== '')
  return words.length === 0 || /["'\\]/.test(text) ? [text] : words
}

/** Whether it would take this text, as far as its own type, words and pattern tell. */
function takesText(schema: SchemaPlaces[number]['schema'], text: string): boolean {
  const words = wordsOf(schema)
  if (words.length > 0) return words.includes(text)
  if (![schema.type].flat().includes('string')) return false
  return typeof schema.pattern !== 'string' || new RegExp(schema.pattern, 'u').test(text)
}

function takesEmptyText({ schema }: SchemaPlaces[number]): boolean {
  return schema.type === 'string' && schema.minLength === undefined && schema.pattern === undefined
}

/** Joins words as a sentence does: `a, b or c`. */
export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function describeOne(schema: { readonly [key: string]: unknown }): readonly string[] {
  const words = wordsOf(schema)
  if (words.length > 0) return words.map((word) => `\`${String(word)}\``)
  return [schema.type].flat().flatMap((type) => {
    switch (type) {
      case 'string':
        return ['a text']
      case 'integer':
        return [`a whole number${range(schema)}`]
      case 'number':
        return [`a number${range(schema)}`]
      case 'boolean':
        return ['true or false']
      case 'array':
        return ['a list']
      case 'object':
        return ['a mapping']
      default:
        return []
    }
  })
}

function range({ minimum, maximum }: { readonly [key: string]: unknown }): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (minimum !== undefined) return ` of at least ${minimum}`
  return maximum === undefined ? '' : ` of at most ${maximum}`
}

function wordsOf(schema: { readonly [key: string]: unknown }): readonly unknown[] {
  if (Array.isArray(schema.enum)) return schema.enum
  return schema.const === undefined ? [] : [schema.const]
}

function sourceOf(tree: Tree): string {
  return printable(tree.span.file.text.slice(tree.span.start, tree.span.end).slice(0, 40))
}
