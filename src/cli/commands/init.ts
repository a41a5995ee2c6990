import type { Register } from '../command.ts'
import { withCommonOptions } from '../options.ts'

export const initCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('init', 'write the first manifests: of what runs here, or a small sample'), ['text'])
    .option('--out <dir>', 'where the manifests are written', 'manifests')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/init.ts')).init(call, common, command.opts<{ out: string }>()),
      ),
    )
}
