import { escapeSequence, lineBreak } from '../core/unseen.ts'

/**
 * C0 and C1 controls, marks that turn the direction of a text around, what is invisible (zero width, tags), and what
 * is no character at all. A joiner between emoji stays.
 */
const refused =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|[\u{e0000}-\u{e007f}]/gu

/**
 * Makes a name or a message from outside safe to print: nothing in it can move the cursor, recolour, hide or reorder
 * what stands around it. Line breaks become spaces unless they are kept; tabs become spaces.
 */
export function sanitise(text: string, options: { readonly keepLines?: boolean } = {}): string {
  return text
    .toWellFormed()
    .replace(escapeSequence, '')
    .replace(lineBreak, options.keepLines ? '\n' : ' ')
    .replaceAll('\t', ' ')
    .replace(refused, '')
}

/** The same for every text inside a JSON value, its keys too. */
export function sanitiseJson<T>(value: T): T {
  return clean(value) as T
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return sanitise(value, { keepLines: true })
  if (Array.isArray(value)) return value.map(clean)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [sanitise(key), clean(item)]))
}
