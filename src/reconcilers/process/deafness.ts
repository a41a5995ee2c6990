import { homePaths } from '../../clients/pm2/home-paths.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { readReloadEndings } from '../../clients/pm2/reload-endings.ts'
import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import type { DesiredProcess } from './place.ts'
import { isRunning, uptimeOf } from './run-state.ts'
import { pm2Waits } from './time-limit.ts'

/** Processes that are remembered. */
const most = 1_000
const here: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

/** How long PM2 may take for the end of a reload, over what it waits for. */
const allowance: Duration = 10_000

/**
 * Looks for each process of a cluster whether it listened when it was reloaded, and remembers it as soon as PM2's log says
 * so, or is not to say so any more: a reload that is under way has no end yet.
 */
export class Deafness {
  readonly #daemonLog: string
  readonly #clock: Pick<Clock, 'now'>
  readonly #known = new Map<string, boolean>()

  constructor(home: string, clock: Pick<Clock, 'now'>) {
    this.#daemonLog = homePaths(home).daemonLog
    this.#clock = clock
  }

  /** Ids of those that should listen, by what is declared, and did not before PM2 ended the one that they replaced. */
  async look(desired: DesiredProcess, records: readonly Pm2Record[]): Promise<ReadonlySet<number>> {
    if (records.length < 2 || !shouldListen(desired)) return new Set()
    const running = records.filter((record) => record.mode === 'cluster' && isRunning(record))
    const unknown = running.filter((record) => !this.#known.has(runOf(record)))
    if (unknown.length > 0) {
      // A log that cannot be read says nothing yet: that is no fault of the process.
      const endings = await readReloadEndings(this.#daemonLog, unknown).catch(() => undefined)
      if (this.#known.size > most) this.#known.clear()
      for (const record of unknown) {
        const ending = endings?.get(record.pmId)
        if (ending || (endings && this.#isSettled(record)))
          this.#known.set(runOf(record), ending === 'timed-out')
      }
    }
    return new Set(running.filter((record) => this.#known.get(runOf(record))).map(({ pmId }) => pmId))
  }

  /** Whether a reload that began it is over: PM2 ends the old one at last when the new one has not listened. */
  #isSettled(record: Pm2Record): boolean {
    const longest = (record.listenTimeout ?? pm2Waits.listenTimeout) + allowance
    return uptimeOf(record, this.#clock.now()) > longest
  }
}

/**
 * Others may be workers that never listen, or take longer than PM2 waits by default: nobody says of those that they do, or
 * how soon.
 */
function shouldListen({ spec }: DesiredProcess): boolean {
  const { waitReady, health, listenTimeout } = spec
  if (listenTimeout === undefined) return false
  const probed = health?.http ?? health?.tcp
  return waitReady === true || (probed !== undefined && here.has(probed.host ?? '127.0.0.1'))
}

function runOf({ name, pmId, pid, uptimeSince }: Pm2Record): string {
  return JSON.stringify([name, pmId, pid, uptimeSince])
}
