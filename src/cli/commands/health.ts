import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const healthCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('health', 'the score, and what lowers it'), ['text', 'json', 'yaml']).action(
    run(async (call, common) => (await import('../verbs/health.ts')).health(call, common)),
  )
}
