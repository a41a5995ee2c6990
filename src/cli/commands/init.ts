import { Option } from 'commander'
import type { Register } from '../command.ts'
import { editorChoices } from '../editor-choices.ts'
import { withCommonOptions } from '../options.ts'

export const initCommand: Register = ({ verb, run }) => {
  withCommonOptions(verb('init', 'write the first manifests: of what runs here, or a small sample'), ['text'])
    .option('--out <dir>', 'where the manifests are written', 'manifests')
    .addOption(
      new Option(
        '--editor [editor]',
        'have an editor complete and check manifests, without a network: copies schemas beside them and writes settings',
      )
        .choices(editorChoices)
        .preset('all'),
    )
    .option('--dry-run', 'say what would be written and write nothing')
    .action(
      run(async (call, common, command) =>
        (await import('../verbs/init.ts')).init(
          call,
          common,
          command.opts<{ out: string; editor?: string; dryRun?: boolean }>(),
        ),
      ),
    )
}
