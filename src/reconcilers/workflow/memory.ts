import type { Owned } from '../../core/ownership.ts'
import type { Proposal } from './proposal.ts'

/** What is remembered of a workflow between passes, in the inventory's `memory`. */
export interface WorkflowMemory {
  /** We disabled it, or it stood by, and it was not seen enabled since: it is no person's switch, and may be undone. */
  readonly disabledByUs: boolean
  /** The newest run when it last stood by (0: none): a newer one shows that it ran since it was called upon. */
  readonly standbyRun: number | undefined
  /** Pull requests of ours that were open when they were last looked at. */
  readonly proposals: readonly Proposal[]
}

/** Reads it leniently: what is not there was never remembered. */
export function memoryOf(owned: Owned | undefined): WorkflowMemory {
  const memory = owned?.memory ?? {}
  return {
    disabledByUs: memory.disabledByUs === true,
    standbyRun: typeof memory.standbyRun === 'number' ? memory.standbyRun : undefined,
    proposals: Array.isArray(memory.proposals) ? memory.proposals.flatMap(proposalIn) : [],
  }
}

function proposalIn(value: unknown): readonly Proposal[] {
  if (value === null || typeof value !== 'object') return []
  const { head, base } = value as Readonly<Record<string, unknown>>
  return typeof head === 'string' && typeof base === 'string' ? [{ head, base }] : []
}
