/** Measurements of one resource at one moment. */
export interface Sample {
  readonly at: number
  /** Such as `restarts`, `memoryBytes`, `probeMs`. */
  readonly values: Readonly<Record<string, number>>
}
