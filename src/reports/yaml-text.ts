import { stringify } from 'yaml'

/**
 * A document of these reports as YAML; the same value as its JSON. `width` folds long texts for people; without it
 * nothing is folded, because what `yaml` folds next to a line break does not always come back the same.
 */
export function yamlText(document: unknown, width = 0): string {
  return stringify(document, { lineWidth: width, aliasDuplicateObjects: false })
}
