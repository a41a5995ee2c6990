import type { Register } from '../command.ts'
import { whileRead } from '../invocation.ts'
import { parseCount, withCommonOptions } from '../options.ts'

export const logsCommand: Register = ({ verb, run }) => {
  withCommonOptions(
    verb('logs <resource>', 'what a resource printed, all its instances together'),
    ['text', 'json'],
    { fileFlag: '--file' },
  )
    .option('-f, --follow', 'go on with what is printed, until Ctrl-C')
    .option('-n, --lines <n>', 'how many of the newest lines of each of its logs', parseCount, 20)
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/logs.ts')).logs(whileRead(call), common, {
          resource: command.args[0] ?? '',
          lines: command.opts().lines,
          follow: command.opts().follow === true,
        }),
      ),
    )
}
