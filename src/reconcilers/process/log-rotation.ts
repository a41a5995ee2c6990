import { rename, stat } from 'node:fs/promises'
import type { Pm2Client } from '../../clients/pm2/client.ts'
import { parseSize } from '../../core/size.ts'
import { type DesiredProcess, pm2NameOf } from './place.ts'

const defaultKeep = 5

/**
 * Moves log files away that have grown to their size, and lets the daemon open new ones. A file that is renamed while
 * it is written loses nothing: what is printed until it is opened anew goes to the end of the old one.
 */
export async function rotateLogs(
  pm2: Pm2Client,
  rotated: readonly DesiredProcess[],
  signal: AbortSignal,
): Promise<void> {
  if (rotated.length === 0) return
  const records = await pm2.list(signal)
  let hasMoved = false
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
    for (const file of files) {
      const stats = await stat(file).catch(() => undefined)
      if (!stats?.isFile() || stats.size < size) continue
      await shift(file, rotate.keep ?? defaultKeep)
      hasMoved = true
    }
  }
  if (hasMoved) await pm2.reloadLogs(signal)
}

/** `x.log` becomes `x.log.1`, that `x.log.2`, and so on; the oldest one is overwritten. */
async function shift(file: string, keep: number): Promise<void> {
  for (let number = keep - 1; number >= 1; number -= 1) {
    await renameIfThere(`${file}.${number}`, `${file}.${number + 1}`)
  }
  await rename(file, `${file}.1`)
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
