import type { Span } from '../source-file.ts'
import type { ScalarTree } from '../tree.ts'

/**
 * Where a stretch of a text stands in the file that it was read from: quotes, escapes, indentation and folds are no part
 * of the text, and moved its letters.
 */
export function placeInScalar(
  { span, value }: ScalarTree,
  stretch: { readonly start: number; readonly end: number },
): Span {
  const text = String(value)
  const { file } = span
  const source = file.text.slice(span.start, span.end)
  // The indicator of a block scalar has a line of its own.
  const isBlock = /^[|>]/.test(source)
  let at = isBlock ? source.indexOf('\n') + 1 : /^["']/.test(source) ? 1 : 0
  const last = Math.max(0, Math.min(stretch.end, text.length) - 1)
  let start = at
  let end = at + 1
  for (let index = 0; index <= last && at < source.length; index++) {
    const letter = text[index] ?? ''
    // A line break may have become a space; what was left out between the letters is passed over.
    const isBreak = letter === ' ' || letter === '\n'
    while (at < source.length && source[at] !== letter && !(isBreak && source[at] === '\n')) at++
    if (index === Math.min(stretch.start, last)) start = at
    end = at + 1
    at++
  }
  // What is missing is missed after the last letter.
  if (stretch.start >= text.length) return { file, start: span.start + end, end: span.start + end + 1 }
  return { file, start: span.start + start, end: span.start + Math.max(end, start + 1) }
}
