const kept = 10_000

/** What happened in a run, as a hash of all of it and the text of its last lines. */
export class Trace {
  #hash = 0x811c9dc5
  #lines: string[] = []
  #count = 0

  add(at: number, line: string): void {
    const text = `${Math.round(at)} ${line}`
    // FNV-1a over UTF-16 units: the same on every machine.
    let hash = this.#hash
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
    }
    this.#hash = hash >>> 0
    this.#count += 1
    this.#lines.push(text)
    if (this.#lines.length > 2 * kept) this.#lines = this.#lines.slice(-kept)
  }

  get hash(): string {
    return `${this.#hash.toString(16).padStart(8, '0')}-${this.#count}`
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-kept)
  }
}
