/** A Process manifest with the given spec, as YAML text. */
export function processManifest(name: string, spec: string): string {
  return `apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: ${name} }\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`
}
