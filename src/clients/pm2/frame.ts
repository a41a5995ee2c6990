// The AMP framing of PM2's sockets: one byte (version 1 in the high half, the number of arguments in the low half),
// then each argument as a 32-bit big-endian length and its bytes. Own code, because the packages that do the same
// (`amp`, `amp-message`) call the deprecated `new Buffer`, of which a bundled program warns on standard error, and
// because they take a frame of any size.

const version = 1
const lengthBytes = 4

/** Bytes; a list of 100 processes is about half a MiB. What claims to be longer than this is no frame. */
const longestArgument = 256 * 1024 * 1024

function encodeArgument(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? `s:${value}` : `j:${JSON.stringify(value ?? null)}`)
}

/** A frame of up to 15 arguments: texts, or values that JSON can hold. */
export function encodeFrame(values: readonly unknown[]): Buffer {
  const parts: Buffer[] = [Buffer.from([(version << 4) | values.length])]
  for (const value of values) {
    const bytes = encodeArgument(value)
    const length = Buffer.allocUnsafe(lengthBytes)
    length.writeUInt32BE(bytes.length)
    parts.push(length, bytes)
  }
  return Buffer.concat(parts)
}

/** The value of an argument: a text, what its JSON says, or its bytes. Throws where the JSON is broken. */
export function decodeArgument(bytes: Buffer): unknown {
  const tag = bytes.toString('latin1', 0, 2)
  if (tag === 's:') return bytes.toString('utf8', 2)
  if (tag === 'j:') return JSON.parse(bytes.toString('utf8', 2))
  return bytes
}

/** Puts frames together from pieces of any size. */
export class FrameReader {
  #pieces: Buffer[] = []
  #held = 0
  /** How many bytes must be there before it is worth looking again. */
  #needed = 1

  /** The undecoded arguments of each frame that this piece completes. Throws where it is no AMP. */
  push(piece: Buffer): readonly (readonly Buffer[])[] {
    this.#pieces.push(piece)
    this.#held += piece.length
    const frames: (readonly Buffer[])[] = []
    while (this.#held >= this.#needed) {
      const bytes = this.#pieces.length === 1 ? (this.#pieces[0] ?? piece) : Buffer.concat(this.#pieces)
      const frame = this.#read(bytes)
      this.#pieces = bytes.length > 0 ? [bytes] : []
      if (!frame) continue
      frames.push(frame.values)
      this.#pieces = frame.end < bytes.length ? [bytes.subarray(frame.end)] : []
      this.#held = bytes.length - frame.end
      this.#needed = 1
    }
    return frames
  }

  /** Reads one frame from the start of `bytes`, or notes how much it needs. */
  #read(bytes: Buffer): { readonly values: readonly Buffer[]; readonly end: number } | undefined {
    const meta = bytes.readUInt8(0)
    if (meta >> 4 !== version) throw new Error(`Expected AMP version ${version}, got ${meta >> 4}`)
    const values: Buffer[] = []
    let offset = 1
    for (let index = 0; index < (meta & 0xf); index += 1) {
      const start = offset + lengthBytes
      if (bytes.length < start) return this.#wait(start)
      const length = bytes.readUInt32BE(offset)
      if (length > longestArgument) throw new Error(`An AMP argument of ${length} bytes is too long`)
      if (bytes.length < start + length) return this.#wait(start + length)
      values.push(bytes.subarray(start, start + length))
      offset = start + length
    }
    return { values, end: offset }
  }

  #wait(needed: number): undefined {
    this.#needed = needed
    return undefined
  }
}
