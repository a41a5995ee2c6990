import type { Register } from '../command.ts'
import { importSources } from '../import-sources.ts'
import { withCommonOptions } from '../options.ts'

export const importCommand: Register = ({ verb, run }) => {
  const command = verb('import <source> [inputs...]', 'write manifests from what is there')
  withCommonOptions(command, ['text', 'json', 'yaml'])
    .option('--out <dir>', 'where the manifests are written', 'manifests')
    .option('--dry-run', 'print the manifests and write nothing')
    .option('--force', 'write over files that exist')
    .option('--evaluate', 'run the files (`ecosystem`) instead of only reading them')
    .addHelpText('after', `\nSources:\n${sourcesText()}`)
    .action(
      run(async (call, common, invoked) =>
        (await import('../verbs/import.ts')).importManifests(call, common, {
          source: invoked.args[0] ?? '',
          inputs: invoked.args.slice(1),
          ...invoked.opts<{ out: string; dryRun?: boolean; force?: boolean; evaluate?: boolean }>(),
        }),
      ),
    )
}

function sourcesText(): string {
  return Object.values(importSources)
    .map(({ usage }) => `  reconcile import ${usage}\n`)
    .join('')
}
