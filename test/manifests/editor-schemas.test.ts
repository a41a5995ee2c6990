import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { schemas, validators } from '../../src/manifests/schemas.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const textOf = (name: string) => readFileSync(join(root, 'schemas/editor', `${name}.schema.json`), 'utf8')

/** Draft 7, as most editors know it. */
function validatorOf(name: string): (document: unknown) => boolean {
  const ajv = new Ajv({ strict: false, allErrors: true })
  addFormats.default(ajv, ['date-time'])
  return ajv.compile(JSON.parse(textOf(name)))
}
const isManifest = validatorOf('manifest')
const isPatch = validatorOf('patch')

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Document = { readonly kind: string; readonly spec: { readonly [key: string]: Json } }

/** Of every kind what its schema and the sample fleet have, with every field's own examples put into it. */
const documents: readonly Document[] = Object.entries(schemas).flatMap(([, schema]) => {
  const kind = (schema.properties as { kind?: { const?: string } } | undefined)?.kind?.const
  if (kind === undefined) return []
  const whole = (schema.examples as Document[] | undefined) ?? []
  return [...whole, ...sampleFleet().filter((document) => document.kind === kind)]
})

function sampleFleet(): readonly Document[] {
  const folder = join(root, 'manifests')
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
  return files.flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((each) => each.toJS() as Document),
  )
}

/** A document with one thing changed in it: a field gone, misspelt, null, or of another type. */
function* changed(value: Json, path: readonly string[] = []): Generator<{ what: string; document: Json }> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  const map = value as { readonly [key: string]: Json }
  for (const [key, child] of Object.entries(map)) {
    const { [key]: _, ...rest } = map
    const at = [...path, key].join('.')
    yield { what: `without ${at}`, document: rest }
    yield { what: `null ${at}`, document: { ...map, [key]: null } }
    yield { what: `list ${at}`, document: { ...map, [key]: [[]] } }
    yield { what: `beside ${at}`, document: { ...map, [`${key}Misspelt`]: child } }
    for (const inner of changed(child, [...path, key]))
      yield { what: inner.what, document: { ...map, [key]: inner.document } }
  }
}

test('there are documents of every kind', () => {
  expect([...new Set(documents.map(({ kind }) => kind))].sort()).toEqual(Object.keys(validators).sort())
})

test('what editors check manifests by says of each document what our own schemas say', () => {
  let valid = 0
  let invalid = 0
  for (const whole of documents) {
    const all = [{ what: 'whole', document: whole as unknown as Json }, ...changed(whole as unknown as Json)]
    for (const { what, document } of all) {
      const { kind } = document as { readonly kind?: Json }
      // Without a kind that is known there is nothing to compare with.
      if (typeof kind !== 'string') continue
      const expected = validators[kind]?.(document) ?? false
      expect(isManifest(document), `${what} in ${JSON.stringify(document)}`).toBe(expected)
      if (expected) valid += 1
      else invalid += 1
    }
  }
  expect(valid).toBeGreaterThan(50)
  expect(invalid).toBeGreaterThan(300)
})

test('what editors check environments by demands nothing but a name, takes null, and knows every field', () => {
  for (const whole of documents) {
    expect(isPatch(whole), JSON.stringify(whole)).toBe(true)
    for (const { what, document } of changed(whole.spec)) {
      const patch = { ...whole, spec: document } as unknown
      // Keys that are free, as those of `env`, are no misspelling.
      const isFree = validators[whole.kind]?.({ ...whole, spec: document }) ?? false
      const expected = /^(without|null) /.test(what) || isFree
      expect(isPatch(patch), `${what} in ${JSON.stringify(patch)}`).toBe(expected)
    }
  }
  const head = { apiVersion: 'reconcile.dev/v1', kind: 'Process' }
  expect(isPatch({ ...head, metadata: { name: 'api' }, $delete: true })).toBe(true)
  expect(isPatch({ ...head, metadata: { name: 'api' }, $delete: false })).toBe(false)
  expect(isPatch({ ...head, spec: {} })).toBe(false)
  expect(isPatch({ ...head, kind: 'Fleet', spec: { health: { target: 90 } } })).toBe(true)
  expect(isManifest({ ...head, metadata: { name: 'api' }, spec: { script: 'a' }, $delete: true })).toBe(false)
})

test('both are found wherever they are copied to', () => {
  for (const name of ['manifest', 'patch']) {
    const references = [...textOf(name).matchAll(/"\$ref": "([^"]*)"/g)].map(([, reference]) => reference)
    expect(references.filter((reference) => !reference?.startsWith('#/definitions/'))).toEqual([])
  }
})
