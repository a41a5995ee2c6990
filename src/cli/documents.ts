import { yamlText } from '../reports/yaml-text.ts'
import type { Invocation } from './invocation.ts'

/** Prints a document for programs on standard output. */
export function printDocument(call: Invocation, format: 'json' | 'yaml', document: unknown): void {
  call.out.write(format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : yamlText(document))
}
