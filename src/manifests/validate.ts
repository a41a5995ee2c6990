import type { Diagnostic } from '../core/diagnostic.ts'
import { findEncryptedFaults, valueForSchema } from './encrypted.ts'
import { printable, quote } from './excerpt.ts'
import {
  describeActual,
  describeExpected,
  hasTypeOf,
  joinWords,
  typeHint,
  typesIn,
  wordsIn,
} from './expectation.ts'
import { type Finding, faultAt } from './fault.ts'
import { fieldsIn, isSecretPlace, keyRule, schemaAt } from './schema-walk.ts'
import { type ValidationError, validators } from './schemas.ts'
import { suggest } from './suggest.ts'
import { formatPath, formatPointer, type Place, parsePointer, placeAt, spanOf, type Tree } from './tree.ts'

/** Most faults told of one document; beyond that it is something else. */
const maxFaults = 100

/** A tree never changes, and what is read again and again is mostly what it was. */
const judged = new WeakMap<Tree, readonly Diagnostic[]>()

/** Judges a document by the schema of its kind: one diagnostic a fault, at the very key or value. */
export function validateDocument(kind: string, root: Tree): readonly Diagnostic[] {
  const known = judged.get(root) ?? judge(kind, root)
  judged.set(root, known)
  return known
}

function judge(kind: string, root: Tree): readonly Diagnostic[] {
  const validate = validators[kind]
  const encrypted = findEncryptedFaults(kind, root)
  const told = encrypted.map(({ fault }) => fault)
  if (!validate || validate(valueForSchema(root))) return told
  const byPath = new Map<string, ValidationError[]>()
  const hidden = encrypted.map(({ path }) => formatPointer(path))
  for (const error of validate.errors ?? []) {
    if (hidden.some((pointer) => `${error.instancePath}/`.startsWith(`${pointer}/`))) continue
    const group = byPath.get(error.instancePath)
    if (group) group.push(error)
    else byPath.set(error.instancePath, [error])
  }
  const paths = [...byPath.keys()]
  const diagnostics: Diagnostic[] = [...told]
  for (const [pointer, errors] of byPath) {
    const isDeeper = paths.some((other) => other.startsWith(`${pointer}/`))
    diagnostics.push(...new PathFaults(kind, root, pointer).judge(errors, isDeeper))
    if (diagnostics.length >= maxFaults) break
  }
  return diagnostics
}

/** The faults of one place in a document. */
class PathFaults {
  readonly #kind: string
  readonly #path: readonly string[]
  readonly #place: Place

  constructor(kind: string, root: Tree, pointer: string) {
    this.#kind = kind
    this.#path = parsePointer(pointer)
    this.#place = placeAt(root, this.#path)
  }

  judge(errors: readonly ValidationError[], isDeeper: boolean): readonly Diagnostic[] {
    const found = [...this.#unknownFields(errors), ...this.#badKeys(errors), ...this.#missingFields(errors)]
    const double = errors.find((error) => error.keyword === 'uniqueItems')
    if (double) found.push(this.#duplicate(double))
    const schema = schemaAt(this.#kind, this.#path)
    const types = typesIn(schema)
    const isTypeFine = hasTypeOf(types, this.#place.tree)
    // A reference is told apart from its siblings by the keys it has; its own words stand in its `oneOf`.
    const reference = errors.find((error) => error.keyword === 'oneOf')
    if (isTypeFine && reference && this.#place.tree.type === 'map') {
      if (found.length === 0) found.push(this.#reference())
    } else if (!isTypeFine) found.push(this.#wrongType())
    else if (found.length === 0 && !isDeeper && errors.some((error) => !structural.has(error.keyword))) {
      found.push(this.#wrongValue(errors))
    }
    return found
  }

  #unknownFields(errors: readonly ValidationError[]): Diagnostic[] {
    const { tree } = this.#place
    if (tree.type !== 'map') return []
    const known = fieldsIn(schemaAt(this.#kind, this.#path))
    const names = errors.flatMap(
      ({ params }) => params.additionalProperty ?? params.unevaluatedProperty ?? [],
    )
    // A branch that failed leaves its fields unevaluated: they are known all the same.
    const unknown = new Set(names.map(String).filter((name) => !known.includes(name)))
    return [...unknown].flatMap((name) => {
      const entry = tree.entries.get(name)
      if (!entry) return []
      const free = known.filter((field) => !tree.entries.has(field))
      const meant = suggest(name, free)
      const where = this.#path.length === 0 ? 'a document' : `\`${formatPath(this.#path)}\``
      return faultAt(entry.key, {
        code: 'unknown-field',
        message: `The field ${quote(name)} does not exist in ${where}`,
        hint: meant ? `Did you mean \`${meant}\`?` : (elsewhere(this.#kind, name) ?? listFields(free)),
      })
    })
  }

  #badKeys(errors: readonly ValidationError[]): Diagnostic[] {
    const { tree } = this.#place
    if (tree.type !== 'map') return []
    const names = new Set(
      errors.flatMap((error) => (error.keyword === 'propertyNames' ? error.params.propertyName : [])),
    )
    return [...names].flatMap((name) => {
      const entry = tree.entries.get(String(name))
      const rule = keyRule(schemaAt(this.#kind, this.#path))
      return entry
        ? faultAt(entry.key, {
            code: 'invalid-key',
            message: `The key ${quote(String(name))} is not allowed in \`${formatPath(this.#path)}\``,
            hint: rule,
          })
        : []
    })
  }

  #missingFields(errors: readonly ValidationError[]): Diagnostic[] {
    const { tree, key } = this.#place
    if (tree.type !== 'map') return []
    const isReference = errors.some((error) => error.keyword === 'oneOf')
    const names = errors.flatMap((error) =>
      error.keyword === 'required' ? error.params.missingProperty : [],
    )
    return [...new Set(names.map(String))].flatMap((name) => {
      if (isReference && name.startsWith('from')) return []
      const path = [...this.#path, name]
      const misspelt = [...tree.entries.keys()].find(
        (other) =>
          suggest(other, [name]) === name && schemaAt(this.#kind, [...this.#path, other]).length === 0,
      )
      // The misspelt field is told with its suggestion: one fault, one diagnostic.
      if (misspelt) return []
      return faultAt(key ?? { ...tree.span, end: tree.span.start + 1 }, {
        code: 'missing-field',
        message: `The field \`${formatPath(path)}\` is required and missing`,
        hint: `Expected ${describeExpected(schemaAt(this.#kind, path))}.`,
      })
    })
  }

  #duplicate(error: ValidationError): Diagnostic {
    const items = this.#place.tree.type === 'list' ? this.#place.tree.items : []
    const later = Math.max(Number(error.params.i), Number(error.params.j))
    const item = items[later]
    return faultAt(item ? spanOf({ key: undefined, tree: item }) : spanOf(this.#place), {
      code: 'duplicate-item',
      message: `The list \`${formatPath(this.#path)}\` holds one item twice`,
      hint: 'Remove one of them.',
    })
  }

  #reference(): Diagnostic {
    return this.#fault({
      code: 'reference-shape',
      message: `Expected \`${formatPath(this.#path)}\` to have exactly one of \`fromEnv\`, \`fromFile\` and \`fromCommand\``,
      hint: 'Write for example { fromEnv: NAME }.',
    })
  }

  #wrongType(): Diagnostic {
    const isSecret = isSecretPlace(this.#kind, this.#path)
    const meant = this.#meantWord(isSecret)
    return this.#fault({
      code: 'wrong-type',
      message: `${this.#expected()}, got ${describeActual(this.#place.tree, isSecret)}`,
      hint: meant ?? typeHint(schemaAt(this.#kind, this.#path), this.#place.tree, isSecret),
    })
  }

  #wrongValue(errors: readonly ValidationError[]): Diagnostic {
    const isSecret = isSecretPlace(this.#kind, this.#path)
    const schema = schemaAt(this.#kind, this.#path)
    const isForm = errors.some((error) => error.keyword === 'pattern' || error.keyword === 'format')
    const isSaid = schema.some((place) => place.schema['x-expected'] !== undefined)
    const length = errors.find((error) => /^m(?:in|ax)(?:Length|Items|Properties)$/.test(error.keyword))
    const actual = describeActual(this.#place.tree, isSecret)
    if (length && !isSaid) {
      const limit = length.keyword.startsWith('min') ? 'at least' : 'at most'
      const unit = { h: 'characters', s: 'items or fields' }[length.keyword.slice(-1)]
      const shown = this.#place.tree.type === 'scalar' ? `, got ${actual}` : ''
      return this.#fault({
        code: 'wrong-value',
        message: `Expected ${this.#name()} to have ${limit} ${length.params.limit} ${unit}${shown}`,
      })
    }
    const description = schema
      .map((place) => place.schema.description)
      .find((text) => typeof text === 'string')
    return this.#fault({
      code: 'wrong-value',
      message:
        isForm && !isSaid
          ? `Expected ${this.#name()} to have another form, got ${actual}`
          : `${this.#expected()}, got ${actual}${isSecret ? '' : this.#strangeCharacter(errors)}`,
      hint: this.#meantWord(isSecret) ?? (isForm && !isSaid ? description : undefined),
    })
  }

  /** Names the first character that may not be there, where the form is a set of characters. */
  #strangeCharacter(errors: readonly ValidationError[]): string {
    const { tree } = this.#place
    const pattern = errors.find((error) => error.keyword === 'pattern')?.params.pattern
    if (tree.type !== 'scalar' || typeof tree.value !== 'string' || typeof pattern !== 'string') return ''
    if (!/^\^\[(?:[^\]\\]|\\.)+\][+*]\$$/.test(pattern)) return ''
    const form = new RegExp(pattern, 'u')
    const strange = [...tree.value].find((character) => !form.test(character))
    return strange === undefined ? '' : `: ${quote(strange)} is not allowed in it`
  }

  #meantWord(isSecret: boolean): string | undefined {
    const { tree } = this.#place
    if (isSecret || tree.type !== 'scalar' || typeof tree.value !== 'string') return undefined
    const meant = suggest(tree.value, wordsIn(schemaAt(this.#kind, this.#path)))
    return meant ? `Did you mean \`${meant}\`?` : undefined
  }

  #expected(): string {
    return `Expected ${this.#name()} to be ${describeExpected(schemaAt(this.#kind, this.#path))}`
  }

  #name(): string {
    return this.#path.length === 0 ? 'the document' : `\`${formatPath(this.#path)}\``
  }

  #fault(finding: Finding): Diagnostic {
    return faultAt(spanOf(this.#place), finding)
  }
}

/** Keywords that only point at faults told elsewhere. */
const structural: ReadonlySet<string> = new Set([
  'required',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
  'uniqueItems',
  'if',
])

/** Where a field of this name does exist: most often it was indented wrongly. */
function elsewhere(kind: string, name: string): string | undefined {
  const found: string[] = []
  const look = (path: readonly string[], depth: number) => {
    for (const field of fieldsIn(schemaAt(kind, path))) {
      const inner = [...path, field]
      if (field === name) found.push(`\`${formatPath(inner)}\``)
      else if (depth < 4) look(inner, depth + 1)
    }
  }
  look([], 0)
  return found.length > 0 && found.length < 4 ? `There is ${joinWords(found)}.` : undefined
}

function listFields(fields: readonly string[]): string | undefined {
  if (fields.length === 0) return undefined
  const shown = fields.slice(0, 12).map(printable)
  return `Known fields: ${shown.join(', ')}${fields.length > shown.length ? ', ...' : ''}.`
}
