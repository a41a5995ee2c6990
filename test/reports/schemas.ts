import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect } from 'vitest'

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true })
addFormats.default(ajv)

/** Fails unless a document is valid by `schemas/<name>.schema.json`, after it went through JSON. */
export function expectValid(name: 'plan' | 'status' | 'check' | 'report', document: unknown): void {
  const validate =
    ajv.getSchema(`https://reconcile.dev/schemas/${name}.schema.json`) ?? ajv.compile(readSchema(name))
  validate(JSON.parse(JSON.stringify(document)))
  expect(validate.errors ?? []).toEqual([])
}

export function readSchema(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8'))
}
