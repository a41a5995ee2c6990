import type { RecordKey } from '../core/store.ts'

// Control characters would end or split a key in logs and in C strings; U+10FFFF closes the range of a prefix.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const refused = /[\u0000-\u001f\u007f]|\u{10ffff}/u

/** Throws a TypeError for a key that not every store could hold and sort alike. */
export function assertRecordKey({ collection, key }: RecordKey): void {
  if (!/^[a-z][a-z0-9-]*$/.test(collection)) {
    throw new TypeError(
      `Expected a collection to be lower-case words with dashes, got ${JSON.stringify(collection)}`,
    )
  }
  if (key === '' || !key.isWellFormed() || refused.test(key)) {
    throw new TypeError(
      `Expected a key of well-formed text without control characters, got ${JSON.stringify(key)}`,
    )
  }
}

/** Orders keys by their UTF-8 bytes, which is by code point: what SQLite and the distributed stores do. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left !== right) return byCodePoint(left) - byCodePoint(right)
  }
  return a.length - b.length
}

/** UTF-16 puts surrogates (what lies above U+FFFF) before U+E000; code points come after it. */
function byCodePoint(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit
}

/** What every key of one environment starts with; the base's has an empty name. */
export function scopeOf(environment: string | undefined): string {
  return `${environment ?? ''}/`
}

/** A time or a count as text that sorts like the number: 15 digits hold every millisecond until the year 33658. */
export function sortable(value: number): string {
  return String(Math.max(0, Math.floor(value))).padStart(15, '0')
}

/** The last part of a key. */
export function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}
