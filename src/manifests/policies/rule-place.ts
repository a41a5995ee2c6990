import type { Span } from '../source-file.ts'
import type { ScalarTree } from '../tree.ts'

/** A stretch of a text: offsets in UTF-16 units, `end` exclusive. */
interface Stretch {
  readonly start: number
  readonly end: number
}

/**
 * Where a stretch of a text stands in the file that it was read from: quotes, escapes, indentation and folds are no part
 * of the text, and moved its letters.
 */
export function placeInScalar({ span, value }: ScalarTree, stretch: Stretch): Span {
  const text = String(value)
  const { file, start: from } = span
  const source = file.text.slice(from, span.end)
  const places = /^[|>]/.test(source) ? lettersOfBlock(source, text) : lettersOfFlow(source)
  const last = places.at(-1) ?? 0
  // What is missing is missed after the last letter.
  if (stretch.start >= text.length) return { file, start: from + last + 1, end: from + last + 2 }
  const start = places[stretch.start] ?? last
  const end = (places[Math.min(stretch.end, text.length) - 1] ?? last) + 1
  return { file, start: from + start, end: from + Math.max(end, start + 1) }
}

/** Where each letter of a literal or folded block stands; what was left out between them is passed over. */
function lettersOfBlock(source: string, text: string): readonly number[] {
  const places: number[] = []
  // The indicator has a line of its own.
  let at = source.indexOf('\n') + 1
  for (const letter of text.split('')) {
    // A line break may have become a space.
    const isBreak = letter === ' ' || letter === '\n'
    while (at < source.length && source[at] !== letter && !(isBreak && source[at] === '\n')) at++
    places.push(at)
    at++
  }
  return places
}

/** Line breaks with the white space around them. */
const fold = /[ \t]*(?:\r?\n[ \t]*)+/y
/** How many signs follow on the letter of an escape. */
const codeLengths: Readonly<Record<string, number>> = Object.freeze({ x: 2, u: 4, U: 8 })

/** Where each letter of a plain or quoted text stands. */
function lettersOfFlow(source: string): readonly number[] {
  const [quote] = /^["']/.exec(source) ?? []
  const places: number[] = []
  for (let at = quote === undefined ? 0 : 1; at < source.length; ) {
    const letter = source[at] ?? ''
    fold.lastIndex = at
    const [folded] = fold.exec(source) ?? []
    if (folded !== undefined) {
      const breaks = folded.split('\n').length - 1
      for (let count = Math.max(1, breaks - 1); count > 0; count--) places.push(at)
      at += folded.length
    } else if (quote === '"' && letter === '\\') {
      const { length, units } = escapeAt(source, at)
      for (let count = units; count > 0; count--) places.push(at)
      at += length
    } else if (quote === "'" && letter === "'" && source[at + 1] === "'") {
      places.push(at)
      at += 2
    } else if (letter === quote) break
    else {
      places.push(at)
      at++
    }
  }
  return places
}

/** How long an escape is, and how many UTF-16 units it makes: a line break that is escaped makes none. */
function escapeAt(source: string, at: number): { readonly length: number; readonly units: number } {
  const joined = /^\\\r?\n[ \t]*/.exec(source.slice(at))
  if (joined) return { length: joined[0].length, units: 0 }
  const digits = codeLengths[source[at + 1] ?? ''] ?? 0
  const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16)
  return { length: 2 + digits, units: code > 0xffff ? 2 : 1 }
}
