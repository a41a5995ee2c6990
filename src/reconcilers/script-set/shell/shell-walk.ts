import type {
  AndOr,
  Command,
  CommandNode,
  CompoundList,
  If,
  ParsedScript,
  Pipeline,
  PipelineNode,
  Redirection,
  RedirectOperator,
  Statement,
  Word,
  WordPart,
} from 'unbash'
import { forEachChild } from 'unbash'
import { bashBuiltins } from './bash-builtins.ts'
import type { Assurance, Call, Habit, KnownWord, ShellPath, ShellText } from './call.ts'
import {
  commandName,
  harmless,
  isMove,
  leaves,
  losesResult,
  mayFailUnseen,
  successOf,
} from './certain-commands.ts'
import { pathIn, proofOf, proofOfList } from './file-tests.ts'
import { madeBy } from './made-paths.ts'
import { knowing, meet, type ShellState } from './shell-state.ts'
import { knownAssignment, knownValue, shorten } from './words.ts'

/** Goes through a parsed script and collects what it runs, where, and how its results are treated. */
export class ShellWalk {
  readonly calls: Call[] = []
  readonly entered: ShellPath[] = []
  readonly read: ShellPath[] = []
  readonly habits: Habit[] = []
  readonly #source: string
  readonly #functions = new Set<string>()
  #made: readonly Assurance[]
  #stopsAtFailure = false
  #hasSourced = false
  #hasPipefail: boolean

  constructor(source: string, given: Pick<ShellText, 'assured' | 'hasPipefail'> = {}) {
    this.#source = source
    this.#made = given.assured ?? []
    // Who asks for the results of a pipe loses none of them.
    this.#hasPipefail = given.hasPipefail === true || source.includes('PIPESTATUS')
  }

  /** Gives the state after it. `isOutermost`: the last of them decides what npm sees. */
  statements(list: readonly Statement[], start: ShellState, isOutermost = false): ShellState {
    let state = start
    const waits = list.some((statement) => commandName(statement.command) === 'wait')
    for (const [index, statement] of list.entries()) {
      const { command } = statement
      if (statement.background === true) {
        if (!waits) this.habits.push({ type: 'background', text: this.#text(command) })
        this.#node(command, state)
        continue
      }
      const next = list[index + 1]
      if (isOutermost && next && !this.#stopsAtFailure) this.#judgeSequence(command, next)
      state = this.#node(command, state)
      if (commandName(command) !== 'set') continue
      if (/(^|\s)-[a-z]*e/.test(this.#text(command))) this.#stopsAtFailure = true
      if (/\bpipefail\b/.test(this.#text(command))) this.#hasPipefail = true
    }
    return state
  }

  #judgeSequence(command: Statement['command'], next: Statement): void {
    if (!mayFailUnseen(command)) return
    const text = this.#text(command)
    const succeeds = successOf(next.command)
    if (succeeds !== undefined) this.habits.push({ type: 'masks', text, by: `; ${succeeds}` })
    else this.habits.push({ type: 'ignores', text, next: this.#text(next.command) })
  }

  /** Gives the state after it. What runs in a shell of its own changes nothing of this one. */
  #node(node: PipelineNode | Statement['command'], state: ShellState): ShellState {
    switch (node.type) {
      case 'AndOr':
        return this.#andOr(node, state)
      case 'Pipeline':
        return this.#pipeline(node, state)
      case 'Command':
        return this.#command(node, state)
      case 'Subshell':
        this.statements(node.body.commands, state)
        return state
      case 'BraceGroup':
        return this.statements(node.body.commands, state)
      case 'Redirected':
        this.#redirections(node.redirects, state)
        return this.#node(node.command, state)
      case 'If':
        return this.#if(node, state)
      case 'While': {
        const asked = this.statements(node.clause.commands, state)
        const proof = proofOfList(node.clause.commands, state.folder)
        const isWhile = node.kind === 'while'
        const after = this.statements(
          node.body.commands,
          knowing(asked, isWhile ? proof.ifTrue : proof.ifFalse),
        )
        return knowing(meet(asked, after) ?? state, isWhile ? proof.ifFalse : proof.ifTrue)
      }
      case 'For':
        for (const word of node.wordlist ?? []) this.#word(word, state)
        return this.#perhaps(node.body.commands, state)
      case 'Case':
        this.#word(node.word, state)
        return node.items.reduce((after: ShellState, item) => {
          const end = this.statements(item.body.commands, state)
          return meet(after, end) ?? state
        }, state)
      case 'Function':
        this.#functions.add(node.name.value)
        this.#body(node.body, state)
        return state
      case 'Select':
      case 'ArithmeticFor':
        this.#bashOnly(node.type === 'Select' ? 'select' : 'for (( ))')
        return this.#perhaps(node.body.commands, state)
      case 'TestCommand':
        this.#bashOnly('[[ ]]')
        return state
      case 'ArithmeticCommand':
        this.#bashOnly('(( ))')
        return state
      case 'Coproc':
        this.#bashOnly('coproc')
        this.#body(node.body, state)
        return state
    }
  }

  #body(body: CommandNode | CompoundList, state: ShellState): void {
    if (body.type === 'CompoundList') this.statements(body.commands, state)
    else this.#node(body, state)
  }

  /** Run any number of times, or not at all. */
  #perhaps(list: readonly Statement[], state: ShellState): ShellState {
    return meet(state, this.statements(list, state)) ?? state
  }

  #if(node: If, state: ShellState): ShellState {
    let asked = state
    let end: ShellState | undefined
    for (const { clause, then } of [node, ...node.elif]) {
      const before = asked
      asked = this.statements(clause.commands, asked)
      const proof = proofOfList(clause.commands, before.folder)
      const after = this.statements(then.commands, knowing(asked, proof.ifTrue))
      if (!then.commands.some(({ command }) => leaves(command))) end = meet(end, after)
      asked = knowing(asked, proof.ifFalse)
    }
    const otherwise = node.else ? this.statements(node.else.commands, asked) : asked
    const neverComes = node.else?.commands.some(({ command }) => leaves(command)) === true
    return (neverComes ? end : meet(end, otherwise)) ?? state
  }

  /** `a || b && c` is `(a || b) && c`: both bind alike, from the left. */
  #andOr({ commands, operators }: AndOr, state: ShellState): ShellState {
    let passed: ShellState | undefined = state
    let failed: ShellState | undefined
    for (const [index, command] of commands.entries()) {
      const operator = operators[index - 1]
      if (operator === '||') this.#judgeAlternative(commands, index)
      const before: ShellState = (operator === '||' ? failed : passed) ?? state
      const end = this.#node(command, before)
      const proof = proofOf(command, before.folder)
      const isGone = leaves(command)
      const onSuccess = isGone ? undefined : knowing(end, proof.ifTrue)
      // A `cd` that failed went nowhere.
      const onFailure = isGone ? undefined : knowing(isMove(command) ? before : end, proof.ifFalse)
      passed = operator === '||' ? meet(passed, onSuccess) : onSuccess
      failed = operator === '&&' ? meet(failed, onFailure) : onFailure
    }
    // What comes after a `;` is meant for where the line leads when all goes well.
    const { folder } = passed ?? failed ?? state
    return { folder, tested: (meet(passed, failed) ?? state).tested }
  }

  #judgeAlternative(commands: readonly PipelineNode[], index: number): void {
    const command = commands[index]
    const [first] = commands
    const last = commands[index - 1]
    const success = command && successOf(command)
    if (!command || !first || !last || success === undefined) return
    const isProbe = index === 1 && harmless.has(commandName(first) ?? '')
    const by = command.type === 'Command' ? success : this.#text(command)
    if (!isProbe)
      this.habits.push({ type: 'masks', text: this.#between(first.pos, last.end), by: `|| ${by}` })
  }

  #pipeline({ commands, operators }: Pipeline, state: ShellState): ShellState {
    if (operators.includes('|&')) this.#bashOnly('|&')
    const [first] = commands
    const last = commands.at(-1)
    if (!first || !last) return state
    if (commands.length === 1) return this.#node(first, state)
    const source = commandName(first)
    const end = commandName(last)
    if ((source === 'curl' || source === 'wget') && end !== undefined && /^(ba|z|da)?sh$|^node$/.test(end))
      this.habits.push({ type: 'pipes-to-shell', text: this.#between(first.pos, last.end) })
    const before = commands.at(-2)
    if (before && !this.#hasPipefail && losesResult(commands))
      this.habits.push({ type: 'masks', text: this.#between(first.pos, before.end), by: `| ${end}` })
    for (const command of commands) this.#node(command, state)
    return state
  }

  #command(command: Command, state: ShellState): ShellState {
    this.#redirections(command.redirects, state)
    for (const part of command.prefix) {
      if (part.type === 'Assignment') forEachChild(part, (child) => this.#inner(child, state))
    }
    const { name } = command
    if (!name) return state
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
    if (program === undefined || this.#functions.has(program)) return state
    if (bashBuiltins.has(program) || program === 'function') this.#bashOnly(program)
    if (program === 'cd' || program === 'pushd') return this.#enter(args, state)
    const { folder } = state
    const call = {
      name: program,
      args,
      written,
      text: this.#text(command),
      folder,
      assured: this.#assured(state),
      ...(this.#hasSourced && { mayBeFunction: true }),
    }
    this.calls.push(call)
    // Such as `. ~/.nvm/nvm.sh && nvm use`: what it defines is not known.
    if ((program === '.' || program === 'source') && args[0] === undefined) this.#hasSourced = true
    this.#made = [...this.#made, ...madeBy(call)]
    return program === 'popd' ? { ...state, folder: undefined } : state
  }

  #enter(args: readonly KnownWord[], state: ShellState): ShellState {
    const [target, ...more] = args.filter((arg) => arg !== '--' && arg !== '-P' && arg !== '-L')
    if (target === undefined || target === '-' || more.length > 0 || state.folder === undefined)
      return { ...state, folder: undefined }
    const folder = pathIn(state.folder, target)
    this.entered.push({ path: folder, assured: this.#assured(state) })
    return { ...state, folder }
  }

  #assured({ tested }: ShellState): readonly Assurance[] {
    return tested.length === 0 ? this.#made : [...this.#made, ...tested]
  }

  #redirections(redirects: readonly Redirection[], state: ShellState): void {
    for (const redirect of redirects) {
      if (redirect.type === 'Redirect') {
        if (redirect.operator === '&>' || redirect.operator === '&>>') this.#bashOnly(redirect.operator)
        if (redirect.target) this.#redirected(redirect.operator, redirect.target, state)
      } else if (redirect.type === 'HereString') this.#bashOnly('<<<')
    }
  }

  #redirected(operator: RedirectOperator, target: Word, state: ShellState): void {
    this.#word(target, state)
    const name = knownValue(target)
    if (name === undefined || state.folder === undefined || operator === '<&' || /^(-|\d+)$/.test(name))
      return
    const path = pathIn(state.folder, name)
    if (operator === '<') this.read.push({ path, assured: this.#assured(state) })
    else this.#made = [...this.#made, { path, covers: 'itself' }]
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
    const inner = new ShellWalk(script.source ?? this.#source, { assured: this.#made })
    inner.statements(script.commands, state)
    this.calls.push(...inner.calls)
    this.entered.push(...inner.entered)
    this.read.push(...inner.read)
    this.#made = inner.#made
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
