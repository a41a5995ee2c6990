import { Argument } from 'commander'
import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const alertCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('alert', 'send a test message to a receiver').usage('test Receiver/name [options]'),
    ['text', 'json', 'yaml'],
  )
    .addArgument(new Argument('<action>', 'what to do').choices(['test']))
    .addArgument(new Argument('<receiver>', 'whom to send it to, as Receiver/name'))
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/alert.ts')).testReceiver(call, common, command.args[1] ?? ''),
      ),
    )
}
