import { type FileHandle, open } from 'node:fs/promises'

/** A line of PM2's log is some 100 bytes: what it said ten thousand lines ago was looked at before. */
const mostBytes = 1_048_576
const chunkSize = 65_536

/**
 * The lines of PM2's own log from the last to the first, in lists, as far as it is worth to look back. None where there is
 * no such file; rejects where it cannot be read.
 */
export async function* linesFromEnd(daemonLog: string): AsyncGenerator<readonly string[]> {
  const file = await openIfThere(daemonLog)
  if (!file) return
  try {
    const { size } = await file.stat()
    const least = Math.max(0, size - mostBytes)
    let rest: Buffer = Buffer.alloc(0)
    for (let end = size; end > least; ) {
      const start = Math.max(least, end - chunkSize)
      const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
      const part = Buffer.concat([buffer.subarray(0, bytesRead), rest])
      // The first line of a part may have begun before it.
      const cut = start === 0 ? 0 : part.indexOf('\n') + 1
      rest = part.subarray(0, cut)
      yield part.subarray(cut).toString('utf8').split('\n').reverse()
      end = start
    }
  } finally {
    await file.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
