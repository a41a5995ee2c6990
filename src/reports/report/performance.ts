import { compareIds, kindOf, type ResourceId } from '../../core/resource.ts'
import type { Sample } from '../../core/sample.ts'
import { isoTime } from '../names.ts'
import { type EndedRun, runsOf } from '../trends/runs.ts'
import { medianOf } from '../trends/slope.ts'
import type { ProcessFigures, Report, Series, Timing, WorkflowFigures } from './report.ts'

/** An action with what became of it, as the store keeps it. */
export interface TakenStep {
  readonly intent: { readonly at: number }
  readonly outcome: 'succeeded' | 'failed' | 'superseded'
  readonly at: number
}

export interface Measured {
  readonly samples: ReadonlyMap<ResourceId, readonly Sample[]>
  /** Of whole passes, oldest first. */
  readonly passes: readonly Sample[]
  readonly steps: readonly TakenStep[]
  /** Epoch milliseconds: the start of the window. */
  readonly from: number
}

/** How long things took and what they used, each from its own samples in the window. */
export function performanceOf(measured: Measured): Report['performance'] {
  const { samples, passes, from } = measured
  const steps = measured.steps.filter(({ at, outcome }) => at >= from && outcome !== 'superseded')
  const took = timingOf(steps.map(({ at, intent }) => ({ at, value: Math.max(0, at - intent.at) })))
  const succeeded = steps.filter(({ outcome }) => outcome === 'succeeded').length
  const all = [...samples].toSorted(([a], [b]) => compareIds(a, b))
  return {
    passes: timingOf(measuredIn(passes, 'passMs')),
    actions: took && { ...took, succeeded, failed: steps.length - succeeded },
    api: apiOf(passes),
    processes: all.flatMap(([id, own]) => (kindOf(id) === 'Process' ? processFigures(id, own) : [])),
    workflows: all.flatMap(([id, own]) => (kindOf(id) === 'Workflow' ? workflowFigures(id, own) : [])),
  }
}

function valuesOf(samples: readonly Sample[], name: string): readonly number[] {
  return samples.flatMap(({ values }) => values[name] ?? [])
}

interface Measurement {
  readonly at: number
  readonly value: number
}

function measuredIn(samples: readonly Sample[], name: string): readonly Measurement[] {
  return samples.flatMap(({ at, values }) => {
    const value = values[name]
    return value === undefined ? [] : [{ at, value }]
  })
}

function timingOf(measurements: readonly Measurement[]): Timing | null {
  if (measurements.length === 0) return null
  const sorted = measurements.map(({ value }) => value).sort((a, b) => a - b)
  const times = measurements.map(({ at }) => at)
  return {
    count: sorted.length,
    median: medianOf(sorted),
    p95: sorted[Math.min(sorted.length - 1, Math.ceil(0.95 * sorted.length) - 1)] ?? 0,
    longest: sorted.at(-1) ?? 0,
    from: isoTime(times.reduce((first, at) => Math.min(first, at))),
    to: isoTime(times.reduce((last, at) => Math.max(last, at))),
  }
}

/** The newest figure of each vendor. */
function apiOf(passes: readonly Sample[]): Report['performance']['api'] {
  return (['github', 'netlify'] as const).flatMap((vendor) => {
    const told = passes.filter(({ values }) => values[`${vendor}Used`] !== undefined)
    const [first, newest] = [told[0], told.at(-1)]
    if (!first || !newest) return []
    return [
      {
        vendor,
        used: newest.values[`${vendor}Used`] ?? 0,
        remaining: newest.values[`${vendor}Remaining`] ?? null,
        from: isoTime(first.at),
        to: isoTime(newest.at),
        at: isoTime(newest.at),
      },
    ]
  })
}

function processFigures(id: ResourceId, samples: readonly Sample[]): readonly ProcessFigures[] {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last) return []
  const memory = valuesOf(samples, 'memoryBytes').filter((bytes) => bytes > 0)
  const counts = valuesOf(samples, 'restarts')
  const cpu = valuesOf(samples, 'cpuPercent')
  let restarts = 0
  for (const [index, count] of counts.entries()) {
    const before = counts[index - 1] ?? count
    restarts += count >= before ? count - before : count
  }
  return [
    {
      id,
      restarts,
      memory:
        memory.length === 0
          ? null
          : { first: memory[0] ?? 0, last: memory.at(-1) ?? 0, most: Math.max(...memory) },
      cpuPercent: cpu.length === 0 ? null : medianOf(cpu),
      probe: timingOf(measuredIn(samples, 'probeMs')),
      from: isoTime(first.at),
      to: isoTime(last.at),
    },
  ]
}

function workflowFigures(id: ResourceId, samples: readonly Sample[]): readonly WorkflowFigures[] {
  const runs = runsOf(samples)
  const [first, last] = [runs[0], runs.at(-1)]
  if (!first || !last) return []
  const green = runs.filter(({ isGreen }) => isGreen)
  const share = (some: readonly EndedRun[]) => some.length / runs.length
  return [
    {
      id,
      runs: runs.length,
      medianSeconds: green.length === 0 ? null : medianOf(green.map(({ seconds }) => seconds)),
      failed: share(runs.filter(({ isGreen }) => !isGreen)),
      flaky: share(green.filter(({ isClean }) => !isClean)),
      from: isoTime(first.at),
      to: isoTime(last.at),
    },
  ]
}

/** Charts are read, not measured: more points than columns of a screen tell nothing more. */
const mostPoints = 120
/** Of many resources those are drawn that use most; the tables hold all. */
const mostCharts = 8

/** What is drawn: passes, and of the resources those with a trend first, then those that use most. */
export function seriesOf(
  measured: Pick<Measured, 'samples' | 'passes'>,
  trending: ReadonlySet<ResourceId>,
  limitOf: (id: ResourceId) => number | undefined,
): readonly Series[] {
  const most = (id: ResourceId, name: string) =>
    Math.max(0, ...valuesOf(measured.samples.get(id) ?? [], name))
  const chosen = (name: string) =>
    [...measured.samples.keys()]
      .filter((id) => valuesOf(measured.samples.get(id) ?? [], name).length > 1)
      .toSorted(
        (a, b) =>
          Number(trending.has(b)) - Number(trending.has(a)) ||
          most(b, name) - most(a, name) ||
          compareIds(a, b),
      )
      .slice(0, mostCharts)
  const line = (id: ResourceId, metric: Series['metric'], unit: Series['unit'], name: string): Series => ({
    id,
    metric,
    unit,
    points: pointsOf(measured.samples.get(id) ?? [], name),
    limit: metric === 'memory' ? (limitOf(id) ?? null) : null,
  })
  const passes = pointsOf(measured.passes, 'passMs')
  return [
    ...(passes.length > 1
      ? [{ id: 'passes', metric: 'passMs' as const, unit: 'ms' as const, points: passes, limit: null }]
      : []),
    ...chosen('memoryBytes').map((id) => line(id, 'memory', 'bytes', 'memoryBytes')),
    ...chosen('restarts')
      .filter((id) => new Set(valuesOf(measured.samples.get(id) ?? [], 'restarts')).size > 1)
      .map((id) => line(id, 'restarts', 'count', 'restarts')),
    ...chosen('runSeconds').map((id) => line(id, 'runSeconds', 'seconds', 'runSeconds')),
  ]
}

/** Of what falls into one column the largest: a peak must not vanish. Memory that could not be measured is left out. */
function pointsOf(samples: readonly Sample[], name: string): readonly (readonly [number, number])[] {
  const all = samples.flatMap(({ at, values }): readonly (readonly [number, number])[] => {
    const value = values[name]
    return value === undefined || (name === 'memoryBytes' && value <= 0) ? [] : [[at, value]]
  })
  const [first, last] = [all[0], all.at(-1)]
  if (!first || !last || all.length <= mostPoints) return all
  const span = (last[0] - first[0]) / mostPoints
  const columns = Map.groupBy(all, ([at]) => Math.floor((at - first[0]) / span))
  return [...columns.values()].flatMap((column) => {
    const top = column.toSorted((a, b) => b[1] - a[1])[0]
    return top ? [top] : []
  })
}
