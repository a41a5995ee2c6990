import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const resumeCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('resume [resource]', 'end a suspension, and start recovery attempts anew'), ['text'])
    .option('--all', 'every resource, and a fleet that is down')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/resume.ts')).resume(call, common, {
          resource: command.args[0],
          all: command.opts().all === true,
        }),
      ),
    )
}
