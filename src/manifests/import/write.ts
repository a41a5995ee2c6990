import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ImportNotice } from '../../core/import.ts'
import { scanIds } from '../scan-ids.ts'
import type { PreparedFile } from './prepare.ts'

/** What became of one file. */
export type Written = 'written' | 'unchanged' | 'refused'

export interface WriteResult {
  readonly outcomes: ReadonlyMap<PreparedFile, Written>
  readonly errors: readonly ImportNotice[]
}

/**
 * Writes files, each whole or not at all. One that exists with other content is never written over without `force`; one
 * with the same content is left as it is, and one that declares something else, too, is not written over at all: that
 * would be declared no more, and go. `dryRun` says what would be done and touches nothing.
 */
export async function writeFiles(
  files: readonly PreparedFile[],
  options: { readonly force: boolean; readonly dryRun: boolean },
): Promise<WriteResult> {
  const outcomes = new Map<PreparedFile, Written>()
  const errors: ImportNotice[] = []
  for (const file of files) {
    try {
      outcomes.set(file, await writeOne(file, options))
    } catch (error) {
      outcomes.set(file, 'refused')
      errors.push(unwritable(file, error))
      continue
    }
    if (outcomes.get(file) === 'refused') errors.push(exists(file, await othersIn(file)))
  }
  return { outcomes, errors }
}

async function writeOne(
  { id, path, text }: PreparedFile,
  { force, dryRun }: { readonly force: boolean; readonly dryRun: boolean },
): Promise<Written> {
  const there = await contentOf(path)
  if (there === text) return 'unchanged'
  if (there !== undefined && (!force || others(there, id).length > 0)) return 'refused'
  if (dryRun) return 'written'
  await mkdir(dirname(path), { recursive: true })
  // Hidden, and without the ending of a manifest: a controller that watches the folder does not take it for one.
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.new`)
  try {
    await writeDurably(temporary, text)
    if (force) await rename(temporary, path)
    else await link(temporary, path)
    return 'written'
  } catch (error) {
    // Somebody wrote it meanwhile: a link never replaces.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'refused'
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

function others(text: string, id: PreparedFile['id']): readonly string[] {
  return scanIds(text).filter((other) => other !== id)
}

async function othersIn({ path, id }: PreparedFile): Promise<readonly string[]> {
  return others((await contentOf(path).catch(() => undefined)) ?? '', id)
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await rm(path, { force: true })
  const file = await open(path, 'wx', 0o644)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function exists({ path, id }: PreparedFile, alsoThere: readonly string[]): ImportNotice {
  const cure =
    alsoThere.length > 0
      ? `the file declares ${alsoThere.join(', ')}, too, which would be lost; give that a file of its own, or name another folder with --out`
      : 'the file exists and says something else; --force replaces it'
  return {
    file: path,
    line: undefined,
    code: 'import-file-exists',
    message: `${id} was not written: ${cure}`,
  }
}

function unwritable({ path, id }: PreparedFile, error: unknown): ImportNotice {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  return {
    file: path,
    line: undefined,
    code: 'import-file-unwritable',
    message: `${id} was not written: the file could not be made (${code})`,
  }
}
