import type { Alert, AlertGroup, Trouble } from '../core/alert.ts'
import type { Gathering } from './groups.ts'
import { keyOf } from './troubles.ts'

/** What becomes of a group: what is to be remembered of it, and what is to be told now. */
export interface Verdict {
  /** Undefined: nothing. */
  readonly group: AlertGroup | undefined
  readonly tell: Telling | undefined
  /** Epoch milliseconds at which it must be looked at again although nothing happens; undefined: never. */
  readonly dueAt: number | undefined
}

export interface Telling {
  readonly status: 'firing' | 'resolved'
  readonly firing: readonly Trouble[]
  readonly resolved: readonly Trouble[]
  /** Told no longer by this alert, though nobody saw it end. */
  readonly withdrawn: readonly Trouble[]
}

export interface Moment {
  readonly now: number
  /** Whether nobody will look again soon, as at the end of a one-shot pass: nothing is waited for then. */
  readonly isLast: boolean
  /** What is wrong, whether this alert tells of it or not: of nothing else of what was told is said that it ended. */
  readonly isOpen: (trouble: Trouble) => boolean
}

/**
 * Decides about one group of one alert, as Alertmanager does: the first message waits for company, changes are told
 * after the interval, the same is repeated much later, and the end is told when it has lasted.
 */
export function decide(
  alert: Alert,
  before: AlertGroup | undefined,
  gathering: Gathering | undefined,
  moment: Moment,
): Verdict {
  const troubles = gathering?.troubles ?? []
  if (troubles.length === 0) return before ? calmDown(alert, before, moment) : nothing
  const group: AlertGroup = {
    alert: alert.name,
    id: gathering?.id ?? '',
    name: gathering?.name ?? '',
    // A clock that was set back must not keep a message waiting.
    since: Math.min(before?.since ?? moment.now, moment.now),
    told: before?.told ?? [],
    toldAt: before?.toldAt === undefined ? undefined : Math.min(before.toldAt, moment.now),
    quietSince: undefined,
    receivers: before?.receivers,
    sendResolved: alert.sendResolved,
  }
  const dueAt = dueTime(alert, group, troubles)
  if (moment.now < dueAt && !(moment.isLast && group.toldAt === undefined))
    return { group, tell: undefined, dueAt }
  const current = new Set(troubles.map(keyOf))
  const gone = group.told.filter((trouble) => !current.has(keyOf(trouble)))
  const told = { ...group, told: troubles, toldAt: moment.now }
  return {
    group: told,
    tell: { status: 'firing', firing: troubles, ...endOf(gone, moment) },
    dueAt: moment.now + alert.repeatInterval,
  }
}

const nothing: Verdict = Object.freeze({ group: undefined, tell: undefined, dueAt: undefined })

/**
 * Nothing is wrong any more. What was never told is not told now either. An end that nobody wants to hear of is waited for
 * as well: what comes and goes would be new each time.
 */
function calmDown(alert: Alert, before: AlertGroup, moment: Moment): Verdict {
  const { now, isLast } = moment
  if (before.toldAt === undefined) return nothing
  const quietSince = Math.min(before.quietSince ?? now, now)
  const dueAt = quietSince + alert.groupWait
  if (now < dueAt && !isLast) return { group: { ...before, quietSince }, tell: undefined, dueAt }
  if (!alert.sendResolved) return nothing
  return {
    group: undefined,
    tell: { status: 'resolved', firing: [], ...endOf(before.told, moment) },
    dueAt: undefined,
  }
}

function endOf(gone: readonly Trouble[], { isOpen }: Moment): Pick<Telling, 'resolved' | 'withdrawn'> {
  return { resolved: gone.filter((trouble) => !isOpen(trouble)), withdrawn: gone.filter(isOpen) }
}

/** When a group with these troubles is to be told. */
function dueTime(alert: Alert, group: AlertGroup, troubles: readonly Trouble[]): number {
  if (group.toldAt === undefined) return group.since + alert.groupWait
  const signatureOf = (list: readonly Trouble[]) =>
    list
      .map((trouble) => `${keyOf(trouble)} ${trouble.severity}`)
      .sort()
      .join('\n')
  const isChanged = signatureOf(group.told) !== signatureOf(troubles)
  return (
    group.toldAt + (isChanged ? Math.min(alert.groupInterval, alert.repeatInterval) : alert.repeatInterval)
  )
}
