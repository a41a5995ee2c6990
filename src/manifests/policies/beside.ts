import { type ManifestFile, parseManifestFile, readManifestFiles } from '../manifest-file.ts'

/**
 * The policies of files that were not named with `-f`: to name one file must be no way around them. Of a file that
 * seems to hold one, what is wrong with it counts as well.
 */
export async function readPoliciesBeside(
  paths: readonly string[],
  kinds: readonly string[],
): Promise<readonly ManifestFile[]> {
  if (paths.length === 0) return []
  const files = (await readManifestFiles(paths, kinds)).filter(mayHoldPolicy).map(onlyPolicies)
  return files.filter((file) => file.documents.length > 0 || file.diagnostics.length > 0)
}

/** As `readPoliciesBeside`, of a text that is at hand. */
export async function parsePoliciesBeside(
  path: string,
  text: string,
  kinds: readonly string[],
): Promise<ManifestFile> {
  return onlyPolicies(await parseManifestFile(path, text, kinds))
}

/** Whether a file declares a policy, or something in it that cannot be read may be one. */
function mayHoldPolicy({ documents, readableIds, hidden }: ManifestFile): boolean {
  return (
    documents.some(({ kind }) => kind === 'Policy') ||
    readableIds.some((id) => id.startsWith('Policy/')) ||
    hidden.includes('Policy')
  )
}

function onlyPolicies(file: ManifestFile): ManifestFile {
  return {
    ...file,
    documents: file.documents.filter(({ kind }) => kind === 'Policy'),
    readableIds: file.readableIds.filter((id) => id.startsWith('Policy/')),
  }
}
