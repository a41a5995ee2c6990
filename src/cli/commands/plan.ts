import type { Register } from '../command.ts'
import { parseCount, withCommonOptions } from '../options.ts'

export const planCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('plan', 'print what a pass would do; changes nothing'), [
    'text',
    'json',
    'yaml',
    'markdown',
  ])
    .option('--detailed-exitcode', '0 no changes, 2 changes, 1 error or something unknown')
    .option('--allow-deletions <n>', 'plan as if this many deletions were allowed', parseCount)
    .option('--out <file>', 'save it too, for `reconcile apply`')
    .option('--rebind', 'plan as if the state belonged to this manifests folder and environment')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/plan.ts')).plan(call, common, command.opts()),
      ),
    )
}
