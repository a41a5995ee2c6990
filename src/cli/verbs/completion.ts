import type { Command } from 'commander'
import { candidatesFor } from '../completion/candidates.ts'
import { fleetNames } from '../completion/fleet-names.ts'
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
  const names = fleetNames(call, words)
  const candidates = await candidatesFor(
    program,
    { words, at },
    {
      resources: async () => (await names()).resources,
      environments: async () => (await names()).environments,
      fields: async (begun) => (await import('../completion/fields.ts')).fieldsAfter(begun),
      importSources: () => Object.keys(importSources),
    },
  )
  // A name with a line break or a control character is none that a manifest may have.
  call.out.write(candidates.map((each) => `${each}\n`).join(''))
  return 0
}
