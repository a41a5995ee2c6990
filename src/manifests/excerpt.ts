import { maskTokens, namesSecret } from '../core/token-shape.ts'
import { markUnseen } from '../core/unseen.ts'
import { lineText, type SourceFile } from './source-file.ts'

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

/** Replaces all that is not seen, sign for sign. */
export function printable(text: string): string {
  return markUnseen(text).replace(/\p{Cs}/gu, '\ufffd')
}

/** What of a line may hold a secret. Judged by the text alone, because a broken file has no structure. */
function stretchesOf(file: SourceFile, line: number, text: string): readonly Stretch[] {
  if (isInsideSecretBlock(file, line)) {
    const value = valueAfterKey(text) ?? wholeLine(text)
    return isReference(text.slice(value.start, value.end)) ? [] : [value]
  }
  const stretches: Stretch[] = []
  let end = 0
  for (const match of text.matchAll(/([\w.-]+)["']?\s*[:=]\s*(?=\S)/g)) {
    const name = match[1] ?? ''
    const start = match.index + match[0].length
    if (start < end || !(secretBlocks.has(name) || namesSecret(name))) continue
    const isFlow = secretBlocks.has(name) || /[{[]/.test(text[start] ?? '')
    const stretch = isFlow ? flowValue(text, start) : { start, end: text.length }
    end = stretch.end
    if (!isReference(text.slice(start, end))) stretches.push(stretch)
  }
  return joined([...stretches, ...tokenStretches(text)])
}

/** Fields whose values are secret whatever they are called. */
const secretBlocks: ReadonlySet<string> = new Set(['env', 'default', 'fromCommand'])

/** In order, without overlap. */
function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  const result: Stretch[] = []
  for (const stretch of [...stretches].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last && stretch.start < last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, stretch.end) }
    } else result.push(stretch)
  }
  return result
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
  let level = levelOf(lineText(file, line))
  if (level === undefined) return false
  for (let above = line - 1; above > 0 && level > 0; above--) {
    if (line - above > maxLookBack) return true
    const text = lineText(file, above).slice(0, judgedLength)
    const own = levelOf(text)
    if (own === undefined || own >= level) continue
    level = own
    const key = /^\s*(?:- +)*["']?([^\s"':]+)["']?\s*:/.exec(text)?.[1]
    if (
      (key !== undefined && secretBlocks.has(key)) ||
      (key !== undefined && namesSecret(key) && /[|>][-+\d]*\s*$/.test(text))
    ) {
      return true
    }
  }
  return false
}

/** How deep a line stands; an item of a list one deeper than its column, where its key may be. Undefined: empty. */
function levelOf(text: string): number | undefined {
  const indent = text.search(/\S/)
  if (indent === -1) return undefined
  return 2 * indent + (/^-(?:\s|$)/.test(text.slice(indent, indent + 2)) ? 1 : 0)
}

function valueAfterKey(text: string): Stretch | undefined {
  const key = /^\s*(?:- +)*(?:"[^"]*"|'[^']*'|[^\s:#'"{[][^:#]*?)\s*:(?:\s+|$)/.exec(text)
  return key ? { start: key[0].length, end: text.length } : undefined
}

function wholeLine(text: string): Stretch {
  return { start: /^\s*(?:-\s+)*/.exec(text)?.[0].length ?? 0, end: text.length }
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
