import type { Register } from '../command.ts'
import { durationOption, withCommonOptions } from '../options.ts'
import { passTimeout } from './pass.ts'

export const applyCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('apply <plan>', 'do what a plan saved by `plan --out` says, and nothing more'), [
    'text',
    'json',
    'yaml',
  ])
    .showHelpAfterError(
      '(`reconcile plan --out FILE` saves a plan; manifests are applied by `reconcile` alone, `--file` names others)',
    )
    .option('--dry-run', 'say whether the plan still holds and change nothing')
    .addOption(durationOption('--timeout <duration>', 'how long to wait for health', passTimeout))
    .option('--no-wait', 'act and confirm, but do not wait for health')
    .action(
      run(async (call, common, command) => {
        const [file = ''] = command.args
        return (await import('../verbs/apply.ts')).apply(call, common, { ...command.opts(), file })
      }),
    )
}
