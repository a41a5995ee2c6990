import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { environmentOf } from '../../manifests/files.ts'
import { findFleetRoot } from '../../manifests/fleet-root.ts'
import { realPathOf } from '../../manifests/import/relative-paths.ts'
import { manifestFilesOf } from '../../manifests/scan-ids.ts'
import { displayPath } from '../../reports/names.ts'
import { filesOf } from '../editors/editors.ts'
import { withLocalSchema } from '../editors/modeline.ts'
import { editorPlace, schemasFolderName } from '../editors/place.ts'
import type { Invocation } from '../invocation.ts'
import { findSchemasFolder } from '../schemas-folder.ts'

/** A file as it is and as it is to be. */
interface FileChange {
  /** Absolute. */
  readonly path: string
  readonly before: string | undefined
  readonly after: string
}

/** Names of the schemas that are copied beside the manifests. */
const copies = Object.freeze(['manifest.schema.json', 'patch.schema.json'])

/**
 * The part of `reconcile init --editor` that concerns editors: copies of the schemas beside the manifests, and settings
 * that name them. Made of what is there, before anything is written; what people wrote stays.
 */
export async function planEditorFiles(manifests: string, choice: string): Promise<readonly FileChange[]> {
  // The root has no links in its path, and paths from there must not lead around one.
  const folder = realPathOf(manifests)
  const root = findFleetRoot(folder)
  const place = editorPlace(root, folder)
  const changes: FileChange[] = []
  for (const name of copies) {
    const after = await readFile(join(findSchemasFolder(), 'editor', name), 'utf8')
    const path = join(folder, schemasFolderName, name)
    changes.push({ path, before: await textOf(path), after })
  }
  for (const { path: way, merge } of filesOf(choice)) {
    const path = join(root, way)
    const before = await textOf(path)
    changes.push({ path, before, after: merge(before, place) })
  }
  for (const path of await manifestFilesOf(folder)) {
    const before = (await textOf(path)) ?? ''
    const after = withLocalSchema(before, schemaReference(folder, path))
    if (after !== before) changes.push({ path, before, after })
  }
  return changes
}

/** How a manifest names the schema that it follows. */
function schemaReference(folder: string, path: string): string {
  const name = environmentOf(path, folder) ? 'patch.schema.json' : 'manifest.schema.json'
  return relative(dirname(path), join(folder, schemasFolderName, name))
    .split(sep)
    .join('/')
}

/** Writes what differs, each file whole or not at all, and says of each what became of it. */
export async function writeEditorFiles(
  call: Invocation,
  changes: readonly FileChange[],
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<void> {
  for (const { path, before, after } of changes) {
    const fate = before === undefined ? 'made' : before === after ? 'unchanged' : 'changed'
    if (!isDryRun && fate !== 'unchanged') await write(path, after)
    const word = isDryRun && fate !== 'unchanged' ? `would be ${fate}` : fate
    call.out.write(`${displayPath(path, call.cwd)}: ${word}\n`)
  }
}

/** What was a link stays one, and what nobody else may read stays so. */
async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const real = await realpath(path).catch(() => path)
  const mode = await stat(real).then(
    (stats) => stats.mode & 0o777,
    () => 0o644,
  )
  const temporary = join(dirname(real), `.${basename(real)}.${process.pid}.new`)
  try {
    await writeFile(temporary, text, { flag: 'wx', mode })
    await rename(temporary, real)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
