import { stringify } from 'yaml'

/** A document of these reports as YAML; the same value as its JSON. */
export function yamlText(document: unknown, width = 100): string {
  return stringify(document, { lineWidth: width, aliasDuplicateObjects: false })
}
