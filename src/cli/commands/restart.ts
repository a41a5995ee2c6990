import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const restartCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('restart', 'end the controller in the background and start it anew'), [
    'text',
  ]).action(run(async (call, common) => (await import('../verbs/restart.ts')).restart(call, common)))
}
