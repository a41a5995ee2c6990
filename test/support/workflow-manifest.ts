/** A Workflow manifest with the given spec, as YAML text. */
export function workflowManifest(name: string, spec: string): string {
  return `apiVersion: reconcile.dev/v1\nkind: Workflow\nmetadata: { name: ${name} }\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`
}
