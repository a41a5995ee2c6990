import type { Owned } from '../../core/ownership.ts'

/** What is remembered of a workflow between passes, in the inventory's `memory`. */
export interface WorkflowMemory {
  /** It is disabled because we wanted it so, and not by a person: it may be enabled again. */
  readonly disabledByUs: boolean
  /** The newest run when it last stood by (0: none): a newer one shows that it ran since it was called upon. */
  readonly standbyRun: number | undefined
}

/** Reads it leniently: what is not there was never remembered. */
export function memoryOf(owned: Owned | undefined): WorkflowMemory {
  const memory = owned?.memory ?? {}
  return {
    disabledByUs: memory.disabledByUs === true,
    standbyRun: typeof memory.standbyRun === 'number' ? memory.standbyRun : undefined,
  }
}
