import type { Command, Option } from 'commander'

/** Where names come from; each is asked only when it is needed. */
export interface NameSources {
  readonly resources: () => Promise<readonly string[]>
  readonly receivers: () => Promise<readonly string[]>
  /** `tier=core`. */
  readonly labels: () => Promise<readonly string[]>
  /** Of npm. */
  readonly scripts: () => Promise<readonly string[]>
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
  const { word, before, prefix } = lineAt(words, at)
  const { verb, command } = commandIn(program, before)
  const all = await possible(program, { command, verb, word, before }, names)
  const fitting = all.filter((each) => each.startsWith(word)).map((each) => prefix + each)
  return [...new Set(fitting)].sort()
}

/** The verb of a command line, and the command whose options it takes. */
export function commandIn(
  program: Command,
  words: readonly string[],
): { readonly verb: Command | undefined; readonly command: Command } {
  const verb = words.map((each) => program.commands.find((command) => command.name() === each)).find(Boolean)
  return { verb, command: verb ?? program.commands.find((each) => each.name() === 'pass') ?? program }
}

/**
 * The word that is typed, and those before it: the value of `--env=pro` is a word of its own. Bash cuts there already,
 * and takes what is offered for the part after the `=`.
 */
function lineAt(words: readonly string[], at: number) {
  const word = words[at] ?? ''
  const before = joined(words.slice(0, at))
  const last = before.at(-1) ?? ''
  // The value is typed now: its option is the last word before it.
  if (/^--[a-z-]+=$/.test(last))
    return { word, before: [...before.slice(0, -1), last.slice(0, -1)], prefix: '' }
  if (word === '=') return { word: '', before, prefix: '' }
  const [, flag, value] = /^(--[a-z-]+)=(.*)$/.exec(word) ?? []
  if (flag === undefined || value === undefined) return { word, before, prefix: '' }
  return { word: value, before: [...before, flag], prefix: `${flag}=` }
}

/** Puts together again what bash cuts: `--file`, `=`, `DIR`. */
function joined(words: readonly string[]): readonly string[] {
  const whole: string[] = []
  for (const [index, word] of words.entries()) {
    const last = whole.at(-1)
    const isCut = word === '=' || (words[index - 1] === '=' && last?.startsWith('--') === true)
    if (isCut && last !== undefined) whole[whole.length - 1] = last + word
    else whole.push(word)
  }
  return whole
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
      // Receivers have events, and nothing else that a resource has.
      return verb.name() === 'events'
        ? [...(await names.resources()), ...(await names.receivers())]
        : names.resources()
    case 'receiver':
      return names.receivers()
    case 'script':
      return names.scripts()
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
  if (option.long === '--label') return names.labels()
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
