import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const diffEnvCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('diff-env <a> <b>', 'what two environments declare differently; reads manifests alone'),
    ['text', 'json', 'yaml'],
  ).action(
    run(async (call, common, command) =>
      (await import('../verbs/diff-env.ts')).diffEnv(call, common, {
        a: command.args[0] ?? '',
        b: command.args[1] ?? '',
      }),
    ),
  )
}
