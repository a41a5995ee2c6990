import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import type { SecretMask } from '../../../core/secret-mask.ts'
import { logPath } from './check-record.ts'

/** The first so many bytes of a run's output are kept as they come, and the last so many when it has ended. */
const keptBytes = 256 * 1024
/** Logs of so many runs are kept, the last one included. */
export const keptLogs = 3
const longestLine = 16 * 1024

type Stream = 'out' | 'err'

/** What is written of one line: short keys, because there are many. */
export interface WrittenLine {
  readonly at: number
  readonly stream: Stream
  readonly text: string
}

/** Keeps what a run prints, line by line, without secrets and bounded, so that it can be followed while it runs. */
export class CheckLog {
  readonly #file: Awaited<ReturnType<typeof open>>
  readonly #now: () => number
  readonly #mask: SecretMask | undefined
  readonly #partial: Record<Stream, string> = { out: '', err: '' }
  readonly #decoders: Record<Stream, StringDecoder> = {
    out: new StringDecoder('utf8'),
    err: new StringDecoder('utf8'),
  }
  #bytes = 0
  #tail: { readonly at: number; readonly line: string }[] = []
  #tailBytes = 0
  #leftOut = 0
  #writing: Promise<void> = Promise.resolve()

  private constructor(
    file: Awaited<ReturnType<typeof open>>,
    { now, mask }: { readonly now: () => number; readonly mask: SecretMask | undefined },
  ) {
    this.#file = file
    this.#now = now
    this.#mask = mask
  }

  /** Begins the log of a new run; those before it move on. */
  static async begin(
    folder: string,
    script: string,
    options: { readonly now: () => number; readonly mask: SecretMask | undefined },
  ): Promise<CheckLog> {
    const path = logPath(folder, script)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    for (let age = keptLogs - 1; age > 0; age -= 1) {
      await rename(logPath(folder, script, age - 1), logPath(folder, script, age)).catch(ignoreAbsent)
    }
    return new CheckLog(await open(path, 'w', 0o600), options)
  }

  take(stream: Stream, chunk: Buffer): void {
    const text = this.#partial[stream] + this.#decoders[stream].write(chunk)
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) this.#line(stream, line)
    this.#partial[stream] = rest
    if (rest.length <= longestLine) return
    this.#line(stream, rest)
    this.#partial[stream] = ''
  }

  /** Writes what is left and closes the file. */
  async end(): Promise<void> {
    for (const stream of ['out', 'err'] as const)
      if (this.#partial[stream] !== '') this.#line(stream, this.#partial[stream])
    if (this.#leftOut > 0) {
      const at = this.#tail[0]?.at ?? this.#now()
      this.#write(toLine({ at, stream: 'err', text: `[${this.#leftOut} lines left out]` }))
    }
    for (const { line } of this.#tail) this.#write(line)
    await this.#writing
    await this.#file.close()
  }

  #line(stream: Stream, text: string): void {
    const at = this.#now()
    const shown = (this.#mask?.maskForeign(text) ?? text).replace(/\r$/, '').slice(0, longestLine)
    const line = toLine({ at, stream, text: shown })
    if (this.#bytes < keptBytes) {
      this.#bytes += line.length
      this.#write(line)
      return
    }
    this.#tail.push({ at, line })
    this.#tailBytes += line.length
    while (this.#tailBytes > keptBytes) {
      this.#tailBytes -= this.#tail.shift()?.line.length ?? 0
      this.#leftOut += 1
    }
  }

  /** One after the other. A full disk loses the output, never the run: its result is written elsewhere. */
  #write(line: string): void {
    this.#writing = this.#writing.then(() => this.#file.appendFile(line)).catch(() => undefined)
  }
}

function toLine(line: WrittenLine): string {
  return `${JSON.stringify(line)}\n`
}

function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
