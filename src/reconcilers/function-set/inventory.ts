import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { ReconcileError } from '../../core/errors.ts'
import type { FunctionFile } from './directory.ts'
import type { ObservedInventory } from './observed.ts'
import { type DesiredFunctionSet, inventoryOf } from './place.ts'

/** The file's whole text: the same directory gives the same bytes, without a time or a machine in it. */
function inventoryText(functions: readonly FunctionFile[]): string {
  const list = functions.map(({ name, file }) => ({ name, file }))
  return `${JSON.stringify({ functions: list }, undefined, 2)}\n`
}

/** Compares the file with the directory. Rejects where it cannot be read, though it is there. */
async function readInventory(path: string, functions: readonly FunctionFile[]): Promise<ObservedInventory> {
  const found = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return { path, wanted: inventoryText(functions), found }
}

/** The inventory file beside what it should hold; undefined: none is kept. */
export async function readInventoryOf(
  desired: DesiredFunctionSet,
  functions: readonly FunctionFile[],
): Promise<ObservedInventory | undefined> {
  const path = inventoryOf(desired)
  return path === undefined ? undefined : readInventory(path, functions)
}

/** Names in an inventory as it was found; undefined: it is none, and what it holds is not ours to write over. */
export function namesInInventory(text: string): readonly string[] | undefined {
  if (text.trim() === '') return []
  try {
    const data: unknown = JSON.parse(text)
    const list = Array.isArray(data) ? data : (data as { readonly functions?: unknown } | null)?.functions
    if (!Array.isArray(list)) return undefined
    const names = list.map((item: unknown): unknown =>
      item !== null && typeof item === 'object' && 'name' in item ? item.name : item,
    )
    return names.every((name) => typeof name === 'string') ? names : undefined
  } catch {
    return undefined
  }
}

/** Why a file of that name is left alone. */
export const foreignInventory =
  'a file is there that is no list of functions, and it is not written over; correct `inventory`, or remove the file'

/** Writes it whole or not at all. A list is never replaced by an empty one: that is a mistake of the directory. */
export async function writeInventory(
  { path, wanted, found }: ObservedInventory,
  unique: string,
): Promise<void> {
  const isForeign = found !== undefined && namesInInventory(found) === undefined
  if (isForeign) throw new ReconcileError('RemoteRefused', `Did not write ${path}: ${foreignInventory}`)
  const isEmpty = namesInInventory(wanted)?.length === 0
  if (isEmpty && found !== undefined && namesInInventory(found)?.length !== 0) {
    throw new ReconcileError('RemoteRefused', `Did not empty ${path}: the directory holds no function`)
  }
  const mode = await stat(path).then(
    (stats) => stats.mode & 0o777,
    () => 0o644,
  )
  const temporary = `${path}.${unique}.tmp`
  await writeFile(temporary, wanted, { mode })
  await rename(temporary, path)
}
