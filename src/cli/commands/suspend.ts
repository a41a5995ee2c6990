import type { Register } from '../command.ts'
import { parseTimeout, withCommonOptions } from '../options.ts'

export const suspendCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('suspend <resource>', 'take no actions on a resource until it is resumed'), ['text'])
    .usage('<resource> --reason <text> [options]')
    .requiredOption('--reason <text>', 'why, for those who find it later; must be given')
    .option('--by <name>', 'who; default: the user name')
    .option('--for <duration>', 'resume by itself after this time, such as 2h', parseTimeout)
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/suspend.ts')).suspend(call, common, command.args[0] ?? '', command.opts()),
      ),
    )
}
