import type { Register } from '../command.ts'
import { parseTimeout, withCommonOptions } from '../options.ts'
import { passTimeout } from './pass.ts'

export const applyCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('apply <plan>', 'do what a plan saved by `plan --out` says, and nothing more'), [
    'text',
    'json',
    'yaml',
  ])
    .option('--dry-run', 'say whether the plan still holds and change nothing')
    .option('--timeout <duration>', 'how long to wait for health, such as 30s', parseTimeout, passTimeout)
    .option('--no-wait', 'act and confirm, but do not wait for health')
    .action(
      run(async (call, common, command) => {
        const [file = ''] = command.args
        return (await import('../verbs/apply.ts')).apply(call, common, { ...command.opts(), file })
      }),
    )
}
