import type { Register } from '../command.ts'
import { durationOption, withCommonOptions } from '../options.ts'

export const reportCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('report', 'status, health with what to do about it, performance, trends and errors'),
    ['text', 'json', 'yaml', 'markdown', 'html'],
  )
    .addOption(durationOption('--since <duration>', 'how much of the past it covers', '1d'))
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/report.ts')).report(call, common, { window: command.opts().since }),
      ),
    )
}
