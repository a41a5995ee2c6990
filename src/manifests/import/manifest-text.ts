import { dirname, relative, sep } from 'node:path'
import { stringify } from 'yaml'
import { kebab } from './file-names.ts'
import { realPathOf } from './relative-paths.ts'

/** Where the schemas are called by their names on the web, for fleets that do not hold the program. */
const schemaBase = 'https://reconcile.dev/schemas/'

/** A manifest as its file holds it: by the program's own style, so that the same import always makes the same bytes. */
export function manifestText(
  manifest: Readonly<Record<string, unknown>>,
  place: {
    /** The file. */
    readonly path: string
    readonly root: string
    /** The program's own schemas; referred to where they lie in the fleet root. */
    readonly schemasFolder: string
  },
): string {
  const schema = schemaAddress(`${kebab(String(manifest.kind))}.schema.json`, place)
  const body = stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false })
  return `# yaml-language-server: $schema=${schema}\n${body}`
}

function schemaAddress(
  file: string,
  {
    path,
    root,
    schemasFolder,
  }: { readonly path: string; readonly root: string; readonly schemasFolder: string },
): string {
  const schemas = realPathOf(schemasFolder)
  if (!schemas.startsWith(root.endsWith(sep) ? root : root + sep)) return schemaBase + file
  return `${relative(realPathOf(dirname(path)), schemas)}/${file}`
}
