import { StringDecoder } from 'node:string_decoder'

/** Characters of one line that are kept: 16 Ki, more than anybody reads in one. */
const longestLine = 16_384

/** Cuts what is read piece by piece into lines, each of a bounded length. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  #partial = ''
  #dropped = 0

  /** The lines that this piece ended. */
  push(piece: Buffer): readonly string[] {
    const lines: string[] = []
    const parts = this.#decoder.write(piece).split('\n')
    const last = parts.pop() ?? ''
    for (const part of parts) {
      this.#add(part)
      lines.push(this.#take())
    }
    this.#add(last)
    return lines
  }

  /** What was begun and not ended by a line break; undefined: nothing. */
  flush(): string | undefined {
    this.#add(this.#decoder.end())
    return this.#partial === '' ? undefined : this.#take()
  }

  #add(text: string): void {
    const room = longestLine - this.#partial.length
    this.#partial += text.slice(0, room)
    this.#dropped += Math.max(0, text.length - room)
  }

  #take(): string {
    const line = this.#partial.endsWith('\r') ? this.#partial.slice(0, -1) : this.#partial
    const note = this.#dropped > 0 ? ` ... (${this.#dropped} more characters)` : ''
    this.#partial = ''
    this.#dropped = 0
    return line + note
  }
}
