import { createContext, Script } from 'node:vm'
import type { Duration } from '../../core/duration.ts'

const script = new Script('work()')
const room: { work: () => unknown } = createContext({ work: () => undefined }) as typeof room

/** What ran for longer than it may. */
export class TooLong extends Error {}

/**
 * Does something that is over in a moment, unless somebody wrote it to take for ever; throws `TooLong` then. Node ends
 * such work from outside, in the middle of a loop, so no thread of its own is needed. It must leave nothing half done.
 */
export function within<Result>(limit: Duration, work: () => Result): Result {
  try {
    let result: { readonly value: Result } | undefined
    room.work = () => {
      result = { value: work() }
    }
    script.runInContext(room, { timeout: limit })
    if (!result) throw new TypeError('Expected the work to be done, got nothing')
    return result.value
  } catch (error) {
    // It may be an error of the other context, which is no instance of ours.
    if ((error as { readonly code?: unknown } | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new TooLong(`It took longer than ${limit} ms`)
    }
    throw error
  } finally {
    room.work = () => undefined
  }
}
