import { Argument } from 'commander'
import type { Register } from '../command.ts'
import { shells } from '../completion/scripts.ts'
import { parseCount } from '../options.ts'

export const completionCommand: Register = ({ verb, run }) => {
  verb('completion', 'print what makes a shell complete verbs, options and resource names')
    .addArgument(new Argument('<shell>').choices(shells))
    .argument('[words...]', 'the words of a command line; with --at')
    .option('--at <n>', 'print what the n-th of the words may become, one a line', parseCount)
    .addHelpText(
      'after',
      '\nbash: source <(reconcile completion bash)\nzsh:  source <(reconcile completion zsh)\nfish: reconcile completion fish | source\n',
    )
    .action(
      run(async (call, _, command) =>
        (await import('../verbs/completion.ts')).completion(call, {
          shell: command.args[0] ?? '',
          words: command.args.slice(1),
          at: command.opts().at,
          program: command.parent ?? command,
        }),
      ),
    )
}
