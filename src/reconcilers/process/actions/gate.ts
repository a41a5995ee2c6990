import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import type { Duration } from '../../../core/duration.ts'
import { ReconcileError } from '../../../core/errors.ts'
import type { ProcessAction } from '../action.ts'
import { readLastWords } from '../last-words.ts'
import { processKindOf } from '../process-kind.ts'
import { ailmentOf, patienceOf, type Standing, standingOf } from '../rollout.ts'
import { hasEnded, isRunning } from '../run-state.ts'
import { exitText } from '../verdict.ts'
import { desiredOf, freshRecords, type Workshop } from './workshop.ts'

/** How often is looked again at most, and at least. */
const pace = { least: 20, most: 200 } as const
/** PM2 lists what it restarts as stopped for a moment. */
const settlesIn: Duration = 500

/**
 * Waits until all instances that were updated are up, before the next one that runs is taken down for its update. Rejects
 * with `RolloutStuck` where one of them does not come up: then the others go on as they are.
 */
export async function passGate(
  action: ProcessAction,
  isOutdated: (record: Pm2Record) => boolean,
  workshop: Workshop,
): Promise<void> {
  const desired = desiredOf(action)
  if (processKindOf(desired.spec) !== 'daemon') return
  const { clock, signal } = workshop
  const begun = clock.monotonic()
  let downSince: number | undefined
  for (;;) {
    const records = await freshRecords(action, workshop)
    const updated = records.filter((record) => !isOutdated(record))
    const seen = { now: clock.now(), deaf: await workshop.deafness.look(desired, records) }
    const standings = updated.map((record) => ({ record, ...standingOf(record, desired, seen) }))
    const behind =
      standings.find(({ type }) => type === 'down') ?? standings.find(({ type }) => type !== 'up')
    if (!behind) return
    const now = clock.monotonic()
    downSince = behind.type === 'down' ? (downSince ?? now) : undefined
    const hasGivenUp =
      downSince !== undefined &&
      (behind.record.status === 'errored' || isRunning(behind.record) || now - downSince >= settlesIn)
    if (hasGivenUp || now - begun >= patienceOf(desired)) {
      throw await stuck(action, { records, behind: behind.record, deaf: seen.deaf, isOutdated }, workshop)
    }
    await clock.sleep(restOf(standings), signal)
  }
}

function restOf(standings: readonly Standing[]): Duration {
  const waits = standings.map((standing) => (standing.type === 'coming' ? standing.wait : pace.least))
  return Math.max(pace.least, Math.min(pace.most, ...waits.filter((wait) => wait > 0)))
}

async function stuck(
  action: ProcessAction,
  seen: {
    readonly records: readonly Pm2Record[]
    readonly behind: Pm2Record
    readonly deaf: ReadonlySet<number>
    readonly isOutdated: (record: Pm2Record) => boolean
  },
  { mask }: Workshop,
): Promise<ReconcileError> {
  const { records, behind, deaf, isOutdated } = seen
  const waiting = records.filter((record) => isOutdated(record) && isRunning(record)).length
  const words = await readLastWords([behind], action.desired, mask)
  const message = `Could not update ${action.name} further: number ${behind.pmId} was updated and does not come up: ${ailmentOf(behind, deaf)}${hasEnded(behind) ? exitText(behind) : ''}`
  return new ReconcileError(
    'RolloutStuck',
    words === undefined ? message : `${message}; it said last: ${words}`,
    {
      hint: `the ${waiting} that were not updated go on as they are`,
    },
  )
}
