import { type RulingKind, rulingKinds } from './hidden-settings.ts'
import { type ManifestFile, parseManifestFile, readManifestFiles } from './manifest-file.ts'
import { validateDocument } from './validate.ts'

/** A file that was not named, as far as it counts. */
export interface BesideFile extends ManifestFile {
  /** Whether nothing is wrong with the rest of it either, as far as the file itself tells. */
  readonly isSound: boolean
}

/**
 * The Fleet and the policies of files that were not named with `-f`: to name one file must be no way around them, and
 * what it makes must be of the same fleet. Of a file that seems to hold one, what is wrong with it counts as well.
 */
export async function readBeside(
  paths: readonly string[],
  kinds: readonly string[],
): Promise<readonly BesideFile[]> {
  if (paths.length === 0) return []
  const files = (await readManifestFiles(paths, kinds)).filter(mayRule).map((file) => ({
    ...onlyRuling(file),
    isSound: file.documents.every(({ kind, root }) => validateDocument(kind, root).length === 0),
  }))
  return files.filter((file) => file.documents.length > 0 || file.diagnostics.length > 0)
}

/** As `readBeside`, of a text that is at hand. */
export async function parseBeside(
  path: string,
  text: string,
  kinds: readonly string[],
): Promise<ManifestFile> {
  return onlyRuling(await parseManifestFile(path, text, kinds))
}

/** Whether a file declares a Fleet or a policy, or something in it that cannot be read may be one. */
function mayRule({ documents, readableIds, hidden }: ManifestFile): boolean {
  return documents.some(({ kind }) => isRuling(kind)) || readableIds.some(isRulingId) || hidden.length > 0
}

function onlyRuling(file: ManifestFile): ManifestFile {
  return {
    ...file,
    documents: file.documents.filter(({ kind }) => isRuling(kind)),
    readableIds: file.readableIds.filter(isRulingId),
  }
}

function isRulingId(id: string): boolean {
  return rulingKinds.some((kind) => id.startsWith(`${kind}/`))
}

function isRuling(kind: string): kind is RulingKind {
  return rulingKinds.some((each) => each === kind)
}
