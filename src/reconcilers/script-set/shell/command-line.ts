import { type ParsedScript, parse } from 'unbash'
import type { CommandLine } from './call.ts'
import { ShellWalk } from './shell-walk.ts'

/** Reads a command as the shell would. Starts nothing and looks at nothing. */
export function readCommandLine(source: string, folder = '.'): CommandLine {
  let script: ParsedScript
  try {
    script = parse(source)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { calls: [], entered: [], habits: [], fault: reason, isEmpty: false }
  }
  const walk = new ShellWalk(source)
  walk.statements(script.commands, { folder }, true)
  const [fault] = script.errors ?? []
  return {
    calls: walk.calls,
    entered: walk.entered,
    habits: walk.habits,
    fault: fault && `${fault.message} at column ${fault.pos + 1}`,
    isEmpty: script.commands.length === 0,
  }
}
