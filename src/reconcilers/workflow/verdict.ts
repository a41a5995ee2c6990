import type { Duration } from '../../core/duration.ts'
import type { HealthStatus } from '../../core/health.ts'
import type { WorkflowAction } from './action.ts'

/** What is judged: status, reason and message, and what would help. */
export interface Verdict {
  readonly status: HealthStatus
  readonly reason: string
  readonly message: string
  readonly remedy?: WorkflowAction | undefined
  readonly recheckAfter?: Duration
}
