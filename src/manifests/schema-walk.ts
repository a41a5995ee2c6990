import { isFields } from '../core/fields.ts'
import { type SchemaNode, schemas } from './schemas.ts'

const schemaBase = 'https://reconcile.dev/schemas/'

/** A schema with the file that its `$ref`s start from. */
export interface SchemaPlace {
  readonly schema: SchemaNode
  readonly home: string
}

/** All that a schema says of one value, `$ref`, `allOf`, `anyOf` and `oneOf` followed: the places where it stands. */
export type SchemaPlaces = readonly SchemaPlace[]

const flattened = new WeakMap<SchemaNode, SchemaPlaces>()

/** The schema of a kind's document. */
function schemaOf(kind: string): SchemaPlaces {
  const file = kind.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase()
  const home = `${schemaBase}${file}.schema.json`
  const schema = schemas[home]
  return schema ? flatten({ schema, home }) : []
}

/** The schema of a value at a path inside a kind's document; empty: there is no such field. */
export function schemaAt(kind: string, path: readonly string[]): SchemaPlaces {
  return path.reduce<SchemaPlaces>(stepInto, schemaOf(kind))
}

/** Where one step leads; of segments that no schema names, one stands for all. */
const steps = new WeakMap<SchemaPlaces, Map<string, SchemaPlaces>>()
const anyItem = '0'
const anyKey = '*'

/** One step down: a property's name, or an item's number. */
export function stepInto(places: SchemaPlaces, segment: string): SchemaPlaces {
  const known = steps.get(places) ?? new Map<string, SchemaPlaces>()
  steps.set(places, known)
  const isNamed = places.some(({ schema }) => nodeIn(schema.properties, segment) !== undefined)
  const key = isNamed ? segment : /^\d+$/.test(segment) ? anyItem : anyKey
  const before = known.get(key)
  if (before) return before
  const led = lookInto(places, segment)
  known.set(key, led)
  return led
}

function lookInto(places: SchemaPlaces, segment: string): SchemaPlaces {
  return places.flatMap(({ schema, home }) => {
    const named = nodeIn(schema.properties, segment)
    if (named) return flatten({ schema: named, home })
    if (/^\d+$/.test(segment) && isNode(schema.items)) return flatten({ schema: schema.items, home })
    if (isNode(schema.additionalProperties)) return flatten({ schema: schema.additionalProperties, home })
    return []
  })
}

/** Names of the fields that a mapping may have here. */
export function fieldsIn(places: SchemaPlaces): readonly string[] {
  const names = places.flatMap(({ schema }) =>
    isNode(schema.properties) ? Object.keys(schema.properties) : [],
  )
  return [...new Set(names)]
}

/** What the keys of a mapping here must be like, in words; undefined where any will do. */
export function keyRule(places: SchemaPlaces): string | undefined {
  for (const { schema, home } of places) {
    const rule = schema.propertyNames
    if (!isNode(rule)) continue
    const texts = flatten({ schema: rule, home }).map((place) => place.schema.description)
    const text = texts.find((each) => typeof each === 'string')
    if (typeof text === 'string') return text
  }
  return undefined
}

/** Whether a value here may be a secret, so that it is never shown. */
export function isSecretPlace(kind: string, path: readonly string[]): boolean {
  let places = schemaOf(kind)
  for (const segment of path) {
    places = stepInto(places, segment)
    if (places.some(({ schema }) => schema['x-secret'] === true)) return true
  }
  return false
}

/** Whether the schema takes a reference here (`fromEnv`, ...). */
export function takesReference(places: SchemaPlaces): boolean {
  return places.some(
    ({ schema }) => schema['x-secret'] === true && nodeIn(schema.properties, 'fromEnv') !== undefined,
  )
}

function flatten(place: SchemaPlace): SchemaPlaces {
  const known = flattened.get(place.schema)
  if (known) return known
  const { schema, home } = place
  const inner: SchemaPlace[] = []
  if (typeof schema.$ref === 'string') {
    const target = follow(schema.$ref, home)
    if (target) inner.push(target)
  }
  for (const word of ['allOf', 'anyOf', 'oneOf']) {
    const branches = schema[word]
    if (Array.isArray(branches))
      inner.push(...branches.filter(isNode).map((branch) => ({ schema: branch, home })))
  }
  const places = [place, ...inner.flatMap(flatten)]
  flattened.set(schema, places)
  return places
}

function follow(reference: string, home: string): SchemaPlace | undefined {
  const [file = '', pointer = ''] = reference.split('#')
  const target = file === '' ? home : new URL(file, home).href
  let node: unknown = schemas[target]
  for (const segment of pointer.split('/').slice(1)) node = isNode(node) ? node[segment] : undefined
  return isNode(node) ? { schema: node, home: target } : undefined
}

function nodeIn(value: unknown, key: string): SchemaNode | undefined {
  if (!isNode(value) || !Object.hasOwn(value, key)) return undefined
  const child = value[key]
  return isNode(child) ? child : undefined
}

function isNode(value: unknown): value is SchemaNode {
  return isFields(value)
}
