import { type ParsedScript, parse } from 'unbash'
import type { CommandLine, ShellText } from './call.ts'
import { ShellWalk } from './shell-walk.ts'

/** Reads a text as its shell would. Starts nothing and looks at nothing. */
export function readCommandLine(source: ShellText): CommandLine {
  const { text, folder, shell = 'sh' } = source
  let script: ParsedScript
  try {
    script = parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { calls: [], entered: [], read: [], habits: [], fault: reason, isEmpty: false }
  }
  const walk = new ShellWalk(text, source)
  walk.statements(script.commands, { folder, tested: [] }, true)
  const [fault] = script.errors ?? []
  return {
    calls: walk.calls,
    entered: walk.entered,
    read: walk.read,
    habits: shell === 'bash' ? walk.habits.filter(({ type }) => type !== 'bash-only') : walk.habits,
    fault: fault && `${fault.message} at column ${fault.pos + 1}`,
    isEmpty: script.commands.length === 0,
  }
}
