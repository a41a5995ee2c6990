import type { DesiredProcess } from './place.ts'

/** How many there should be; undefined: nobody says. */
export function wantedInstances(
  desired: DesiredProcess,
  processors: number,
  isDropped: boolean,
): number | undefined {
  const { instances } = desired.spec
  if (instances === 'max') return processors
  return instances ?? (isDropped ? 1 : undefined)
}
