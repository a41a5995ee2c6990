import type { Duration } from '../../../core/duration.ts'
import type { DesiredScriptSet } from '../place.ts'

/** One script on the way, and how often it is tried before the next one. */
export interface RunStep {
  readonly script: string
  /** At least 1. */
  readonly tries: number
  /** Before the second try, the third, and so on; one less than there are tries. */
  readonly pauses: readonly Duration[]
  /** False: package.json has no such script, so that it is passed over. */
  readonly exists: boolean
}

/** The way that a run takes: the script with its retries, then its fallbacks in order. */
export function pathOf(
  { spec, controls }: DesiredScriptSet,
  script: string,
  scripts: ReadonlyMap<string, string>,
): readonly RunStep[] {
  const names = [script, ...(spec.fallbacks?.[script] ?? [])]
  return names.map((name) => {
    const retries = spec.retries?.[name] ?? 0
    const { initial, max, factor } = controls.recovery.backoff
    const pauses = Array.from({ length: retries }, (_, index) => Math.min(max, initial * factor ** index))
    return { script: name, tries: retries + 1, pauses, exists: scripts.has(name) }
  })
}
