import { ReconcileError } from '../../core/errors.ts'
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
    .option(
      '--against <rev>',
      "compare the manifests with those of a git revision, for a machine that is not the fleet's",
    )
    .action(
      run(async (call, common, command) => {
        const { against, ...options } = command.opts()
        if (against === undefined) return (await import('../verbs/plan.ts')).plan(call, common, options)
        assertAlone(options)
        return (await import('../verbs/review.ts')).review(call, common, { against })
      }),
    )
}

/** A comparison of manifests is no plan of a pass: nothing of it can be saved, allowed or bound. */
function assertAlone(options: Readonly<Record<string, unknown>>): void {
  const other = ['detailedExitcode', 'allowDeletions', 'out', 'rebind'].find((name) => name in options)
  if (other === undefined) return
  const flag = `--${other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  throw new ReconcileError('UsageInvalid', `Cannot use ${flag} with --against`, {
    hint: 'Leave one of them out: with --against manifests are compared, and no pass is planned.',
  })
}
