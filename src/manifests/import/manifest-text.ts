import { existsSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { stringify } from 'yaml'
import { kebab } from './file-names.ts'
import { realPathOf } from './relative-paths.ts'

/** A manifest as its file holds it: by the program's own style, so that the same import always makes the same bytes. */
export function manifestText(
  manifest: Readonly<Record<string, unknown>>,
  place: {
    /** The file. */
    readonly path: string
    /** Whether it is laid over another one. */
    readonly isPatch: boolean
    readonly root: string
    /** The manifests folder. */
    readonly folder: string
    /** Whether `init --editor` puts schemas beside the manifests; default: whether they are there. */
    readonly hasSchemas?: boolean
    /** The program's own schemas; referred to where they lie in the fleet root. */
    readonly schemasFolder: string
  },
): string {
  const schema = schemaOf(String(manifest.kind), place)
  const body = stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false })
  return schema === undefined ? body : `# yaml-language-server: $schema=${schema}\n${body}`
}

/**
 * The schema that an editor finds without a network, relative to the file: the one beside the manifests, or the
 * program's own where it lies in the same repository. Undefined: there is none, and an editor would look in vain.
 */
function schemaOf(
  kind: string,
  { path, isPatch, root, folder, hasSchemas, schemasFolder }: Parameters<typeof manifestText>[1],
): string | undefined {
  const home = dirname(path)
  const beside = join(folder, '.schemas', isPatch ? 'patch.schema.json' : 'manifest.schema.json')
  if (hasSchemas ?? existsSync(beside)) return relative(home, beside).split(sep).join('/')
  const schemas = realPathOf(schemasFolder)
  if (!schemas.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined
  return `${relative(realPathOf(home), schemas)}/${kebab(kind)}.schema.json`
}
