import { explain, explainableKinds, isDocumentation } from '../../manifests/explain.ts'

/** What may follow in a path such as `Process.spec.e`. */
export function fieldsAfter(begun: string): readonly string[] {
  const end = begun.lastIndexOf('.')
  if (end < 0) return explainableKinds()
  const parent = begun.slice(0, end)
  const found = explain(parent)
  return isDocumentation(found) ? found.fields.map(({ name }) => `${parent}.${name}`) : []
}
