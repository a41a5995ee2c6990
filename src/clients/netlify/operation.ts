import { methods } from 'netlify'

/** One call of Netlify's API as its published description names it. */
export interface Operation {
  readonly verb: string
  /** With `{names}` in it. */
  readonly path: string
}

const operations: ReadonlyMap<string, Operation> = new Map(
  methods.map(({ operationId, verb, path }) => [operationId, { verb: verb.toUpperCase(), path }]),
)

/** The operation of a name; there is none only where the description is not the one that this was written for. */
export function operationNamed(name: string): Operation {
  const operation = operations.get(name)
  if (!operation) throw new TypeError(`Netlify's description has no operation ${name}`)
  return operation
}

/** The path with its names filled in, each as one segment; `path` may hold slashes. */
export function fillPath(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined || value === '') throw new TypeError(`No ${name} for ${template}`)
    return encodeURIComponent(value)
  })
}
