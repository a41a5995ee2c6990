import { availableParallelism } from 'node:os'
import type { Pm2Client } from '../../clients/pm2/client.ts'
import type { Orphan } from '../../clients/pm2/orphans.ts'
import { raceAbort } from '../../clients/pm2/process-queue.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Returning } from '../../clients/pm2/returning.ts'
import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { isErrorOf, messageOf, ReconcileError } from '../../core/errors.ts'
import type { Wanted } from '../../core/reconciler.ts'
import type { DaemonKeeper } from './daemon-keeper.ts'
import { wantedInstances } from './instances.ts'
import { pm2NameOf } from './place.ts'
import type { ProcessSpec } from './spec.generated.ts'

/** One Process that is asked about: declared, owned or both. */
export type WantedProcess = Wanted<ProcessSpec>

/** An answer of the daemon that was asked for ahead is as good as a fresh one for so long. */
const anticipatedFor: Duration = 1000

type Answer = readonly [readonly Pm2Record[], string]

/** What the daemon said, or that there is none. */
export interface DaemonReading {
  readonly version: string | undefined
  readonly byName: ReadonlyMap<string, readonly Pm2Record[]>
}

/** Asks one daemon for all that runs, once a reading, and for what runs beside it. Starts none. */
export class DaemonReader {
  readonly #pm2: Pm2Client
  readonly #keeper: DaemonKeeper
  readonly #clock: Clock
  #anticipated: { readonly answer: Promise<Answer>; readonly at: number } | undefined

  constructor(pm2: Pm2Client, keeper: DaemonKeeper, clock: Clock) {
    this.#pm2 = pm2
    this.#keeper = keeper
    this.#clock = clock
  }

  /** Sends the question whose answer the next reading takes. */
  async anticipate(): Promise<void> {
    const answer = this.#ask(undefined)
    // Whoever reads learns of it.
    answer.catch(() => undefined)
    this.#anticipated = { answer, at: this.#clock.monotonic() }
    // The call is written when the socket says that it is connected, in the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** What was asked ahead does not count any more. */
  forget(): void {
    this.#anticipated = undefined
  }

  /** No daemon is an answer: nothing is registered. Everything else that goes wrong is not. */
  async read(signal: AbortSignal): Promise<DaemonReading | ReconcileError> {
    try {
      const [records, version] = await (this.#takeAnticipated(signal) ?? this.#ask(signal))
      return { version, byName: Map.groupBy(records, (record) => record.name) }
    } catch (error) {
      signal.throwIfAborted()
      if (isErrorOf(error, 'DaemonNotRunning')) return { version: undefined, byName: new Map() }
      if (error instanceof ReconcileError) return error
      return new ReconcileError('DaemonCallFailed', `Could not read PM2: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  #ask(signal: AbortSignal | undefined): Promise<Answer> {
    return Promise.all([this.#pm2.list(signal), this.#pm2.version(signal)])
  }

  #takeAnticipated(signal: AbortSignal): Promise<Answer> | undefined {
    const anticipated = this.#anticipated
    this.#anticipated = undefined
    if (!anticipated || this.#clock.monotonic() - anticipated.at > anticipatedFor) return undefined
    return raceAbort(anticipated.answer, signal)
  }

  /** What an earlier daemon left behind, also beside what PM2 started anew (`pm2 resurrect`), and what this one lost. */
  async readLeftBehind(
    wanted: readonly WantedProcess[],
    daemon: DaemonReading | ReconcileError,
    signal: AbortSignal,
  ): Promise<readonly Orphan[]> {
    if (daemon instanceof ReconcileError) return []
    const listed = [...daemon.byName.values()].flat()
    const left = await this.#keeper.leftBehind(wanted.map(nameOf), listed, signal)
    return daemon.version === undefined ? left : [...left, ...(await this.#readLost(listed, signal))]
  }

  /** Only what is missing can be on its way. */
  async readReturning(
    wanted: readonly WantedProcess[],
    daemon: DaemonReading | ReconcileError,
  ): Promise<Returning | undefined> {
    if (daemon instanceof ReconcileError || daemon.version === undefined) return undefined
    const isWhole = ({ desired }: WantedProcess) =>
      desired === undefined ||
      (daemon.byName.get(pm2NameOf(desired))?.length ?? 0) >=
        (wantedInstances(desired, availableParallelism(), true) ?? 1)
    if (wanted.every(isWhole)) return undefined
    return await this.#keeper.returning([...daemon.byName.values()].flat())
  }

  /** Where the daemon does not say whether it knows a process, nothing is told of it. */
  async #readLost(listed: readonly Pm2Record[], signal: AbortSignal): Promise<readonly Orphan[]> {
    try {
      return await this.#keeper.lost(listed, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ReconcileError) return []
      throw error
    }
  }
}

/** All that the daemon lists. */
export function listedBy(daemon: DaemonReading | ReconcileError): readonly Pm2Record[] {
  return daemon instanceof ReconcileError ? [] : [...daemon.byName.values()].flat()
}

/** The name in PM2, of what is no longer declared as well. */
export function nameOf(wanted: WantedProcess): string {
  return wanted.desired ? pm2NameOf(wanted.desired) : (wanted.owned?.externalName ?? '')
}
