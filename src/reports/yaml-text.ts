import { stringify } from 'yaml'

/** A document of these reports as YAML; the same value as its JSON. */
export function yamlText(document: unknown): string {
  return stringify(document, { lineWidth: 100, aliasDuplicateObjects: false })
}
