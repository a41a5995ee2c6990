import { posix } from 'node:path'
import type {
  Command,
  CommandNode,
  ParsedScript,
  PipelineNode,
  Redirection,
  Statement,
  Word,
  WordPart,
} from 'unbash'
import { forEachChild } from 'unbash'
import type { Call, Habit, KnownWord } from './call.ts'
import { commandName, harmless, successOf } from './certain-commands.ts'
import { knownAssignment, knownValue, shorten } from './words.ts'

/** What a shell carries from one command to the next. */
interface ShellState {
  folder: string | undefined
}

/** Goes through a parsed script and collects what it runs, where, and how its results are treated. */
export class ShellWalk {
  readonly calls: Call[] = []
  readonly entered: string[] = []
  readonly habits: Habit[] = []
  readonly #source: string
  readonly #functions = new Set<string>()
  #stopsAtFailure = false

  constructor(source: string) {
    this.#source = source
  }

  /** `isOutermost`: the last of them decides what npm sees. */
  statements(list: readonly Statement[], state: ShellState, isOutermost = false): void {
    const waits = list.some((statement) => commandName(statement.command) === 'wait')
    for (const [index, statement] of list.entries()) {
      const { command } = statement
      if (statement.background === true) {
        if (!waits) this.habits.push({ type: 'background', text: this.#text(command) })
        this.#node(command, { ...state })
        continue
      }
      const next = list[index + 1]
      if (isOutermost && next && !this.#stopsAtFailure) this.#judgeSequence(command, next)
      this.#node(command, state)
      if (commandName(command) === 'set' && /(^|\s)-[a-z]*e/.test(this.#text(command)))
        this.#stopsAtFailure = true
    }
  }

  #judgeSequence(command: Statement['command'], next: Statement): void {
    const name = commandName(command)
    if (name !== undefined && harmless.has(name)) return
    if (command.type !== 'Command' && command.type !== 'Pipeline' && command.type !== 'AndOr') return
    if (command.type === 'Command' && command.name === undefined) return
    const text = this.#text(command)
    const succeeds = successOf(next.command)
    if (succeeds !== undefined) this.habits.push({ type: 'masks', text, by: `; ${succeeds}` })
    else this.habits.push({ type: 'ignores', text, next: this.#text(next.command) })
  }

  #node(node: PipelineNode | Statement['command'], state: ShellState): void {
    switch (node.type) {
      case 'AndOr':
        this.#andOr(node.commands, node.operators, state)
        return
      case 'Pipeline':
        this.#pipeline(node.commands, node.operators, state)
        return
      case 'Command':
        this.#command(node, state)
        return
      case 'Subshell':
        this.statements(node.body.commands, { ...state })
        return
      case 'BraceGroup':
        this.statements(node.body.commands, state)
        return
      case 'Redirected':
        this.#redirections(node.redirects, state)
        this.#node(node.command, state)
        return
      case 'If':
        for (const list of [
          node.clause,
          node.then,
          ...node.elif.flatMap((e) => [e.clause, e.then]),
          node.else,
        ])
          if (list) this.statements(list.commands, state)
        return
      case 'While':
        this.statements(node.clause.commands, state)
        this.statements(node.body.commands, state)
        return
      case 'For':
        for (const word of node.wordlist ?? []) this.#word(word, state)
        this.statements(node.body.commands, state)
        return
      case 'Case':
        this.#word(node.word, state)
        for (const item of node.items) this.statements(item.body.commands, { ...state })
        return
      case 'Function':
        this.#functions.add(node.name.value)
        if (node.body.type === 'CompoundList') this.statements(node.body.commands, { ...state })
        else this.#node(node.body, { ...state })
        return
      case 'Select':
      case 'ArithmeticFor':
        this.#bashOnly(node.type === 'Select' ? 'select' : 'for (( ))')
        this.statements(node.body.commands, state)
        return
      case 'TestCommand':
        this.#bashOnly('[[ ]]')
        return
      case 'ArithmeticCommand':
        this.#bashOnly('(( ))')
        return
      case 'Coproc':
        this.#bashOnly('coproc')
        if (node.body.type === 'CompoundList') this.statements(node.body.commands, { ...state })
        else this.#node(node.body, { ...state })
        return
    }
  }

  /** `a || b && c` is `(a || b) && c`: both bind alike, from the left. */
  #andOr(commands: readonly PipelineNode[], operators: readonly ('&&' | '||')[], state: ShellState): void {
    for (const [index, command] of commands.entries()) {
      const operator = operators[index - 1]
      const by = operator === '||' ? successOf(command) : undefined
      if (by !== undefined) {
        const [first] = commands
        const last = commands[index - 1]
        const text = first && last ? this.#between(first.pos, last.end) : ''
        const isProbe = index === 1 && first !== undefined && harmless.has(commandName(first) ?? '')
        if (!isProbe) this.habits.push({ type: 'masks', text, by: `|| ${by}` })
      }
      this.#node(command, state)
    }
  }

  #pipeline(commands: readonly CommandNode[], operators: readonly string[], state: ShellState): void {
    if (operators.includes('|&')) this.#bashOnly('|&')
    const names = commands.map(commandName)
    const source = names[0]
    const end = names.at(-1)
    if ((source === 'curl' || source === 'wget') && end !== undefined && /^(ba|z|da)?sh$|^node$/.test(end)) {
      const [first] = commands
      const last = commands.at(-1)
      if (first && last)
        this.habits.push({ type: 'pipes-to-shell', text: this.#between(first.pos, last.end) })
    }
    const isAlone = commands.length === 1
    for (const command of commands) this.#node(command, isAlone ? state : { ...state })
  }

  #command(command: Command, state: ShellState): void {
    this.#redirections(command.redirects, state)
    for (const part of command.prefix) {
      if (part.type === 'Assignment') forEachChild(part, (child) => this.#inner(child, state))
    }
    const { name } = command
    if (!name) return
    this.#word(name, state)
    const args: KnownWord[] = []
    const written: string[] = []
    for (const arg of command.args) {
      if (arg.type === 'Word') this.#word(arg, state)
      else forEachChild(arg, (child) => this.#inner(child, state))
      args.push(arg.type === 'Word' ? knownValue(arg) : knownAssignment(arg.text, arg.value))
      written.push(arg.type === 'Word' ? arg.value : arg.text)
    }
    const program = knownValue(name)
    if (program === undefined || this.#functions.has(program)) return
    if (program === 'cd' || program === 'pushd') {
      this.#enter(args, state)
      return
    }
    if (program === 'popd') state.folder = undefined
    if (program === 'source' || program === 'function') this.#bashOnly(program)
    this.calls.push({ name: program, args, written, text: this.#text(command), folder: state.folder })
  }

  #enter(args: readonly KnownWord[], state: ShellState): void {
    const [target, ...more] = args.filter((arg) => arg !== '--' && arg !== '-P' && arg !== '-L')
    if (target === undefined || target === '-' || more.length > 0 || state.folder === undefined) {
      state.folder = undefined
      return
    }
    state.folder = posix.isAbsolute(target) ? posix.normalize(target) : posix.join(state.folder, target)
    this.entered.push(state.folder)
  }

  #redirections(redirects: readonly Redirection[], state: ShellState): void {
    for (const redirect of redirects) {
      if (redirect.type === 'Redirect') {
        if (redirect.operator === '&>' || redirect.operator === '&>>') this.#bashOnly(redirect.operator)
        if (redirect.target) this.#word(redirect.target, state)
      } else if (redirect.type === 'HereString') this.#bashOnly('<<<')
    }
  }

  #word(word: Word, state: ShellState): void {
    for (const part of word.parts ?? []) this.#inner(part, state)
  }

  /** Commands within words run too: `$(...)`, backquotes and `<(...)`. */
  #inner(part: WordPart | { readonly type: string }, state: ShellState): void {
    const node = part as WordPart
    if (node.type === 'CommandExpansion' || node.type === 'ProcessSubstitution') {
      if (node.type === 'ProcessSubstitution') this.#bashOnly(`${node.operator}( )`)
      if (node.script) this.#within(node.script, state)
      return
    }
    forEachChild(node, (child) => this.#inner(child, state))
  }

  /** Its commands count; its habits do not, because what it ends with is not what npm sees. */
  #within(script: ParsedScript, state: ShellState): void {
    const inner = new ShellWalk(script.source ?? this.#source)
    inner.statements(script.commands, { ...state })
    this.calls.push(...inner.calls)
    this.entered.push(...inner.entered)
  }

  #bashOnly(what: string): void {
    this.habits.push({ type: 'bash-only', what })
  }

  #text(node: { readonly pos: number; readonly end: number }): string {
    return this.#between(node.pos, node.end)
  }

  #between(start: number, end: number): string {
    return shorten(this.#source.slice(start, end))
  }
}
