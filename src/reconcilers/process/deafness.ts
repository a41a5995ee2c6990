import { homePaths } from '../../clients/pm2/home-paths.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { readReloadEndings } from '../../clients/pm2/reload-endings.ts'
import type { DesiredProcess } from './place.ts'
import { isRunning } from './run-state.ts'

/** Processes that are remembered. */
const most = 1_000
const here: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

/** Looks once for each process of a cluster whether it listened when it was reloaded, and remembers it. */
export class Deafness {
  readonly #daemonLog: string
  readonly #known = new Map<string, boolean>()

  constructor(home: string) {
    this.#daemonLog = homePaths(home).daemonLog
  }

  /** Ids of those that should listen, by what is declared, and did not before PM2 ended the one that they replaced. */
  async look(desired: DesiredProcess, records: readonly Pm2Record[]): Promise<ReadonlySet<number>> {
    if (records.length < 2 || !shouldListen(desired)) return new Set()
    const running = records.filter((record) => record.mode === 'cluster' && isRunning(record))
    const unknown = running.filter((record) => !this.#known.has(runOf(record)))
    if (unknown.length > 0) {
      // A log that cannot be read says nothing: that is no fault of the process.
      const endings = await readReloadEndings(this.#daemonLog, unknown).catch(() => undefined)
      if (this.#known.size > most) this.#known.clear()
      for (const record of unknown) this.#known.set(runOf(record), endings?.get(record.pmId) === 'timed-out')
    }
    return new Set(running.filter((record) => this.#known.get(runOf(record))).map(({ pmId }) => pmId))
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
