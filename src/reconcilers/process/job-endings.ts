import { type Ending, readEndings } from '../../clients/pm2/endings.ts'
import { homePaths } from '../../clients/pm2/home-paths.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { hasEnded } from './run-state.ts'

/** Runs that are remembered. They are few, and each job leaves one behind with each run. */
const most = 1_000

/**
 * Looks for how each run ended of which PM2 says exit code 0, and remembers it as soon as PM2's log says so, or is not to say so
 * any more.
 */
export class JobEndings {
  readonly #daemonLog: string
  readonly #known = new Map<string, Ending | undefined>()

  constructor(home: string) {
    this.#daemonLog = homePaths(home).daemonLog
  }

  /** By `pmId`; without those of which PM2's log does not say it. */
  async look(records: readonly Pm2Record[]): Promise<ReadonlyMap<number, Ending>> {
    const ended = records.filter((record) => hasEnded(record) && record.exitCode === 0)
    const unknown = ended.filter((record) => !this.#known.has(runOf(record)))
    if (unknown.length > 0) {
      const endings = await readEndings(this.#daemonLog, unknown)
      if (this.#known.size > most) this.#known.clear()
      for (const record of unknown) {
        const ending = endings.get(record.pmId)
        if (ending !== 'not-yet') this.#known.set(runOf(record), ending)
      }
    }
    const found = new Map<number, Ending>()
    for (const record of ended) {
      const ending = this.#known.get(runOf(record))
      if (ending) found.set(record.pmId, ending)
    }
    return found
  }
}

function runOf({ name, pmId, uptimeSince, restartTime }: Pm2Record): string {
  return JSON.stringify([name, pmId, uptimeSince, restartTime])
}
