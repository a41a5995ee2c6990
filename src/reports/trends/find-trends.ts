import type { Sample } from '../../core/sample.ts'
import { findMemoryTrend, type MemoryTrend } from './memory.ts'
import { findRestartTrend, type RestartTrend } from './restarts.ts'
import { type FlakierTrend, findFlakierTrend, findSlowerTrend, runsOf, type SlowerTrend } from './runs.ts'

/** Something that is well and will not stay so. */
export type Trend = MemoryTrend | RestartTrend | SlowerTrend | FlakierTrend

/** What the samples of one resource, oldest first, warn of. `memoryLimit` in bytes an instance; undefined: none. */
export function findTrends(
  samples: readonly Sample[],
  settings: { readonly memoryLimit: number | undefined; readonly instances: number },
): readonly Trend[] {
  const { memoryLimit: limit, instances } = settings
  const runs = runsOf(samples)
  return [
    limit === undefined ? undefined : findMemoryTrend(samples, { limit, instances }),
    findRestartTrend(samples),
    findSlowerTrend(runs),
    findFlakierTrend(runs),
  ].filter((trend) => trend !== undefined)
}
