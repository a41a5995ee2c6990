import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const statusCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('status [resource]', 'what is known of each resource, with the age of each reading'),
    ['text', 'json', 'yaml'],
  )
    .option('--refresh', 'read anew instead of printing what the store knows')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/status.ts')).status(call, common, {
          resource: command.args[0],
          refresh: command.opts().refresh === true,
        }),
      ),
    )
}
