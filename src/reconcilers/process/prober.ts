import { raceAbort } from '../../clients/pm2/process-queue.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Clock } from '../../core/clock.ts'
import { type Duration, parseDuration } from '../../core/duration.ts'
import { messageOf } from '../../core/errors.ts'
import type { ResourceId } from '../../core/resource.ts'
import { Secret } from '../../core/secret.ts'
import { interpreterEnvironment } from './base-env.ts'
import type { ProbeState } from './observed.ts'
import { type DesiredProcess, workingFolderOf } from './place.ts'
import { ask } from './probe.ts'
import { processKindOf } from './process-kind.ts'
import { isRunning, uptimeOf } from './run-state.ts'

const defaultInterval: Duration = 10_000
const defaultStartPeriod: Duration = 10_000
const defaultThreshold = 3
/** A process that is starting is asked more often, so that nobody waits a whole interval for it. */
const startingInterval: Duration = 500
/** How long a single pass waits for an answer, far less than the limit of the reading that it is a part of. */
const longPatience: Duration = 5_000
/** How long a controller does, which must meet a deletion by hand meanwhile. */
const shortPatience: Duration = 100
/** When is looked again for an answer that had not come. */
const lookAgainIn: Duration = 1_000

/** What is looked at: the declaration, and the processes that run for it. */
interface Target {
  readonly desired: DesiredProcess
  readonly records: readonly Pm2Record[]
}

interface Memory {
  /** What the state is about: of other processes, and by another probe, nothing is known yet. */
  readonly subject: string
  readonly state: ProbeState
  /** When it is asked again, by the monotonic clock: one that is set back must not keep a probe from being asked. */
  readonly dueAt: number
}

/** A question that is on its way. */
interface Asking {
  /** As in `Memory`. */
  readonly subject: string
  readonly end: AbortController
  /** Undefined: it was given up, because nobody wants to know any more. */
  readonly answer: Promise<ProbeState | undefined>
  /** Looks that wait for it: they see by themselves what it says. */
  waiting: number
}

/**
 * Asks probes when they are due, and remembers what they said of the processes that run. A probe is asked under its own time
 * limit and under nobody else's: a reading that is cut off ends none, and none that hangs holds up a reading for long.
 */
export class Prober {
  readonly #clock: Clock
  readonly #base: Readonly<Record<string, string>>
  readonly #mayRunCommands: boolean
  readonly #memories = new Map<ResourceId, Memory>()
  readonly #targets = new Map<ResourceId, Target>()
  readonly #asking = new Map<ResourceId, Asking>()
  readonly #followers = new Set<(id: ResourceId) => void>()
  #nextNews = Promise.withResolvers<void>()

  constructor(options: {
    readonly clock: Clock
    readonly base: Readonly<Record<string, string>>
    readonly mayRunCommands: boolean
  }) {
    this.#clock = options.clock
    this.#base = options.base
    this.#mayRunCommands = options.mayRunCommands
  }

  /**
   * The state now: asks where the last answer is older than the interval, and waits a while for the answer. Where none comes
   * by then it is the last one, or `pending`. Undefined: nothing to ask.
   */
  async look(
    desired: DesiredProcess,
    records: readonly Pm2Record[],
    signal: AbortSignal,
  ): Promise<ProbeState | undefined> {
    const running = records.filter((record) => isRunning(record) && record.pid !== undefined)
    const { health } = desired.spec
    if (!health || processKindOf(desired.spec) !== 'daemon' || running.length === 0) {
      this.forget(desired.id)
      return undefined
    }
    if (!this.#targets.has(desired.id)) this.#tell()
    this.#targets.set(desired.id, { desired, records: running })
    if (health.exec && !this.#mayRunCommands) {
      return unasked('its exec probe is not run in a dry run; `--run-commands` runs it')
    }
    const known = this.#knownOf(desired.id, subjectOf({ desired, records: running }))
    const rest = this.#restOf(known)
    if (known && rest > 0) return Object.freeze({ ...known.state, nextIn: rest })
    const asking = this.#ask(desired.id)
    const state = asking && (await this.#waitFor(asking, signal))
    if (state) return state
    return known ? Object.freeze({ ...known.state, nextIn: lookAgainIn }) : pending()
  }

  /** Tells of each answer that changes the verdict, and of which no look learned, until the function that it gives is called. */
  follow(changed: (id: ResourceId) => void): () => void {
    this.#followers.add(changed)
    return () => this.#followers.delete(changed)
  }

  /** Asks whatever is due, and waits for none of it. */
  askDue(): void {
    for (const [id, wait] of this.due()) if (wait <= 0) this.#ask(id)
  }

  /** Resolves with the next probe and the next answer, after which others may be due. */
  nextNews(): Promise<void> {
    return this.#nextNews.promise
  }

  forget(id: ResourceId): void {
    this.#targets.delete(id)
    this.#memories.delete(id)
    this.#giveUp(id)
  }

  /** Forgets all others. */
  retain(ids: ReadonlySet<ResourceId>): void {
    for (const id of this.#targets.keys()) if (!ids.has(id)) this.forget(id)
  }

  /** Ends what is on its way. */
  close(): void {
    for (const id of this.#targets.keys()) this.forget(id)
  }

  /** When each probe is due that is not being asked, in milliseconds from now. */
  due(): ReadonlyMap<ResourceId, Duration> {
    const due = new Map<ResourceId, Duration>()
    for (const [id, { desired }] of this.#targets) {
      if (this.#asking.has(id) || (desired.spec.health?.exec && !this.#mayRunCommands)) continue
      due.set(id, this.#restOf(this.#memories.get(id)))
    }
    return due
  }

  #tell(): void {
    this.#nextNews.resolve()
    this.#nextNews = Promise.withResolvers()
  }

  #restOf(memory: Memory | undefined): Duration {
    return memory ? Math.max(0, memory.dueAt - this.#clock.monotonic()) : 0
  }

  #knownOf(id: ResourceId, subject: string): Memory | undefined {
    const memory = this.#memories.get(id)
    return memory?.subject === subject ? memory : undefined
  }

  #verdictOf(id: ResourceId): string {
    const state = this.#memories.get(id)?.state
    const threshold = this.#targets.get(id)?.desired.spec.health?.failureThreshold ?? defaultThreshold
    if (!state) return 'unasked'
    return state.verdict === 'failed' && state.failures >= threshold ? 'unhealthy' : state.verdict
  }

  /** Where somebody follows the answers he will hear of it: then a look waits only for what is quick. */
  async #waitFor(asking: Asking, signal: AbortSignal): Promise<ProbeState | undefined> {
    const patience = this.#followers.size > 0 ? shortPatience : longPatience
    const end = new AbortController()
    const isUp = this.#clock.sleep(patience, end.signal).then(
      () => undefined,
      () => undefined,
    )
    asking.waiting += 1
    try {
      return await raceAbort(Promise.race([asking.answer, isUp]), signal)
    } finally {
      asking.waiting -= 1
      end.abort()
    }
  }

  /** One question at a time of each; one about processes that do not run any more is given up for the next. */
  #ask(id: ResourceId): Asking | undefined {
    const target = this.#targets.get(id)
    if (!target) return undefined
    const subject = subjectOf(target)
    const running = this.#asking.get(id)
    if (running?.subject === subject) return running
    this.#giveUp(id)
    const end = new AbortController()
    const answer = this.#answerOf(id, target, end.signal)
    const asking: Asking = { subject, end, answer, waiting: 0 }
    this.#asking.set(id, asking)
    const before = this.#verdictOf(id)
    void answer.then((state) => {
      if (this.#asking.get(id) !== asking) return
      this.#asking.delete(id)
      if (!state) return
      const next = { subject, state, dueAt: this.#clock.monotonic() + (state.nextIn ?? 0) }
      this.#memories.set(id, next)
      this.#tell()
      if (asking.waiting > 0 || this.#verdictOf(id) === before) return
      for (const changed of this.#followers) changed(id)
    })
    return asking
  }

  #giveUp(id: ResourceId): void {
    this.#asking.get(id)?.end.abort(new Error('nobody wants to know any more'))
    this.#asking.delete(id)
  }

  async #answerOf(id: ResourceId, target: Target, signal: AbortSignal): Promise<ProbeState | undefined> {
    const { health } = target.desired.spec
    if (!health) return undefined
    const known = this.#knownOf(id, subjectOf(target))
    const started = this.#clock.monotonic()
    try {
      const answer = await ask(health, this.#placeOf(target.desired), signal).catch((error: unknown) => {
        signal.throwIfAborted()
        // That it could not even be asked is no success, and must not end what asks all others.
        return { isPassed: false, message: messageOf(error) }
      })
      return nextState(known?.state, answer, {
        at: this.#clock.now(),
        tookMs: Math.round(this.#clock.monotonic() - started),
        isStarting: this.#isStarting(target),
        interval: intervalOf(target.desired),
      })
    } catch {
      return undefined
    }
  }

  #isStarting({ desired, records }: Target): boolean {
    const period = parseDuration(desired.spec.health?.startPeriod ?? '') ?? defaultStartPeriod
    return Math.min(...records.map((record) => uptimeOf(record, this.#clock.now()))) < period
  }

  #placeOf(desired: DesiredProcess) {
    const env: Record<string, string> = {
      ...this.#base,
      ...interpreterEnvironment(desired.spec.interpreter ?? ''),
    }
    for (const [key, value] of Object.entries(desired.spec.env ?? {})) {
      if (!(value instanceof Secret)) env[key] = value
      else if (value.isRead) env[key] = value.reveal()
    }
    return { cwd: workingFolderOf(desired), env }
  }
}

/** Failures count from the end of the start period on; one success forgets them. */
function nextState(
  known: ProbeState | undefined,
  answer: { readonly isPassed: boolean; readonly message: string },
  when: {
    readonly at: number
    readonly tookMs: number
    readonly isStarting: boolean
    readonly interval: Duration
  },
): ProbeState & { readonly nextIn: Duration } {
  const { at, tookMs, isStarting, interval } = when
  const hasPassed = answer.isPassed || (known?.hasPassed ?? false)
  const counts = !answer.isPassed && (!isStarting || hasPassed)
  return Object.freeze({
    verdict: answer.isPassed ? 'passed' : 'failed',
    failures: answer.isPassed ? 0 : (known?.failures ?? 0) + (counts ? 1 : 0),
    hasPassed,
    at,
    nextIn: isStarting && !hasPassed ? Math.min(interval, startingInterval) : interval,
    tookMs,
    message: answer.message,
  })
}

function unasked(message: string): ProbeState {
  return Object.freeze({ ...silent, verdict: 'unasked', message })
}

function pending(): ProbeState {
  return Object.freeze({ ...silent, verdict: 'pending', nextIn: lookAgainIn, message: 'no answer yet' })
}

const silent = Object.freeze({
  failures: 0,
  hasPassed: false,
  at: undefined,
  nextIn: undefined,
  tookMs: undefined,
})

function intervalOf(desired: DesiredProcess): Duration {
  return parseDuration(desired.spec.health?.interval ?? '') ?? defaultInterval
}

function subjectOf({ desired, records }: Target): string {
  return JSON.stringify([records.map((record) => record.pid), desired.spec.health])
}
