import type { Register } from '../command.ts'
import { parseTimeout, withCommonOptions } from '../options.ts'

export const downCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('down', 'stop what this fleet created, and leave it so until `reconcile resume --all`'),
    ['text', 'json'],
  )
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only show what would be stopped')
    .option('--timeout <duration>', 'how long to wait until all is stopped', parseTimeout, 120_000)
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/down.ts')).down(call, common, {
          yes: command.opts().yes === true,
          dryRun: command.opts().dryRun === true,
          timeout: command.opts().timeout,
        }),
      ),
    )
}
