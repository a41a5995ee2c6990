import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const resumeCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('resume [resource]', 'end a suspension, and start recovery attempts anew'), ['text'])
    .option('--all', 'every resource, a fleet that is down, and one that was rolled back')
    .option('--source', 'a fleet that was rolled back: it follows its branch again')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/resume.ts')).resume(call, common, {
          resource: command.args[0],
          all: command.opts().all === true,
          source: command.opts().source === true,
        }),
      ),
    )
}
