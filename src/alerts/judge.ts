import type { Alert, AlertChange, AlertGroup, Alerting } from '../core/alert.ts'
import type { Duration } from '../core/duration.ts'
import { decide, type Moment, type Telling, type Verdict } from './decide.ts'
import { gather } from './groups.ts'
import { type FleetView, findTroubles, keyOf, stillOpen } from './troubles.ts'

/** What is to be told to whom. */
export interface Address {
  readonly group: AlertGroup
  readonly receivers: readonly string[]
  readonly tell: Telling
}

/** What comes of a look at the fleet. */
export interface Judgement {
  readonly changes: readonly AlertChange[]
  readonly addresses: readonly Address[]
  /** Epoch milliseconds at which it must be looked at again although nothing happens. */
  readonly dueAt: number
}

/** It is looked again after this long, whatever is due. */
export const longestRest: Duration = 3_600_000

export interface Known {
  readonly alerting: Alerting
  /** Whether all manifests could be read: only then is what they do not declare gone. */
  readonly isComplete: boolean
  readonly view: FleetView
  readonly groups: readonly AlertGroup[]
}

/** Decides about every group of every alert. Pure. */
export function judge(known: Known, moment: Pick<Moment, 'now' | 'isLast'>): Judgement {
  const { alerting, isComplete, groups } = known
  const declared = new Set(alerting.alerts.map(({ name }) => name))
  const undeclared = isComplete ? groups.filter(({ alert }) => !declared.has(alert)) : []
  const judged = [
    ...undeclared.map(withdraw),
    ...alerting.alerts.flatMap((alert) => judgeAlert(alert, known, moment)),
  ]
  return {
    changes: judged.flatMap(({ changes }) => changes),
    addresses: judged.flatMap(({ addresses }) => addresses),
    dueAt: Math.min(moment.now + longestRest, ...judged.map(({ dueAt }) => dueAt)),
  }
}

/** Its alert is gone, and with it all that could say whether it ended; what it opened elsewhere is not to stay open. */
function withdraw(group: AlertGroup): Judgement {
  const { receivers = [], sendResolved, told } = group
  return {
    changes: [{ type: 'drop-group', group }],
    addresses: sendResolved ? [{ group, receivers, tell: withdrawal(told) }] : [],
    dueAt: Number.POSITIVE_INFINITY,
  }
}

function withdrawal(told: AlertGroup['told']): Telling {
  return { status: 'resolved', firing: [], resolved: [], withdrawn: told }
}

function judgeAlert(
  alert: Alert,
  { view, groups }: Known,
  moment: Pick<Moment, 'now' | 'isLast'>,
): readonly Judgement[] {
  const known = groups.filter((group) => group.alert === alert.name)
  const told = known.flatMap((group) => group.told)
  const troubles = [...findTroubles(view), ...stillOpen(told, view)]
  const open = new Set(troubles.map(keyOf))
  const found = gather(alert, troubles, { labels: view.labels, known })
  return [...new Set([...known.map(({ id }) => id), ...found.keys()])].map((id) => {
    const before = known.find((group) => group.id === id)
    const verdict = decide(alert, before, found.get(id), {
      ...moment,
      isOpen: (trouble) => open.has(keyOf(trouble)),
    })
    return address(alert, before, verdict)
  })
}

/** Who is told: all receivers of the alert, and who became one or ceased to be one since the last time. */
function address(alert: Alert, before: AlertGroup | undefined, { group, tell, dueAt }: Verdict): Judgement {
  const wanted = alert.receivers
  const isTold = before?.toldAt !== undefined
  const knowing = before?.receivers ?? (isTold ? wanted : [])
  const leaving = knowing.filter((name) => !wanted.includes(name))
  const goesOn = group?.toldAt !== undefined && group.quietSince === undefined
  const coming = goesOn && !tell ? wanted.filter((name) => !knowing.includes(name)) : []
  const receivers = goesOn ? wanted : knowing.filter((name) => wanted.includes(name))
  const after = group && { ...group, receivers }
  const about = after ?? before
  const addresses: Address[] = []
  if (about && tell) addresses.push({ group: about, receivers: wanted, tell })
  if (about && coming.length > 0) {
    const news: Telling = { status: 'firing', firing: about.told, resolved: [], withdrawn: [] }
    addresses.push({ group: about, receivers: coming, tell: news })
  }
  if (before && leaving.length > 0 && alert.sendResolved)
    addresses.push({ group: before, receivers: leaving, tell: withdrawal(before.told) })
  return { changes: changeOf(before, after), addresses, dueAt: dueAt ?? Number.POSITIVE_INFINITY }
}

function changeOf(before: AlertGroup | undefined, after: AlertGroup | undefined): readonly AlertChange[] {
  if (!after) return before ? [{ type: 'drop-group', group: before }] : []
  return before && JSON.stringify(before) === JSON.stringify(after)
    ? []
    : [{ type: 'put-group', group: after }]
}
