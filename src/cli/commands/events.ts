import type { Register } from '../command.ts'
import { parseCount, withCommonOptions } from '../options.ts'

export const eventsCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('events [resource]', 'what happened, newest last'), ['text', 'json', 'yaml'])
    .option('-n, --lines <n>', 'how many', parseCount, 50)
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/events.ts')).events(call, common, {
          resource: command.args[0],
          limit: command.opts().lines,
        }),
      ),
    )
}
