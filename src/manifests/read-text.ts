import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

export type TextReading =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'absent' }
  | { readonly type: 'special' }
  | { readonly type: 'too-large' }
  /** `before`: the text up to the first byte that is not UTF-8. `legible`: all of it, with U+FFFD for such bytes. */
  | { readonly type: 'not-utf8'; readonly before: string; readonly legible: string }
  | { readonly type: 'unreadable'; readonly code: string }

/**
 * Reads a small text file. Never waits on a pipe and never opens a device's stream: the file is opened without
 * blocking, and judged by its own handle, so that nothing can be swapped in between. A file this small is read at once:
 * each step through Node's pool of threads takes longer than the reading.
 */
export async function readText(path: string, maxBytes: number): Promise<TextReading> {
  let handle: number | undefined
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    const stats = fstatSync(handle)
    if (!stats.isFile()) return { type: 'special' }
    if (stats.size > maxBytes) return { type: 'too-large' }
    // One byte more than it should have, to see its end; it may grow meanwhile, or not tell its size.
    let buffer = Buffer.allocUnsafe(Math.max(stats.size, 1023) + 1)
    let length = 0
    while (length <= maxBytes) {
      if (length === buffer.length) buffer = Buffer.concat([buffer], maxBytes + 1)
      const bytesRead = readSync(handle, buffer, length, buffer.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    if (length > maxBytes) return { type: 'too-large' }
    return decode(buffer.subarray(0, length))
  } catch (error) {
    return unreadable(error)
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

/** Made once: to make one takes longer than to decode a manifest. */
let strict: InstanceType<typeof TextDecoder> | undefined

function decode(bytes: Buffer): TextReading {
  strict ??= new TextDecoder('utf-8', { fatal: true })
  try {
    return { type: 'text', text: strict.decode(bytes) }
  } catch {
    // Without `fatal` a fault becomes U+FFFD; what stands before the first one is as it was written.
    const legible = new TextDecoder('utf-8').decode(bytes)
    return { type: 'not-utf8', before: legible.slice(0, Math.max(0, legible.indexOf('\ufffd'))), legible }
  }
}

function unreadable(error: unknown): TextReading {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  if (code === 'ENOENT') return { type: 'absent' }
  // A socket cannot be opened, and a pipe without a reader or a device without a driver answers so.
  if (code === 'ENXIO' || code === 'ENODEV') return { type: 'special' }
  return { type: 'unreadable', code }
}
