import { resourceId } from './resource.ts'

/** Measurements of one resource at one moment. */
export interface Sample {
  readonly at: number
  /** Such as `restarts`, `memoryBytes`, `probeMs`. */
  readonly values: Readonly<Record<string, number>>
}

/**
 * The name under which passes keep samples of themselves: `passMs` (from its reading to its record), `resources`, and
 * of each vendor that was asked `githubUsed` and `githubRemaining`. No kind is called so.
 */
export const passSeries = resourceId('Fleet', 'passes')
