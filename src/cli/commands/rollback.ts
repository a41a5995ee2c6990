import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const rollbackCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('rollback [commit]', 'hold a fleet that follows a repository at an earlier good commit'),
    ['text'],
  )
    .option('--by <name>', 'who; default: the user name')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/rollback.ts')).rollback(call, common, {
          commit: command.args[0],
          by: command.opts().by,
        }),
      ),
    )
}
