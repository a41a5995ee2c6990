import { open } from 'node:fs/promises'
import type { Clock } from '../../../core/clock.ts'
import type { Duration } from '../../../core/duration.ts'
import { isFields } from '../../../core/fields.ts'
import type { LogLine, LogOptions } from '../../../core/reconciler.ts'
import { keptLogs } from './check-log.ts'
import { logPath } from './check-record.ts'

/** How often a log that is followed is looked at. */
const pace: Duration = 500

export interface CheckLogs {
  readonly folder: string
  readonly scripts: readonly string[]
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What the runs of checks printed, oldest first; with `follow` on and on until the signal ends it. */
export async function* readCheckLogs(logs: CheckLogs, options: LogOptions): AsyncIterable<LogLine> {
  const { clock, signal } = logs
  const sources = logs.scripts.map((script) => new LogSource(logs.folder, script))
  const first = await Promise.all(sources.map((source) => source.last(options.lines)))
  yield* inOrder(first)
  while (options.follow && !signal.aborted) {
    await clock.sleep(pace, signal).catch(() => undefined)
    if (signal.aborted) return
    yield* inOrder(await Promise.all(sources.map((source) => source.next())))
  }
}

function inOrder(lines: readonly (readonly LogLine[])[]): readonly LogLine[] {
  return lines.flat().sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
}

/** The logs of one check, and how far they were read. */
class LogSource {
  readonly #folder: string
  readonly #script: string
  /** Of the newest log: which file it is, and how many bytes of it were read, up to the end of a line. */
  #file: number | undefined
  #read = 0

  constructor(folder: string, script: string) {
    this.#folder = folder
    this.#script = script
  }

  /** The newest lines of all runs that are kept. */
  async last(count: number): Promise<readonly LogLine[]> {
    const older: LogLine[] = []
    for (let age = keptLogs - 1; age > 0; age -= 1) older.push(...(await this.#linesOf(age, 0)).lines)
    const newest = await this.next()
    return count === 0 ? [] : [...older, ...newest].slice(-count)
  }

  /** What was printed since. A new run begins a new file. */
  async next(): Promise<readonly LogLine[]> {
    const { file, bytes, lines } = await this.#linesOf(0, this.#read, this.#file)
    this.#read = file === this.#file ? this.#read + bytes : bytes
    this.#file = file
    return lines
  }

  async #linesOf(age: number, from: number, file?: number) {
    const handle = await open(logPath(this.#folder, this.#script, age), 'r').catch(() => undefined)
    if (!handle) return { file, bytes: 0, lines: [] }
    try {
      const { ino, size } = await handle.stat()
      const start = ino === file ? from : 0
      const { buffer } = await handle.read({
        position: start,
        buffer: Buffer.alloc(Math.max(0, size - start)),
      })
      // The last line may be in the middle of being written.
      const whole = buffer.subarray(0, buffer.lastIndexOf(0x0a) + 1)
      const lines = whole.toString('utf8').split('\n').slice(0, -1)
      return { file: ino, bytes: whole.length, lines: lines.flatMap((line) => this.#lineFrom(line)) }
    } finally {
      await handle.close()
    }
  }

  /** A line that a crash tore apart is left out. */
  #lineFrom(text: string): readonly LogLine[] {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return []
    }
    if (!isFields(value) || typeof value.text !== 'string') return []
    const { at, stream, text: printed } = value
    return [
      {
        at: typeof at === 'number' ? at : undefined,
        source: this.#script,
        stream: stream === 'err' ? 'err' : 'out',
        text: printed,
      },
    ]
  }
}
