import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'
import { withGitOptions } from '../source/git-options.ts'

export const startCommand: Register = ({ verb, run }) => {
  withGitOptions(
    withCommonOptions(verb('start', 'the controller, in the background: PM2 keeps it running'), ['text']),
  )
    .option(
      '--rebind',
      'accept that the state belonged to other manifests or another repository, or add this environment to it',
    )
    .option('--boot', 'have PM2 start with the machine too (its own `pm2 startup` and `pm2 save`)')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/start.ts')).start(call, common, command.opts()),
      ),
    )
}
