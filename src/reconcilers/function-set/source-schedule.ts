import { type Token, tokenizer, tokTypes } from 'acorn'
import type { Stretch } from './toml-places.ts'

/** A token with what it says, which acorn's types leave out. */
type Sign = Token & { readonly value?: unknown }

/** A schedule that a function's source gives in so many words, with its place. */
export interface SourceSchedule extends Stretch {
  readonly cron: string
}

/**
 * The schedule in a source: `schedule` of its exported `config`, or the first argument of `schedule` of
 * `@netlify/functions`. Signs alone are read, so that TypeScript is understood without its types; undefined: there is
 * none, it is not written out, or the source cannot be read so.
 */
export function scheduleInSource(text: string): SourceSchedule | undefined {
  const tokens = tokensOf(text)
  const key = keyInConfig(tokens, 'schedule')
  return key < 0 ? inCall(tokens) : literalAt(tokens, key + 2)
}

/** Whether the exported `config` of a source gives the function paths of its own. */
export function hasPathInSource(text: string): boolean {
  return keyInConfig(tokensOf(text), 'path') >= 0
}

/** Empty where it cannot be read so. */
function tokensOf(text: string): readonly Sign[] {
  try {
    return [...tokenizer(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true })]
  } catch {
    return []
  }
}

/** Where a key of the exported `config` stands; -1: nowhere. */
function keyInConfig(tokens: readonly Sign[], word: string): number {
  const start = tokens.findIndex(
    (token, at) => wordOf(token) === 'config' && isDeclared(tokens, at) && isExported(tokens, at),
  )
  if (start < 0) return -1
  // Past a type, which may have braces of its own.
  const equals = indexAtDepth(tokens, { from: start + 1, depth: 0 }, (token) => token.type === tokTypes.eq)
  if (tokens[equals + 1]?.type !== tokTypes.braceL) return -1
  return indexAtDepth(tokens, { from: equals + 1, depth: 1 }, (token, at) => {
    return wordOf(token) === word && tokens[at + 1]?.type === tokTypes.colon
  })
}

function inCall(tokens: readonly Sign[]): SourceSchedule | undefined {
  if (!tokens.some((token) => token.type === tokTypes.string && token.value === '@netlify/functions')) {
    return undefined
  }
  const call = tokens.findIndex(
    (token, at) => wordOf(token) === 'schedule' && tokens[at + 1]?.type === tokTypes.parenL,
  )
  return call < 0 ? undefined : literalAt(tokens, call + 2)
}

/** A text that stands alone, not as a part of something that is computed. */
function literalAt(tokens: readonly Sign[], at: number): SourceSchedule | undefined {
  const token = tokens[at]
  const after = tokens[at + 1]
  const isAlone = after?.type === tokTypes.comma || after?.type === tokTypes.braceR || wordOf(after) === 'as'
  if (token?.type !== tokTypes.string || !isAlone) return undefined
  return { cron: String(token.value), offset: token.start, length: token.end - token.start }
}

function isDeclared(tokens: readonly Sign[], at: number): boolean {
  return ['const', 'let', 'var'].includes(wordOf(tokens[at - 1]) ?? '')
}

/** `export const config`, or `export { config }` anywhere. */
function isExported(tokens: readonly Sign[], at: number): boolean {
  if (wordOf(tokens[at - 2]) === 'export') return true
  const list = tokens.findIndex(
    (token, index) => wordOf(token) === 'export' && tokens[index + 1]?.type === tokTypes.braceL,
  )
  if (list < 0) return false
  const end = tokens.findIndex((token, index) => index > list && token.type === tokTypes.braceR)
  return tokens.slice(list, end).some((token) => wordOf(token) === 'config')
}

/** The first token that is meant, in so many brackets more than where the search begins; -1: there is none. */
function indexAtDepth(
  tokens: readonly Sign[],
  within: { readonly from: number; readonly depth: number },
  isMeant: (token: Sign, at: number) => boolean,
): number {
  let depth = 0
  for (let at = within.from; at < tokens.length; at += 1) {
    const token = tokens[at] as Sign
    if (closing.has(token.type)) depth -= 1
    if (depth < 0 || (depth === 0 && token.type === tokTypes.semi)) return -1
    if (depth === within.depth && isMeant(token, at)) return at
    if (opening.has(token.type)) depth += 1
    // Out of the object that was entered.
    if (depth === 0 && within.depth > 0 && at > within.from) return -1
  }
  return -1
}

const opening = new Set([tokTypes.braceL, tokTypes.bracketL, tokTypes.parenL, tokTypes.dollarBraceL])
const closing = new Set([tokTypes.braceR, tokTypes.bracketR, tokTypes.parenR])

/** A name, a keyword, or a text that is a key. */
function wordOf(token: Sign | undefined): string | undefined {
  if (!token) return undefined
  if (token.type === tokTypes.name || token.type === tokTypes.string) return String(token.value)
  return token.type.keyword
}
