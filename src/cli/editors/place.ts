import { relative, sep } from 'node:path'

/** Where the manifests and the schemas of editors lie, as paths from the folder that editors open. */
export interface EditorPlace {
  /** What editors open, absolute. */
  readonly root: string
  /** The manifests folder, such as `manifests`; empty: the root itself. */
  readonly folder: string
  /** Such as `./manifests/.schemas/manifest.schema.json`. */
  readonly manifestSchema: string
  readonly patchSchema: string
}

/** Where the copies of schemas lie, below the manifests folder. Hidden, so that nobody takes it for manifests. */
export const schemasFolderName = '.schemas'

export function editorPlace(root: string, folder: string): EditorPlace {
  const way = relative(root, folder).split(sep).join('/')
  const prefix = way === '' ? '.' : `./${way}`
  return {
    root,
    folder: way,
    manifestSchema: `${prefix}/${schemasFolderName}/manifest.schema.json`,
    patchSchema: `${prefix}/${schemasFolderName}/patch.schema.json`,
  }
}

/** Which files follow which schema, for the YAML language server: a file of an environment is no manifest by itself. */
export function schemaGlobs({
  folder,
  manifestSchema,
  patchSchema,
}: EditorPlace): Readonly<Record<string, readonly string[]>> {
  const below = folder === '' ? '' : `/${folder}`
  return {
    [manifestSchema]: [`${below}/**/*.yaml`, `${below}/**/*.yml`, `!${below}/environments/**`],
    [patchSchema]: [`${below}/environments/**/*.yaml`, `${below}/environments/**/*.yml`],
  }
}
