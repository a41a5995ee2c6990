import type { CommandNode, PipelineNode, Statement } from 'unbash'
import { knownValue } from './words.ts'

type Node = Statement['command'] | PipelineNode | CommandNode

/** Commands that succeed whatever was before them. */
const alwaysSucceeds: ReadonlySet<string> = new Set(['true', ':', 'echo', 'printf'])

/** Commands whose failure decides nothing: tests, and what only prints or sets. */
export const harmless: ReadonlySet<string> = new Set([
  'echo',
  'printf',
  'export',
  'set',
  'unset',
  'cd',
  'sleep',
  'wait',
  'trap',
  'true',
  ':',
  'test',
  '[',
  'exit',
  'clear',
  'command',
  'which',
  'type',
])

/** What ends a pipe without a failure of its own, so that nobody learns how the first command of the pipe ended. */
const passesOn: ReadonlySet<string> = new Set(['tee', 'cat'])

/** What only looks: of such a command at the head of a pipe people want the lines, not the result. */
const onlyLooks: ReadonlySet<string> = new Set([
  ...harmless,
  'cat',
  'ls',
  'find',
  'grep',
  'ps',
  'git',
  'head',
  'tail',
  'sort',
  'sed',
  'awk',
  'date',
  'yes',
])

/** The program of a simple command; undefined: it is another construct, or only known when it runs. */
export function commandName(node: Node): string | undefined {
  return node.type === 'Command' && node.name ? knownValue(node.name) : undefined
}

/** Whether it goes somewhere else. */
export function isMove(node: Node): boolean {
  const name = commandName(node)
  return name === 'cd' || name === 'pushd'
}

/** Whether its failure matters, and is lost where something else follows it. */
export function mayFailUnseen(node: Node): boolean {
  const name = commandName(node)
  if (name !== undefined) return !harmless.has(name)
  if (node.type === 'AndOr') {
    const last = node.commands.at(-1)
    // `|| exit` goes on with nothing.
    if (last && node.operators.at(-1) === '||' && leaves(last)) return false
    return node.commands.some(mayFailUnseen)
  }
  return node.type === 'Pipeline' || (node.type === 'Command' && node.name !== undefined)
}

/** Whether a pipe ends with what only passes on, so that the failure of its first command is lost. */
export function losesResult(commands: readonly CommandNode[]): boolean {
  const [first] = commands
  const last = commands.at(-1)
  const source = first && commandName(first)
  const end = last && commandName(last)
  return source !== undefined && end !== undefined && passesOn.has(end) && !onlyLooks.has(source)
}

/** What a command always succeeds by, such as `true` at the end of a group; undefined: it may fail. */
export function successOf(node: Node): string | undefined {
  switch (node.type) {
    case 'Subshell':
    case 'BraceGroup':
      return successOfList(node.body.commands)
    case 'AndOr': {
      const last = node.commands.at(-1)
      return last && successOf(last)
    }
    case 'Redirected':
      return successOf(node.command)
    case 'Command':
      return successOfCommand(node)
    default:
      return undefined
  }
}

function successOfCommand(node: Extract<Node, { type: 'Command' }>): string | undefined {
  const name = commandName(node)
  if (name === undefined) return undefined
  if (alwaysSucceeds.has(name)) return name
  const [first] = node.args
  return name === 'exit' && first?.type === 'Word' && first.value === '0' ? 'exit 0' : undefined
}

/** A list ends as its last command does, or at the first that leaves it. */
function successOfList(list: readonly Statement[]): string | undefined {
  const at = list.findIndex(({ command }) => leaves(command))
  const end = list[at === -1 ? list.length - 1 : at]?.command
  if (!end) return undefined
  const hasCode = end.type === 'Command' && end.args.length > 0
  const before = list[at - 1]?.command
  return at > 0 && before && !hasCode ? successOf(before) : successOf(end)
}

/** Whether nothing after it is run. */
export function leaves(node: Node): boolean {
  const name = commandName(node)
  if (name === 'exit' || name === 'return') return true
  if (node.type !== 'BraceGroup') return false
  return node.body.commands.some(({ command, background }) => background !== true && leaves(command))
}
