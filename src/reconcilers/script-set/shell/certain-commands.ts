import type { CommandNode, PipelineNode, Statement } from 'unbash'
import { knownValue } from './words.ts'

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

/** The program of a simple command; undefined: it is another construct, or only known when it runs. */
export function commandName(node: Statement['command'] | CommandNode): string | undefined {
  return node.type === 'Command' && node.name ? knownValue(node.name) : undefined
}

/** The words of a command that always succeeds; undefined: it may fail. */
export function successOf(node: Statement['command'] | PipelineNode): string | undefined {
  const name = commandName(node)
  if (name === undefined || node.type !== 'Command') return undefined
  if (alwaysSucceeds.has(name)) return name
  const [first] = node.args
  return name === 'exit' && first?.type === 'Word' && first.value === '0' ? 'exit 0' : undefined
}
