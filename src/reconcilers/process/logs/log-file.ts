import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { messageOf, ReconcileError } from '../../../core/errors.ts'
import { LineSplitter } from './line-splitter.ts'

/** Bytes that are read at once. */
const pieceSize = 65_536
/** What is read of one file for its last lines at most: 8 MiB. */
const mostOfTail = 8 * 1024 * 1024
/** What is read of one file at one look at most: 1 MiB. The rest is read at the next, without a wait. */
const mostAtOnce = 1024 * 1024
/** So many bytes before the place that was read last tell whether a file still is the one that we read. */
const traceSize = 64

/**
 * A log file that grows, and that is rotated while it is read: renamed with a new one in its place (logrotate), or
 * copied to `.1` and emptied (as we do it, and `copytruncate`). What was printed just before is read from where it
 * went to.
 */
export class LogFile {
  readonly path: string
  #handle: FileHandle | undefined
  #position: number
  #splitter = new LineSplitter()
  /** The last bytes before the position. */
  #trace: Buffer = Buffer.alloc(0)
  /** Which file `.1` was when it was looked at last; 0: none. */
  #copy = 0

  /** `position` is where `more` begins. */
  constructor(path: string, position = 0) {
    this.path = path
    this.#position = position
  }

  /**
   * The last lines that were printed, those of rotated files too, oldest first; `more` goes on behind them. A last
   * line without an end counts only where `isFinal`.
   */
  async tail(count: number, isFinal: boolean): Promise<readonly string[]> {
    await this.#open()
    this.#copy = await inodeOf(`${this.path}.1`)
    const end = (await this.#handle?.stat())?.size ?? 0
    const splitter = new LineSplitter()
    const block = this.#handle ? await lastBytes(this.#handle, end, count) : noBytes
    let lines = splitter.push(block.bytes)
    this.#position = end
    this.#remember(block.bytes)
    this.#splitter = splitter
    if (isFinal) {
      const rest = splitter.flush()
      if (rest !== undefined) lines = [...lines, rest]
    }
    if (lines.length < count && block.isWhole) {
      for (const file of await rotatedFiles(this.path)) {
        lines = [...(await tailOf(file, count - lines.length)), ...lines]
        if (lines.length >= count) break
      }
    }
    return count === 0 ? [] : lines.slice(-count)
  }

  /** What was printed since; `isAll` is false where there is more at once. */
  async more(): Promise<{ readonly lines: readonly string[]; readonly isAll: boolean }> {
    await this.#open()
    if (!this.#handle) return { lines: [], isAll: true }
    const before = await this.#followRotation()
    const now = await this.#read(this.#handle, mostAtOnce)
    return { lines: [...before, ...now.lines], isAll: now.isAll }
  }

  async close(): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }

  async #open(): Promise<void> {
    this.#handle ??= await openForReading(this.path)
  }

  /** The rest of the file that was here before, where it was rotated. */
  async #followRotation(): Promise<readonly string[]> {
    const handle = this.#handle
    if (!handle) return []
    const [mine, current, copy] = await Promise.all([
      handle.stat(),
      inodeOf(this.path),
      inodeOf(`${this.path}.1`),
    ])
    if (current !== 0 && current !== mine.ino) {
      const { lines } = await this.#read(handle, Number.POSITIVE_INFINITY)
      await this.close()
      await this.#open()
      this.#begin(copy)
      return lines
    }
    const isCopied = copy !== 0 && copy !== this.#copy
    const isEmptied = mine.size < this.#position || (isCopied && !(await this.#isSameAsBefore(handle)))
    if (!isEmptied) return []
    const lines = isCopied ? await this.#restOf(`${this.path}.1`) : []
    this.#begin(copy)
    return lines
  }

  #begin(copy: number): void {
    this.#position = 0
    this.#trace = Buffer.alloc(0)
    this.#splitter = new LineSplitter()
    this.#copy = copy
  }

  async #restOf(path: string): Promise<readonly string[]> {
    const copy = await openForReading(path)
    if (!copy) return []
    try {
      if (!(await this.#isSameAsBefore(copy))) return []
      return (await this.#read(copy, Number.POSITIVE_INFINITY)).lines
    } finally {
      await copy.close()
    }
  }

  async #isSameAsBefore(handle: FileHandle): Promise<boolean> {
    const { length } = this.#trace
    if (length === 0) return this.#position === 0
    const found = Buffer.alloc(length)
    const { bytesRead } = await handle.read(found, 0, length, this.#position - length)
    return bytesRead === length && found.equals(this.#trace)
  }

  async #read(handle: FileHandle, most: number): Promise<{ lines: readonly string[]; isAll: boolean }> {
    const lines: string[] = []
    const piece = Buffer.alloc(pieceSize)
    for (let taken = 0; taken < most; ) {
      const { bytesRead } = await handle.read(piece, 0, pieceSize, this.#position)
      if (bytesRead === 0) return { lines, isAll: true }
      const bytes = piece.subarray(0, bytesRead)
      for (const line of this.#splitter.push(bytes)) lines.push(line)
      this.#position += bytesRead
      taken += bytesRead
      this.#remember(bytes)
    }
    return { lines, isAll: false }
  }

  #remember(bytes: Buffer): void {
    this.#trace = Buffer.concat([this.#trace, bytes.subarray(-traceSize)]).subarray(-traceSize)
  }
}

interface Block {
  readonly bytes: Buffer
  /** Whether it begins where the file begins. */
  readonly isWhole: boolean
}

const noBytes: Block = Object.freeze({ bytes: Buffer.alloc(0), isWhole: true })

/** From the start of a line on, so many lines before the end that `count` of them are whole. */
async function lastBytes(handle: FileHandle, end: number, count: number): Promise<Block> {
  const pieces: Buffer[] = []
  let start = end
  let breaks = 0
  // One more break than lines: the first line's start is behind one.
  while (start > 0 && breaks <= count && end - start < mostOfTail) {
    const size = Math.min(pieceSize, start)
    const piece = Buffer.alloc(size)
    const { bytesRead } = await handle.read(piece, 0, size, start - size)
    // Emptied while we read.
    if (bytesRead < size) return noBytes
    start -= size
    pieces.unshift(piece)
    for (const byte of piece) if (byte === 0x0a) breaks += 1
  }
  const bytes = Buffer.concat(pieces)
  if (start === 0) return { bytes, isWhole: true }
  const firstBreak = bytes.indexOf(0x0a)
  return { bytes: firstBreak < 0 ? bytes : bytes.subarray(firstBreak + 1), isWhole: false }
}

async function tailOf(path: string, count: number): Promise<readonly string[]> {
  const handle = await openForReading(path)
  if (!handle) return []
  try {
    const splitter = new LineSplitter()
    const { bytes } = await lastBytes(handle, (await handle.stat()).size, count)
    const lines = splitter.push(bytes)
    const rest = splitter.flush()
    return (rest === undefined ? lines : [...lines, rest]).slice(-count)
  } finally {
    await handle.close()
  }
}

/** What a log was rotated into, newest first: `x.log.1`, ... (ours, logrotate), or `x__<date>.log` (pm2-logrotate). */
async function rotatedFiles(path: string): Promise<readonly string[]> {
  const name = basename(path)
  const stem = name.endsWith('.log') ? name.slice(0, -'.log'.length) : name
  const entries = await readdir(dirname(path)).catch(() => [])
  const numbered = entries
    .filter((entry) => entry.startsWith(`${name}.`) && /^[1-9]\d*$/.test(entry.slice(name.length + 1)))
    .sort((a, b) => Number(a.slice(name.length + 1)) - Number(b.slice(name.length + 1)))
  const dated = entries
    .filter((entry) => entry.startsWith(`${stem}__`) && entry.endsWith('.log'))
    .sort()
    .reverse()
  return [...numbered, ...dated].map((entry) => join(dirname(path), entry))
}

/** Undefined: it is not there, or is no file (a process may log to a device). */
async function openForReading(path: string): Promise<FileHandle | undefined> {
  try {
    // To open a pipe would wait for somebody who writes into it.
    return (await stat(path)).isFile() ? await open(path, 'r') : undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new ReconcileError('LogUnreadable', `Cannot read the log file ${path}: ${messageOf(error)}`, {
      cause: error,
      hint: 'Call it as the user whom the PM2 daemon runs as.',
    })
  }
}

/** 0: it is not there. */
async function inodeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).ino
  } catch {
    return 0
  }
}
