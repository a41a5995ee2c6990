import { yamlText } from '../reports/yaml-text.ts'
import type { Invocation } from './invocation.ts'

/** Prints a document for programs on standard output. */
export function printDocument(call: Invocation, format: 'json' | 'yaml', document: unknown): void {
  call.out.write(format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : maskedYaml(call, document))
}

/** YAML breaks and quotes long texts in ways in which a secret would not be found any more, so it is masked before. */
function maskedYaml({ mask }: Invocation, document: unknown): string {
  return yamlText(mask.isEmpty ? document : JSON.parse(mask.mask(JSON.stringify(document))))
}
