import type { Register } from '../command.ts'
import { durationOption, parseCount, withCommonOptions } from '../options.ts'

/** To become healthy, unless `--timeout` says otherwise. */
export const passTimeout = '2m'

export const passCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('pass [unknown...]', 'one pass: plan, apply, wait until healthy; what `reconcile` alone does', {
      isDefault: true,
    }).usage('[options]'),
    ['text', 'json', 'yaml', 'markdown'],
  )
    .option('--dry-run', 'print the plan and change nothing')
    .option('--detailed-exitcode', 'with --dry-run: 0 no changes, 2 changes, 1 error or something unknown')
    .addOption(durationOption('--timeout <duration>', 'how long to wait for health', passTimeout))
    .option('--no-wait', 'act and confirm, but do not wait for health')
    .option('--allow-deletions <n>', 'let this many deletions happen although the limit is lower', parseCount)
    .option(
      '--rebind',
      'accept that the state belonged to another manifests folder, or add this environment to it',
    )
    .action(
      run(async (call, common, command) => {
        const [unknown] = command.args
        if (unknown !== undefined) command.error(`error: unknown verb '${unknown}'`, { exitCode: 1 })
        if (command.opts().dryRun === true)
          return (await import('../verbs/plan.ts')).plan(call, common, command.opts())
        return (await import('../verbs/pass.ts')).pass(call, common, command.opts())
      }),
    )
}
