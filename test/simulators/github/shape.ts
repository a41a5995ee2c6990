import { description, type Schema } from './description.ts'

const templates = new Map<string, Readonly<Record<string, unknown>>>()

/**
 * An object of GitHub's with the fields that matter, and a harmless value for every other one that his description
 * requires: answers are whole, and nothing of them is written by hand that nobody reads.
 */
export function shaped(name: string, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let template = templates.get(name)
  if (!template) {
    template = Object.freeze(fillObject(schemaNamed(name)))
    templates.set(name, template)
  }
  return { ...template, ...values }
}

function schemaNamed(name: string): Schema {
  const schema = description.components.schemas[name]
  if (!schema) throw new Error(`No schema ${name} in the description`)
  return schema
}

function fillObject(schema: Schema): Record<string, unknown> {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>
  const required = (schema.required ?? []) as readonly string[]
  return Object.fromEntries(required.map((field) => [field, fill(properties[field] ?? {})]))
}

function fill(schema: Schema): unknown {
  if (typeof schema.$ref === 'string') return fill(schemaNamed(schema.$ref.split('/').at(-1) ?? ''))
  if (schema.nullable === true) return null
  if (Array.isArray(schema.enum)) return schema.enum[0]
  for (const word of ['oneOf', 'anyOf', 'allOf']) {
    const [first] = (schema[word] ?? []) as readonly Schema[]
    if (first) return fill(first)
  }
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time'
        ? '2020-01-01T00:00:00Z'
        : schema.format === 'uri'
          ? 'https://github.test/'
          : ''
    case 'integer':
    case 'number':
      return 0
    case 'boolean':
      return false
    case 'array':
      return []
    default:
      return fillObject(schema)
  }
}
