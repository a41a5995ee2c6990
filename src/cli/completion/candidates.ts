import type { Command, Option } from 'commander'

/** Where names come from; each is asked only when it is needed. */
export interface NameSources {
  readonly resources: () => Promise<readonly string[]>
  readonly environments: () => Promise<readonly string[]>
  /** What may follow in a path of \`explain\`. */
  readonly fields: (begun: string) => Promise<readonly string[]>
  readonly importSources: () => readonly string[]
}

/**
 * What the word at `at` may become, given the words of a command line without the program. Empty where names of files
 * are meant, or nothing is known.
 */
export async function candidatesFor(
  program: Command,
  { words, at }: { readonly words: readonly string[]; readonly at: number },
  names: NameSources,
): Promise<readonly string[]> {
  const word = words[at] ?? ''
  const before = words.slice(0, at)
  const verb = before.map((each) => program.commands.find((command) => command.name() === each)).find(Boolean)
  const command = verb ?? program.commands.find((each) => each.name() === 'pass') ?? program
  const all = await possible(program, { command, verb, word, before }, names)
  return [...new Set(all.filter((each) => each.startsWith(word)))].sort()
}

async function possible(
  program: Command,
  line: {
    readonly command: Command
    readonly verb: Command | undefined
    readonly word: string
    readonly before: readonly string[]
  },
  names: NameSources,
): Promise<readonly string[]> {
  const { command, verb, word, before } = line
  const option = optionOf(command, before)
  if (option) return valuesOf(option, names)
  if (word.startsWith('-')) return [...command.options, ...program.options].flatMap(flagsOf)
  if (!verb) return program.commands.map((each) => each.name()).filter((name) => name !== 'pass')
  const operands = operandsOf(verb, before.slice(before.indexOf(verb.name()) + 1))
  const argument =
    verb.registeredArguments[operands.length] ?? verb.registeredArguments.findLast((each) => each.variadic)
  if (!argument) return []
  if (argument.argChoices) return argument.argChoices
  switch (argument.name()) {
    case 'resource':
      return names.resources()
    case 'field':
      return names.fields(word)
    case 'source':
      return names.importSources()
    default:
      return []
  }
}

/** The option whose value is being typed; one that takes several goes on until the next option. */
function optionOf(command: Command, before: readonly string[]): Option | undefined {
  const index = before.findLastIndex((word) => word.startsWith('-'))
  const option = command.options.find((each) => flagsOf(each).includes(before[index] ?? ''))
  if (!option || (!option.required && !option.optional)) return undefined
  return option.variadic || index === before.length - 1 ? option : undefined
}

async function valuesOf(option: Option, names: NameSources): Promise<readonly string[]> {
  if (option.argChoices) return option.argChoices
  if (option.long === '--only') return names.resources()
  return option.long === '--env' ? names.environments() : []
}

function flagsOf({ short, long, hidden }: Option): readonly string[] {
  return hidden ? [] : [short, long].filter((flag) => flag !== undefined && flag !== null)
}

/** Words that are neither options nor their values. */
function operandsOf(verb: Command, words: readonly string[]): readonly string[] {
  return words.filter(
    (word, index) => !word.startsWith('-') && optionOf(verb, words.slice(0, index)) === undefined,
  )
}
