import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Mark, Owned } from '../../core/ownership.ts'
import type { Difference } from './compare.ts'
import { isSameFleet, readMark } from './mark.ts'
import type { DesiredProcess } from './place.ts'
import { uptimeOf } from './run-state.ts'

/** From so many in a row on it is the program that writes into its own sources, and not somebody who saves them. */
const tooManyInARow = 3

/** What is remembered of sources that changed right after a start, in the inventory's `memory`. */
export interface QuickSourceChanges {
  /** How many starts in a row they followed. */
  readonly quickSourceChanges: number
  /** The start that was looked at last, epoch milliseconds. */
  readonly sourcesChangedAfter: number
}

/** A record that does not run what its sources hold, with all in which it differs. */
export interface Outdated {
  readonly record: Pm2Record
  readonly differences: readonly Difference[]
}

/**
 * Whether all that differs is that somebody saved the sources: what runs is what we started last. Where each start is
 * followed by a change at once, it may be the program's own doing, which is met at the pace of a rival.
 */
export function areSourcesSaved(
  outdated: readonly Outdated[],
  { owned, mark }: { readonly owned: Owned | undefined; readonly mark: Mark },
): boolean {
  return (
    outdated.every(({ record, differences }) => {
      const made = readMark(record.reconciled)
      const isOurs = made !== undefined && isSameFleet(made, mark) && made.sources !== ''
      return isOurs && differences.every(({ path }) => path === 'sources')
    }) && quickChangesIn(owned).quickSourceChanges < tooManyInARow
  )
}

/** Counts starts in a row that a change followed sooner than the first back-off; undefined: nothing new. */
export function countQuickChange(
  outdated: readonly Outdated[],
  seen: { readonly owned: Owned | undefined; readonly desired: DesiredProcess; readonly now: number },
): QuickSourceChanges | undefined {
  const { owned, desired, now } = seen
  const stale = outdated.filter(({ differences }) => differences.some(({ path }) => path === 'sources'))
  if (stale.length === 0) return undefined
  const before = quickChangesIn(owned)
  const startedAt = Math.max(...stale.map(({ record }) => record.uptimeSince ?? 0))
  if (startedAt === before.sourcesChangedAfter) return undefined
  const uptime = Math.min(...stale.map(({ record }) => uptimeOf(record, now)))
  const isQuick = uptime < desired.controls.recovery.backoff.initial
  if (!isQuick && before.quickSourceChanges === 0) return undefined
  return {
    quickSourceChanges: isQuick ? before.quickSourceChanges + 1 : 0,
    sourcesChangedAfter: startedAt,
  }
}

function quickChangesIn(owned: Owned | undefined): QuickSourceChanges {
  const { quickSourceChanges, sourcesChangedAfter } = owned?.memory ?? {}
  return {
    quickSourceChanges: typeof quickSourceChanges === 'number' ? quickSourceChanges : 0,
    sourcesChangedAfter: typeof sourcesChangedAfter === 'number' ? sourcesChangedAfter : 0,
  }
}
