import type { Command } from 'commander'
import { candidatesFor, commandIn } from '../completion/candidates.ts'
import { FleetReader } from '../completion/fleet-names.ts'
import { scripts } from '../completion/scripts.ts'
import { importSources } from '../import-sources.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'

export interface CompletionOptions {
  readonly shell: string
  readonly words: readonly string[]
  /** Undefined: the script for the shell is wanted. */
  readonly at: number | undefined
  readonly program: Command
}

/** `reconcile completion`: what a shell runs once, and what it asks at each key. */
export async function completion(call: Invocation, options: CompletionOptions): Promise<ExitStatus> {
  const { shell, words, at, program } = options
  if (at === undefined) {
    call.out.write(scripts[shell] ?? '')
    return 0
  }
  const fleet = new FleetReader(call, words, commandIn(program, words.slice(0, at)).command)
  const candidates = await candidatesFor(
    program,
    { words, at },
    {
      resources: async () => (await fleet.names()).resources,
      receivers: async () => (await fleet.names()).receivers,
      environments: async () => (await fleet.names()).environments,
      labels: () => fleet.labels(),
      scripts: () => fleet.scripts(),
      fields: async (begun) => (await import('../completion/fields.ts')).fieldsAfter(begun),
      importSources: () => Object.keys(importSources),
    },
  )
  // A name with a line break or a control character is none that a manifest may have.
  call.out.write(candidates.map((each) => `${each}\n`).join(''))
  return 0
}
