import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'

type Schema = { readonly [key: string]: unknown }

interface Description {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<string, { readonly responses?: Readonly<Record<string, { readonly schema?: Schema }>> }>
      >
    >
  >
}

/** The part of Netlify's published description that is kept here; `scripts/netlify-api-subset.mjs` makes it. */
const description = JSON.parse(
  readFileSync(new URL('./openapi.json', import.meta.url), 'utf8'),
) as Description

/** Holds answers to Netlify's own description of them. */
export class Contract {
  readonly #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  readonly #validators = new Map<string, ValidateFunction | undefined>()

  /** What is wrong with an answer; empty: nothing. */
  faultsOf(answer: {
    readonly path: string
    readonly method: string
    readonly status: number
    readonly body: unknown
  }): readonly string[] {
    const { path, method, status, body } = answer
    const operation = description.paths[path]?.[method.toLowerCase()]
    if (!operation?.responses) return [`${method} ${path} is not described`]
    const response = operation.responses[String(status)]
    if (!response) return status >= 400 ? [] : [`${method} ${path} never answers ${status}`]
    const key = `${method} ${path} ${status}`
    if (!this.#validators.has(key)) {
      this.#validators.set(key, response.schema && this.#ajv.compile(nullable(response.schema) as Schema))
    }
    const validate = this.#validators.get(key)
    if (!validate || validate(body)) return []
    return (validate.errors ?? []).map((error) => `${key}: ${error.instancePath} ${error.message}`)
  }
}

/** Swagger 2.0 has no word for what may be null, and Netlify's answers have nulls in most of their fields. */
function nullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullable)
  if (value === null || typeof value !== 'object') return value
  const schema = Object.fromEntries(
    Object.entries(value as Schema).map(([key, inner]) => [
      key,
      key === 'properties'
        ? Object.fromEntries(
            Object.entries(inner as Schema).map(([name, property]) => [
              name,
              { anyOf: [nullable(property), { type: 'null' }] },
            ]),
          )
        : nullable(inner),
    ]),
  )
  return schema
}
