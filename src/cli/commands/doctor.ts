import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const doctorCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('doctor', 'what on this machine would get in the way, each with its cure'), [
    'text',
    'json',
    'yaml',
  ]).action(run(async (call, common) => (await import('../verbs/doctor.ts')).doctor(call, common)))
}
