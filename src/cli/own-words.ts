import { ownWordsText } from './own-words-text.ts'

let words: ReadonlySet<string> | undefined

/** Whether this program says a word itself; in small letters. */
export function isOwnWord(word: string): boolean {
  words ??= new Set(ownWordsText().split(' '))
  return words.has(word)
}
