import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const describeCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('describe <resource>', 'all of one resource: spec, observed, conditions, events, attempts'),
    ['text', 'json', 'yaml'],
  ).action(
    run(async (call, common, command) =>
      (await import('../verbs/describe.ts')).describe(call, common, command.args[0] ?? ''),
    ),
  )
}
