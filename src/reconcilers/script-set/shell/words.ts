import type { Word, WordPart } from 'unbash'
import type { KnownWord } from './call.ts'

const longestText = 80

/** The value of a word that no expansion can change. */
export function knownValue(word: Word): KnownWord {
  if (word.value.startsWith('~') && word.text.startsWith('~')) return undefined
  return (word.parts ?? []).every(isLiteral) ? word.value : undefined
}

export function knownAssignment(text: string, value: { readonly type: string }): KnownWord {
  if (value.type !== 'Word') return undefined
  const known = knownValue(value as Word)
  return known === undefined ? undefined : `${text.slice(0, text.indexOf('='))}=${known}`
}

function isLiteral(part: WordPart): boolean {
  if (part.type === 'DoubleQuoted') return part.parts.every((child) => child.type === 'Literal')
  return part.type === 'Literal' || part.type === 'SingleQuoted' || part.type === 'AnsiCQuoted'
}

/** A command for a message: one line, no control character, not too long. */
export function shorten(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ').trim()
  return line.length > longestText ? `${line.slice(0, longestText - 3)}...` : line
}
