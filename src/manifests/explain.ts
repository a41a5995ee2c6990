import { describeExpected } from './expectation.ts'
import { fieldsIn, type SchemaPlaces, schemaAt, stepInto } from './schema-walk.ts'
import { validators } from './schemas.ts'
import { suggest } from './suggest.ts'

/** What the schemas say of one field. */
export interface FieldDocumentation {
  /** Such as `Process.spec.env`. */
  readonly path: string
  /** What it takes, in words. */
  readonly type: string
  readonly description: string
  /** In words; undefined: it has none, or must be given. */
  readonly default: string | undefined
  readonly isRequired: boolean
  readonly examples: readonly unknown[]
  /** In the order of the schema. */
  readonly fields: readonly FieldSummary[]
}

export interface FieldSummary {
  readonly name: string
  readonly type: string
  readonly description: string
  readonly isRequired: boolean
}

/** Why a field cannot be explained, and what was probably meant. */
export interface UnknownField {
  /** How far the path could be followed, such as `Process.spec`; empty: the kind itself is unknown. */
  readonly known: string
  readonly name: string
  readonly suggestion: string | undefined
  readonly choices: readonly string[]
}

/** Every kind that has a schema. */
export function explainableKinds(): readonly string[] {
  return Object.keys(validators).sort()
}

/**
 * The documentation of `Kind` or `Kind.path`. Items of lists have no segment of their own, `spec.` may be left out, and
 * a name stands for any key where keys are free.
 */
export function explain(path: string): FieldDocumentation | UnknownField {
  const [kind = '', ...segments] = path.split('.').filter((segment) => segment !== '')
  const kinds = explainableKinds()
  const known = kinds.find((each) => each.toLowerCase() === kind.toLowerCase())
  if (known === undefined) return { known: '', name: kind, suggestion: suggest(kind, kinds), choices: kinds }
  const root = schemaAt(known, [])
  const [first] = segments
  const inSpec = stepInto(root, 'spec')
  if (first === undefined || stepInto(root, first).length > 0) return follow(known, root, segments)
  const found = follow(known, root, ['spec', ...segments])
  const isNear = isDocumentation(found) || found.known !== `${known}.spec` || found.suggestion !== undefined
  return isNear || inSpec.length === 0 ? found : follow(known, root, segments)
}

function follow(
  kind: string,
  root: SchemaPlaces,
  segments: readonly string[],
): FieldDocumentation | UnknownField {
  let places = root
  let isRequired = false
  const passed = [kind]
  for (const segment of segments) {
    const next = below(places, segment)
    if (next.length === 0) {
      const choices = namesBelow(places)
      return { known: passed.join('.'), name: segment, suggestion: suggest(segment, choices), choices }
    }
    isRequired = requiredIn(places).has(segment)
    places = next
    passed.push(segment)
  }
  return { path: passed.join('.'), isRequired, ...summaryOf(places), ...detailsOf(places) }
}

/** A field, or the field of each item. */
function below(places: SchemaPlaces, segment: string): SchemaPlaces {
  const named = stepInto(places, segment)
  return named.length > 0 ? named : stepInto(stepInto(places, '0'), segment)
}

function namesBelow(places: SchemaPlaces): readonly string[] {
  const own = fieldsIn(places)
  return own.length > 0 ? own : fieldsIn(stepInto(places, '0'))
}

function summaryOf(places: SchemaPlaces): { readonly type: string; readonly description: string } {
  const description = places.map(({ schema }) => schema.description).find((text) => typeof text === 'string')
  const text = typeof description === 'string' ? description : ''
  return { type: describeExpected(places), description: text.replace(defaultSentence, '').trim() }
}

function detailsOf(places: SchemaPlaces): Pick<FieldDocumentation, 'default' | 'examples' | 'fields'> {
  const examples = places.map(({ schema }) => schema.examples).find(Array.isArray)
  const inner = fieldsIn(places).length > 0 ? places : stepInto(places, '0')
  const required = requiredIn(inner)
  return {
    default: defaultOf(places),
    examples: Array.isArray(examples) ? examples : [],
    fields: fieldsIn(inner).map((name) => ({
      name,
      ...summaryOf(stepInto(inner, name)),
      isRequired: required.has(name),
    })),
  }
}

/** The schemas say defaults in words, at the end of their descriptions: `Default: none.`, `Default by ...: ...`. */
const defaultSentence = /\bDefault(?: [^:.]*)?: (.+?)\.?$/

function defaultOf(places: SchemaPlaces): string | undefined {
  for (const { schema } of places) {
    if (typeof schema.description !== 'string') continue
    const found = defaultSentence.exec(schema.description)
    if (found) return found[1]
  }
  return undefined
}

function requiredIn(places: SchemaPlaces): ReadonlySet<string> {
  return new Set(
    places.flatMap(({ schema }) => (Array.isArray(schema.required) ? schema.required.map(String) : [])),
  )
}

/** Whether a field was found. */
export function isDocumentation(found: FieldDocumentation | UnknownField): found is FieldDocumentation {
  return 'path' in found
}
