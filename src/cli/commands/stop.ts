import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const stopCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('stop', 'end the controller in the background; what it manages keeps running'), [
    'text',
  ]).action(run(async (call, common) => (await import('../verbs/stop.ts')).stop(call, common)))
}
