import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { copyFile, rename, rm, stat } from 'node:fs/promises'
import type { Pm2Client } from '../../clients/pm2/client.ts'
import type { Wanted } from '../../core/reconciler.ts'
import { parseSize } from '../../core/size.ts'
import { type DesiredProcess, pm2NameOf } from './place.ts'
import type { ProcessSpec } from './spec.generated.ts'

const defaultKeep = 5
/** Bytes that are copied at once. */
const pieceSize = 65_536
/** So many are what a process may print while its file is copied: 64 MiB. */
const mostPieces = 1024

/** Those of what is asked for whose logs are ours to rotate: not of what is somebody else's, or only observed. */
export function rotatedAmong(wanted: readonly Wanted<ProcessSpec>[]): readonly DesiredProcess[] {
  return wanted.flatMap(({ desired, owned }) => {
    const isAsked = desired?.spec.logs?.rotate !== undefined
    return isAsked && owned && desired.controls.managementPolicy === 'Manage' ? [desired] : []
  })
}

/**
 * Puts the content of log files that have grown to their size into `.1`, and empties them. Copied and not renamed: to
 * have new files opened, a daemon can only be told to do so for all processes (its `reloadLogs`), those of others too,
 * and what any of them prints in the milliseconds between is lost. Here only what is printed between two system calls
 * can be.
 */
export async function rotateLogs(
  pm2: Pm2Client,
  rotated: readonly DesiredProcess[],
  signal: AbortSignal,
): Promise<void> {
  if (rotated.length === 0) return
  const records = await pm2.list(signal)
  const faults: unknown[] = []
  for (const desired of rotated) {
    const rotate = desired.spec.logs?.rotate
    const size = rotate && parseSize(rotate.size)
    if (!rotate || size === undefined || size === 0) continue
    const files = new Set(
      records
        .filter((record) => record.name === pm2NameOf(desired))
        .flatMap((record) => [record.outLogPath, record.errLogPath])
        .filter((file) => file !== undefined),
    )
    signal.throwIfAborted()
    const limits = { size, keep: rotate.keep ?? defaultKeep }
    await rotateWhereGrown([...files], limits).catch((error: unknown) => faults.push(error))
  }
  if (faults.length > 0) throw faults[0]
}

/** Rotates those of some files that have grown to a size in bytes. One that cannot be holds up no other; rejects then. */
export async function rotateWhereGrown(
  files: readonly (string | undefined)[],
  limits: { readonly size: number; readonly keep: number },
): Promise<void> {
  const faults: unknown[] = []
  for (const file of new Set(files)) {
    const stats = file === undefined ? undefined : await stat(file).catch(() => undefined)
    if (file !== undefined && stats?.isFile() && stats.size >= limits.size)
      await rotateFile(file, limits.keep).catch((error: unknown) => faults.push(error))
  }
  if (faults.length > 0) throw faults[0]
}

/** `x.log` becomes `x.log.1`, that `x.log.2`, and so on; the oldest one goes. Killed in between, it only doubles lines. */
async function rotateFile(file: string, keep: number): Promise<void> {
  const copy = `${file}.0`
  // First of all, so that a full disk has room for the copy; what is left of one that had none would take it from others.
  await rm(`${file}.${keep}`, { force: true })
  try {
    await copyFile(file, copy)
  } catch (error) {
    await rm(copy, { force: true })
    throw error
  }
  for (let number = keep - 1; number >= 1; number -= 1) {
    await renameIfThere(`${file}.${number}`, `${file}.${number + 1}`)
  }
  await rename(copy, `${file}.1`)
  emptyInto(file, `${file}.1`)
}

/** Adds what was printed since the copy was begun, and empties the file: in one go, so that nobody prints between. */
function emptyInto(file: string, copy: string): void {
  const from = openSync(file, 'r+')
  try {
    const to = openSync(copy, 'r+')
    try {
      fsyncSync(to)
      const piece = Buffer.alloc(pieceSize)
      let position = fstatSync(to).size
      for (let count = 0; count < mostPieces; count += 1) {
        const read = readSync(from, piece, 0, pieceSize, position)
        if (read === 0) {
          ftruncateSync(from, 0)
          return
        }
        position += writeSync(to, piece, 0, read, position)
      }
      throw new Error(`${file} grows faster than it can be copied`)
    } finally {
      closeSync(to)
    }
  } finally {
    closeSync(from)
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
