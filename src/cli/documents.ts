import { shown } from '../core/shown.ts'
import type { Invocation } from './invocation.ts'

/** Prints a document for programs on standard output. */
export async function printDocument(
  call: Invocation,
  format: 'json' | 'yaml',
  document: unknown,
): Promise<void> {
  // Plain data: what a value makes of itself for JSON is masked as well.
  const made: unknown = call.mask.isEmpty ? document : shown(JSON.parse(JSON.stringify(document)), call.mask)
  if (format === 'json') call.out.write(`${JSON.stringify(made, null, 2)}\n`)
  else {
    const { yamlText } = await import('../reports/yaml-text.ts')
    call.out.write(yamlText(made))
  }
}
