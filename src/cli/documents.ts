import { shown } from '../core/shown.ts'
import type { Invocation } from './invocation.ts'

/**
 * Prints a document for programs on standard output. It is masked as a whole, because a value may make a text of itself only
 * for JSON. What may hold others' texts is masked by its parts before as well: a document leaves out what is invisible in
 * them, and a secret that lost a character is not found any more.
 */
export async function printDocument(
  call: Invocation,
  format: 'json' | 'yaml',
  document: unknown,
): Promise<void> {
  const made: unknown = call.mask.isEmpty ? document : shown(JSON.parse(JSON.stringify(document)), call.mask)
  if (format === 'json') call.out.write(`${JSON.stringify(made, null, 2)}\n`)
  else {
    const { yamlText } = await import('../reports/yaml-text.ts')
    call.out.write(yamlText(made))
  }
}
