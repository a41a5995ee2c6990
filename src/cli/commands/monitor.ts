import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const monitorCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('monitor', 'a live screen: resources, health, what is due, what happened'), [
    'text',
  ]).action(run(async (call, common) => (await import('../verbs/monitor.ts')).monitor(call, common)))
}
