import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Mark } from '../../core/ownership.ts'
import { isSameFleet, readMark } from './mark.ts'
import { isRunning } from './run-state.ts'

/**
 * Copies that are too many though nobody declares how many there are: PM2 brought one back that we had started anew, or we
 * started what it was about to bring back. Each has a mark of its own time. Copies that a person makes of one, by
 * `pm2 scale`, bear the mark of that one, and stay. Those stay of which more run, and of as many those that are older.
 */
export function doublesOf(records: readonly Pm2Record[], own: Mark): readonly Pm2Record[] {
  const makings = Map.groupBy(records, ({ reconciled }) => {
    const mark = readMark(reconciled)
    return mark && isSameFleet(mark, own) ? mark.madeAt : undefined
  })
  makings.delete(undefined)
  const running = (copies: readonly Pm2Record[]) => copies.filter(isRunning).length
  const [, ...others] = [...makings].sort(
    ([aMadeAt = 0, a], [bMadeAt = 0, b]) => running(b) - running(a) || aMadeAt - bMadeAt,
  )
  return others.flatMap(([, copies]) => copies)
}
