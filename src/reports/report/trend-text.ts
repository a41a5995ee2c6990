import { formatDuration } from '../../core/duration.ts'
import { nameOf, type Resource, type ResourceId } from '../../core/resource.ts'
import { displayPath } from '../names.ts'
import type { Trend } from '../trends/find-trends.ts'
import type { Cure } from './ailment.ts'
import { pm2, reconcile, type Surroundings } from './command.ts'
import { declaredText } from './declared-text.ts'

const mebibyte = 1024 ** 2

/** `12.3M`, in PM2's binary units. */
export function sizeText(bytes: number): string {
  if (Math.abs(bytes) >= 1024 * mebibyte) return `${(bytes / 1024 / mebibyte).toFixed(2)}G`
  if (Math.abs(bytes) >= mebibyte) return `${(bytes / mebibyte).toFixed(1)}M`
  return `${Math.round(bytes / 1024)}K`
}

const percent = (share: number) => `${Math.round(100 * share)} %`
const seconds = (value: number) => formatDuration(Math.max(1, Math.round(value)) * 1000)

/** What was measured, over which time, and how sure it is. */
export function trendText(trend: Trend, now: number): string {
  const window = formatDuration(trend.window)
  switch (trend.type) {
    case 'memory': {
      const { perHour, current, limit } = trend
      const inAbout = (at: number) => formatDuration(Math.max(60_000, at - now))
      return `memory of an instance grew by ${sizeText(perHour.median)} an hour over ${window} (between ${sizeText(perHour.low)} and ${sizeText(perHour.high)}); at ${sizeText(current)} now, it passes ${sizeText(limit)} in about ${inAbout(trend.passesAt)} (${inAbout(trend.earliest)} to ${inAbout(trend.latest)})`
    }
    case 'restarts':
      return `${trend.restarts} restarts in ${window}, ${trend.recentPerHour.toFixed(1)} an hour; ${trend.usualPerHour.toFixed(1)} an hour in the ${formatDuration(trend.baseline)} before`
    case 'slower':
      return `the last ${trend.runs} green runs took ${seconds(trend.recentSeconds)} (median), the ${trend.before} before ${seconds(trend.usualSeconds)}`
    case 'flakier':
      return `${percent(trend.recentShare)} of the last ${trend.runs} runs were not green at once, ${percent(trend.usualShare)} of the ${trend.before} before`
  }
}

/** A person restarts by the name that PM2 knows. */
function nameInPm2(id: ResourceId, resource: Resource | undefined): string {
  return declaredText(resource, 'name') ?? nameOf(id)
}

/** What helps against it. */
export function cureOfTrend(
  id: ResourceId,
  trend: Trend,
  seen: { readonly resource: Resource | undefined; readonly surroundings: Surroundings },
): Cure {
  const { resource, surroundings } = seen
  const place = surroundings.placeOf(id, ['spec', 'maxMemory']) ?? resource?.origin
  const named = place
    ? `${displayPath(place.file, surroundings.workingDirectory)}:${place.line}`
    : 'its manifest'
  switch (trend.type) {
    case 'memory':
      return {
        problem: `${id} will reach its memory limit and be restarted`,
        cure: `Look for what it keeps; until that is found, restart it at a time of your choice, or raise \`maxMemory\` in ${named}.`,
        commands: [reconcile('logs', id, '-n', '50'), pm2('restart', nameInPm2(id, resource))],
      }
    case 'restarts':
      return {
        problem: `${id} restarts more often than it used to`,
        cure: 'Its log says what ended it each time, its events what was changed before.',
        commands: [reconcile('logs', id, '-n', '100'), reconcile('events', id)],
      }
    case 'slower':
      return {
        problem: `${id} takes longer than it used to`,
        cure: 'Compare the steps of a run of now with one of before.',
        commands: [reconcile('describe', id)],
      }
    case 'flakier':
      return {
        problem: `${id} fails more often than it used to`,
        cure: 'Its newest failures name the step; what passes on a rerun alone hides a race or a shaky dependency.',
        commands: [reconcile('describe', id), reconcile('events', id)],
      }
  }
}
