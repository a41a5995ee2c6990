import type { Command } from 'commander'
import type { Register } from '../command.ts'
import { durationOption, parseCount, withCommonOptions } from '../options.ts'

/** What the verb is called in programs that people know. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ['get', 'status'],
  ['list', 'status'],
  ['ls', 'status'],
  ['show', 'describe'],
  ['info', 'describe'],
  ['diff', 'plan'],
  ['validate', 'check'],
  ['monit', 'monitor'],
])

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
        if (unknown !== undefined) return refuse(unknown, command)
        if (command.opts().dryRun === true)
          return (await import('../verbs/plan.ts')).plan(call, common, command.opts())
        return (await import('../verbs/pass.ts')).pass(call, common, command.opts())
      }),
    )
}

/** Says which verb was probably meant, in our words or in those of kubectl and of pm2. */
async function refuse(unknown: string, command: Command): Promise<never> {
  const verbs = command.parent?.commands.map((each) => each.name()) ?? []
  const { suggest } = await import('../../manifests/suggest.ts')
  const meant = elsewhere.get(unknown) ?? suggest(unknown, verbs)
  const help = meant === undefined ? '' : `\n(Did you mean \`reconcile ${meant}\`?)`
  command.showHelpAfterError('(`reconcile --help` lists the verbs)')
  return command.error(`error: unknown verb '${unknown}'${help}`, { exitCode: 1 })
}
