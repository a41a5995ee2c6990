import type { ResourceId } from './resource.ts'

/** Something that happened, for people to read later. Equal ones in a row are counted, not repeated. */
export interface FleetEvent {
  /** Epoch milliseconds of the last time. */
  readonly at: number
  readonly type: 'Normal' | 'Warning'
  /** One CamelCase word, such as `Started`, `ApplyFailed`, `DependencyBroken`. */
  readonly reason: string
  /** Undefined: about the fleet as a whole. */
  readonly id: ResourceId | undefined
  readonly message: string
  /** How often it happened in a row; at least 1. */
  readonly count: number
  /** Epoch milliseconds of the first time of the row. */
  readonly firstAt: number
}
