/** Argo CD's words, from best to worst. Unknown is never Healthy. */
export const healthStatuses = [
  'Healthy',
  'Suspended',
  'Progressing',
  'Missing',
  'Degraded',
  'Unknown',
] as const
export type HealthStatus = (typeof healthStatuses)[number]

/** Whether the world is as declared. Argo CD's words. */
export type SyncStatus = 'Synced' | 'OutOfSync' | 'Unknown'

/** What an observation says of health. */
export interface Health {
  readonly status: HealthStatus
  /** One CamelCase word for programs, such as `ProbeFailed`. Explains; nothing decides by it. */
  readonly reason: string
  /** One sentence for people; holds no secret and no control character. */
  readonly message: string
}
