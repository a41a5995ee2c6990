import type { KnownWord } from './call.ts'

/** How the options of a program are written, as far as its operands must be told from them. */
export interface OptionRules {
  /** Options whose value is the next word. */
  readonly withValue?: ReadonlySet<string>
  /** Whether the first operand ends the options: what follows is handed on. Default true. */
  readonly stopsAtOperand?: boolean
}

export interface ReadOptions {
  /** Positions of the operands among the words. */
  readonly operands: readonly number[]
  /** By option: its value, or an empty text for a switch. The last one wins. */
  readonly options: ReadonlyMap<string, KnownWord>
  /** The position after `--`; undefined: there is none. */
  readonly afterDashes: number | undefined
}

/** Tells options from operands: `--name value`, `--name=value`, `-n value`, `-abc`, `--`. */
export function readOptions(words: readonly KnownWord[], rules: OptionRules = {}): ReadOptions {
  const operands: number[] = []
  const options = new Map<string, KnownWord>()
  const { withValue = new Set(), stopsAtOperand = true } = rules
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]
    if (word === '--') return { operands, options, afterDashes: index + 1 }
    if (word === undefined || !word.startsWith('-') || word === '-') {
      operands.push(index)
      if (stopsAtOperand) return { operands, options, afterDashes: undefined }
      continue
    }
    const equals = word.indexOf('=')
    const name = equals === -1 ? word : word.slice(0, equals)
    if (equals !== -1) options.set(name, word.slice(equals + 1))
    else if (withValue.has(name)) {
      options.set(name, words[index + 1])
      index += 1
    } else options.set(name, '')
  }
  return { operands, options, afterDashes: undefined }
}
