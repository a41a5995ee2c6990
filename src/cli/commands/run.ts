import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const runCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('run <script>', 'run an npm script, and what takes its place if it fails'), ['text'])
    .option('--dry-run', 'print the way that would be taken, and start nothing')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/run.ts')).run(call, common, {
          script: command.args[0] ?? '',
          isDryRun: command.opts().dryRun === true,
        }),
      ),
    )
}
