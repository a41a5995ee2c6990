import type { Register } from '../command.ts'
import { parseTimeout, withCommonOptions } from '../options.ts'

const day = 86_400_000

export const reportCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('report', 'status, health with what to do about it, performance, trends and errors'),
    ['text', 'json', 'yaml', 'markdown', 'html'],
  )
    .option('--since <duration>', 'how much of the past it covers', parseTimeout, day)
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/report.ts')).report(call, common, { window: command.opts().since }),
      ),
    )
}
