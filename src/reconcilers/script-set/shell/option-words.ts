import type { KnownWord } from './call.ts'

/** How the options of a program are written, as far as its operands must be told from them. */
export interface OptionRules {
  /** Options whose value is the next word. */
  readonly withValue?: ReadonlySet<string>
  /** Further ones: clusters of letters of which one takes the next word. */
  readonly takesNext?: RegExp
  /** Whether the first operand ends the options: what follows is handed on. Default true. */
  readonly stopsAtOperand?: boolean
}

export interface ReadOptions {
  /** Positions of the operands among the words. */
  readonly operands: readonly number[]
  /** By option: its value, or an empty text for a switch. The last one wins. */
  readonly options: ReadonlyMap<string, KnownWord>
  /** Every option in its order, with its value. */
  readonly given: readonly { readonly name: string; readonly value: KnownWord }[]
  /** The position after `--`; undefined: there is none. */
  readonly afterDashes: number | undefined
}

/** Tells options from operands: `--name value`, `--name=value`, `-n value`, `-abc`, `--`. */
export function readOptions(words: readonly KnownWord[], rules: OptionRules = {}): ReadOptions {
  const operands: number[] = []
  const given: { readonly name: string; readonly value: KnownWord }[] = []
  const { withValue, takesNext, stopsAtOperand = true } = rules
  const end = (afterDashes: number | undefined): ReadOptions => {
    const options = new Map(given.map(({ name, value }) => [name, value]))
    return { operands, options, given, afterDashes }
  }
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]
    if (word === '--') return end(index + 1)
    if (word === undefined || !word.startsWith('-') || word === '-') {
      operands.push(index)
      if (stopsAtOperand) return end(undefined)
      continue
    }
    const equals = word.indexOf('=')
    const name = equals === -1 ? word : word.slice(0, equals)
    if (equals !== -1) given.push({ name, value: word.slice(equals + 1) })
    else if (withValue?.has(name) || takesNext?.test(name)) {
      given.push({ name, value: words[index + 1] })
      index += 1
    } else given.push({ name, value: '' })
  }
  return end(undefined)
}

/** The values of an option that has several names, in their order; undefined among them: known when it runs. */
export function valuesOf({ given }: ReadOptions, ...names: readonly string[]): readonly KnownWord[] {
  return given.flatMap(({ name, value }) => (names.includes(name) ? [value] : []))
}
