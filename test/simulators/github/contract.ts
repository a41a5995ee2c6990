import { Ajv, type ValidateFunction } from 'ajv'
import { description, type ResponseDescription, type Schema } from './description.ts'

/** Holds answers to GitHub's own description of them. */
export class Contract {
  readonly #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  readonly #validators = new Map<string, ValidateFunction | undefined>()

  constructor() {
    for (const [name, schema] of Object.entries(description.components.schemas)) {
      this.#ajv.addSchema(forAjv(schema) as Schema, `#/components/schemas/${name}`)
    }
  }

  /** What is wrong with an answer; empty: nothing. */
  faultsOf(answer: {
    readonly path: string
    readonly method: string
    readonly status: number
    readonly body: unknown
  }): readonly string[] {
    const { path, method, status, body } = answer
    const operation = description.paths[path]?.[method.toLowerCase()]
    if (!operation) return [`${method} ${path} is not described`]
    const response = operation.responses[String(status)]
    // Errors of the whole API (401, 403 of limits, 5xx) and 304 are described nowhere.
    if (!response) return status >= 400 || status === 304 ? [] : [`${method} ${path} never answers ${status}`]
    const validate = this.#validatorOf(`${method} ${path} ${status}`, response)
    if (!validate || validate(body)) return []
    return (validate.errors ?? []).map(
      (error) => `${method} ${path} ${status}: ${error.instancePath} ${error.message}`,
    )
  }

  #validatorOf(key: string, response: ResponseDescription): ValidateFunction | undefined {
    if (this.#validators.has(key)) return this.#validators.get(key)
    const resolved = response.$ref
      ? description.components.responses[response.$ref.split('/').at(-1) ?? '']
      : response
    const schema = resolved?.content?.['application/json']?.schema
    const validate = schema && this.#ajv.compile(forAjv(schema) as Schema)
    this.#validators.set(key, validate)
    return validate
  }
}

/** OpenAPI 3.0's `nullable` in words that JSON Schema has, and its references as ids of their own. */
function forAjv(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(forAjv)
  if (value === null || typeof value !== 'object') return value
  const { nullable, ...schema } = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, forAjv(inner)]),
  )
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema
}
