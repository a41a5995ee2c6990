import type { Register } from '../command.ts'
import { whileRead } from '../invocation.ts'
import { parseCount, withCommonOptions } from '../options.ts'
import { withGitOptions } from '../source/git-options.ts'

export const watchCommand: Register = ({ verb, run }) => {
  withGitOptions(
    withCommonOptions(verb('watch', 'the controller, in the foreground: heals drift and follows edits'), [
      'text',
      'json',
    ]),
  )
    .option('--allow-deletions <n>', 'let this many deletions happen at once', parseCount)
    .option(
      '--rebind',
      'accept that the state belonged to another manifests folder, or add this environment to it',
    )
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/watch.ts')).watch(whileRead(call), common, command.opts()),
      ),
    )
}
