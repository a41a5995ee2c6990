import type { Invocation } from './invocation.ts'

/** Prints a document for programs on standard output. */
export async function printDocument(
  call: Invocation,
  format: 'json' | 'yaml',
  document: unknown,
): Promise<void> {
  const isJson = format === 'json'
  call.out.write(isJson ? `${JSON.stringify(document, null, 2)}\n` : await maskedYaml(call, document))
}

/** YAML breaks and quotes long texts in ways in which a secret would not be found any more, so it is masked before. */
async function maskedYaml({ mask }: Invocation, document: unknown): Promise<string> {
  const { yamlText } = await import('../reports/yaml-text.ts')
  return yamlText(mask.isEmpty ? document : JSON.parse(mask.mask(JSON.stringify(document))))
}
