import { lineText, type SourceFile } from './source-file.ts'
import { maskTokens, namesSecret } from './token-shape.ts'

/** Longest line that is shown; of a longer one its beginning. */
const maxLength = 200

/** How much of a line is judged: patterns over more would take long, and no more is shown. */
const judgedLength = 1000

/** How many lines above are searched for the block that a line lies in; beyond that it is masked unseen. */
const maxLookBack = 500

const mask = '***'

/** A stretch of a line that must not be shown: columns from 0, `end` exclusive. */
interface Stretch {
  readonly start: number
  readonly end: number
}

/**
 * The source line of a fault as it may be shown, and how many UTF-16 units of it are underlined. What stands
 * before `column` (from 1) keeps its length, so that a caret under the excerpt at `column` is under the fault:
 * a tab becomes one space, and what is masked before it is masked sign by sign.
 */
export function excerptOf(
  file: SourceFile,
  at: { readonly line: number; readonly column: number; readonly length: number },
): { readonly excerpt: string | undefined; readonly length: number } {
  const text = printable(lineText(file, at.line).slice(0, judgedLength))
  const caret = at.column - 1
  if (caret > maxLength) return { excerpt: undefined, length: 1 }
  let shown = ''
  let length = Math.max(1, Math.min(at.length, text.length - caret))
  let from = 0
  for (const stretch of stretchesOf(file, at.line, text)) {
    shown += text.slice(from, stretch.start)
    if (stretch.end <= caret) shown += '*'.repeat(stretch.end - stretch.start)
    else if (stretch.start < caret) shown += '*'.repeat(caret - stretch.start) + mask
    else shown += mask
    if (stretch.start <= caret && caret < stretch.end) length = mask.length
    else if (caret < stretch.start && stretch.start < caret + at.length)
      length = stretch.start - caret + mask.length
    from = stretch.end
  }
  shown += text.slice(from)
  if (shown.length > maxLength) shown = `${shown.slice(0, maxLength)}…`
  return { excerpt: shown.trimEnd(), length: Math.max(1, Math.min(length, maxLength + 1 - caret)) }
}

/** A text from a manifest as a message may show it: masked, without control characters, of bounded length. */
export function quote(text: string): string {
  const masked = maskTokens(text.slice(0, judgedLength))
  const short = masked.length > 60 ? `${masked.slice(0, 60)}…` : masked
  return `"${printable(short)}"`
}

/** Replaces every control character, sign for sign. */
export function printable(text: string): string {
  return text
    .replace(/\t/g, ' ')
    .replace(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu, '?')
    .replace(/\p{Cs}/gu, '\ufffd')
}

/** What of a line may hold a secret. Judged by the text alone, because a broken file has no structure. */
function stretchesOf(file: SourceFile, line: number, text: string): readonly Stretch[] {
  const stretches: Stretch[] = []
  const whole = isInsideSecretBlock(file, line)
  const own = valueAfterKey(text)
  if (whole) stretches.push(own ?? wholeLine(text))
  else {
    const env = /(?:^|[\s{,])["']?(?:env|default|fromCommand)["']?\s*:\s*(?=\S)/.exec(text)
    if (env) stretches.push(flowValue(text, env.index + env[0].length))
    else {
      for (const match of text.matchAll(/([\w.-]+)["']?\s*[:=]\s*(?=\S)/g)) {
        const start = match.index + match[0].length
        if (namesSecret(match[1] ?? '') && text[start] !== '{') {
          stretches.push({ start, end: text.length })
          break
        }
      }
    }
  }
  const masked = stretches.filter((stretch) => !isReference(text.slice(stretch.start, stretch.end)))
  return masked.length > 0 ? masked.slice(0, 1) : tokenStretches(text)
}

/** A mapping or list in one line up to its closing bracket; anything else up to the end of the line. */
function flowValue(text: string, start: number): Stretch {
  let depth = 0
  let quote = ''
  for (let at = start; at < text.length; at++) {
    const sign = text[at] ?? ''
    if (quote) {
      if (sign === '\\' && quote === '"') at += 1
      else if (sign === quote) quote = ''
    } else if (sign === '"' || sign === "'") quote = sign
    else if (sign === '{' || sign === '[') depth += 1
    else if (sign === '}' || sign === ']') {
      depth -= 1
      if (depth <= 0) return { start, end: at + 1 }
    }
  }
  return { start, end: text.length }
}

/** `{ fromEnv: NAME }` shows where a value comes from, never the value. */
function isReference(text: string): boolean {
  return (
    /^\{\s*["']?from(?:Env|File)["']?\s*:\s*[^,{}]*\}?\s*,?\s*(?:#.*)?$/.test(text) || /^\{?\s*$/.test(text)
  )
}

/** Whether a line lies in an `env` block, or in a block text whose key names a secret, by indentation. */
function isInsideSecretBlock(file: SourceFile, line: number): boolean {
  const first = lineText(file, line).slice(0, judgedLength)
  let indent = indentOf(first)
  if (indent === undefined) return false
  // A list may stand at the column of the key that holds it.
  if (/^\s*-\s/.test(first)) indent += 1
  for (let above = line - 1; above > 0 && indent > 0; above--) {
    if (line - above > maxLookBack) return true
    const text = lineText(file, above).slice(0, judgedLength)
    const own = indentOf(text)
    if (own === undefined || own >= indent) continue
    indent = own
    const key = /^\s*(?:- +)*["']?([^\s"':]+)["']?\s*:/.exec(text)?.[1]
    if (
      key === 'env' ||
      key === 'fromCommand' ||
      (key !== undefined && namesSecret(key) && /[|>][-+\d]*\s*$/.test(text))
    ) {
      return true
    }
  }
  return false
}

/** Columns of indentation; undefined for an empty line. */
function indentOf(text: string): number | undefined {
  const at = text.search(/\S/)
  return at === -1 ? undefined : at
}

function valueAfterKey(text: string): Stretch | undefined {
  const key = /^\s*(?:- +)*(?:"[^"]*"|'[^']*'|[^\s:#'"{[][^:#]*?)\s*:(?:\s+|$)/.exec(text)
  return key ? { start: key[0].length, end: text.length } : undefined
}

function wholeLine(text: string): Stretch {
  const start = text.search(/\S/)
  return { start: Math.max(0, start), end: text.length }
}

function tokenStretches(text: string): readonly Stretch[] {
  const masked = maskTokens(text)
  if (masked === text) return []
  const start = commonPrefix(text, masked)
  const tail = commonPrefix(reverse(text.slice(start)), reverse(masked.slice(start)))
  return [{ start, end: text.length - tail }]
}

function commonPrefix(a: string, b: string): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1
  return length
}

function reverse(text: string): string {
  return [...text].reverse().join('')
}
