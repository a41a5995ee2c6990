import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const checkCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('check [files...]', 'validate manifests, offline; writes and starts nothing'), [
    'text',
    'json',
    'yaml',
  ])
    .option('--strict', 'warnings fail, too')
    .option('--workflow <file...>', 'workflow files of GitHub Actions to validate, too')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/check.ts')).check(call, common, {
          files: command.args,
          strict: command.opts().strict === true,
          workflows: command.opts<{ workflow?: string[] }>().workflow ?? [],
        }),
      ),
    )
}
