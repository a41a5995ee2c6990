import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const explainCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('explain <field>', 'what a kind or a field means: Kind, or Kind.path'), [
    'text',
    'json',
    'yaml',
  ]).action(
    run(async (call, common, command) =>
      (await import('../verbs/explain.ts')).explainField(call, common, command.args[0] ?? ''),
    ),
  )
}
