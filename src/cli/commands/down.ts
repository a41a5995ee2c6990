import type { Register } from '../command.ts'
import { durationOption, withCommonOptions } from '../options.ts'

/** A fleet is taken down as a whole: whoever gives one of these is told so. */
const refused: ReadonlySet<string | undefined> = new Set(['--only', '--label'])

export const downCommand: Register = ({ verb, run }) => {
  const down = withCommonOptions(
    verb('down', 'stop what this fleet created, and leave it so until `reconcile resume --all`'),
    ['text', 'json'],
  )
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only show what would be stopped')
    .addOption(durationOption('--timeout <duration>', 'how long to wait until all is stopped', '2m'))
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/down.ts')).down(call, common, {
          yes: command.opts().yes === true,
          dryRun: command.opts().dryRun === true,
          timeout: command.opts().timeout,
        }),
      ),
    )
  for (const option of down.options) option.hideHelp(refused.has(option.long))
}
