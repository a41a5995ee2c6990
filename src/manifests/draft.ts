import type { Diagnostic } from '../core/diagnostic.ts'
import type { Resource } from '../core/resource.ts'
import { readControls } from './controls.ts'
import type { Layered } from './environment.ts'
import { Faults } from './faults.ts'
import { fieldsIn, schemaAt, stepInto } from './schema-walk.ts'
import { positionAt } from './source-file.ts'
import { type MapTree, treeValue } from './tree.ts'

/** A valid document on its way to a resource: its references are not resolved yet. */
export interface Draft {
  readonly document: Layered
  readonly resource: Resource<object>
  readonly faults: Faults
}

/** What a valid document holds, by its schema. */
interface ValidDocument {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: object
}

/** Makes a draft of a document that its schema found valid. Of the same tree it is the same resource each time. */
export function draft(document: Layered): Draft {
  const faults = new Faults(document.root)
  const part = drafted.get(document.root) ?? read(document)
  drafted.set(document.root, part)
  faults.diagnostics.push(...part.diagnostics)
  return { document, resource: part.resource, faults }
}

/** What a tree says by itself, which stays the same where its text does. */
interface Part {
  readonly resource: Resource<object>
  /** Of its common fields. */
  readonly diagnostics: readonly Diagnostic[]
}

const drafted = new WeakMap<MapTree, Part>()

function read(document: Layered): Part {
  const faults = new Faults(document.root)
  const { metadata, spec = {} } = treeValue(document.root) as ValidDocument
  const common = commonFields(document.kind)
  const own = Object.fromEntries(Object.entries(spec).filter(([field]) => !common.has(field)))
  const resource: Resource<object> = Object.freeze({
    id: document.id,
    kind: document.kind,
    name: document.name,
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    spec: own,
    controls: readControls(spec, faults),
    origin: positionAt(document.file, document.root.span.start),
    unresolved: [],
  })
  return { resource, diagnostics: faults.diagnostics }
}

const known = new Map<string, ReadonlySet<string>>()

/** The fields of `spec` that every kind has, and that are no part of a kind's own spec. */
function commonFields(kind: string): ReadonlySet<string> {
  const before = known.get(kind)
  if (before) return before
  const controls = schemaAt(kind, ['spec']).filter(({ home }) => home.endsWith('/common.schema.json'))
  const fields = new Set(fieldsIn(controls).filter((field) => stepInto(controls, field).length > 0))
  known.set(kind, fields)
  return fields
}
