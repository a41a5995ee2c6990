/** The line of ours that names a schema by its address on the web, where nothing answers. */
const webLine =
  /^# yaml-language-server: \$schema=https:\/\/reconcile\.dev\/schemas\/[a-z-]+\.schema\.json(?=\r?$)/m

/** A manifest whose line names a schema at hand in its place; the same text where it has no such line. */
export function withLocalSchema(text: string, schema: string): string {
  return text.replace(webLine, `# yaml-language-server: $schema=${schema}`)
}
