import type { ResourceId } from './resource.ts'

/** An action that is about to be taken. */
export interface Intent {
  readonly intentId: string
  readonly id: ResourceId
  readonly actionType: string
  readonly verb: string
  readonly summary: string
  /** The outside name: where to look for what the action left. */
  readonly externalName: string
  readonly repeatable: boolean
  /** Epoch milliseconds. */
  readonly at: number
}
