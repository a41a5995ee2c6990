import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Clock } from '../../core/clock.ts'
import { type Duration, parseDuration } from '../../core/duration.ts'
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

/** What is looked at: the declaration, and the processes that run for it. */
interface Target {
  readonly desired: DesiredProcess
  readonly records: readonly Pm2Record[]
}

interface Memory {
  /** The pids that the state is about: of others nothing is known yet. */
  readonly pids: string
  readonly state: ProbeState
  /** When it is asked again, by the monotonic clock: one that is set back must not keep a probe from being asked. */
  readonly dueAt: number
}

/** Asks probes when they are due, and remembers what they said of the processes that run. */
export class Prober {
  readonly #clock: Clock
  readonly #base: Readonly<Record<string, string>>
  readonly #mayRunCommands: boolean
  readonly #memories = new Map<ResourceId, Memory>()
  readonly #targets = new Map<ResourceId, Target>()
  readonly #asking = new Map<ResourceId, Promise<ProbeState | undefined>>()

  constructor(options: {
    readonly clock: Clock
    readonly base: Readonly<Record<string, string>>
    readonly mayRunCommands: boolean
  }) {
    this.#clock = options.clock
    this.#base = options.base
    this.#mayRunCommands = options.mayRunCommands
  }

  /** The state now: asks where the last answer is older than the interval. Undefined: nothing to ask. */
  async look(
    desired: DesiredProcess,
    records: readonly Pm2Record[],
    signal: AbortSignal,
  ): Promise<ProbeState | undefined> {
    const running = records.filter((record) => isRunning(record) && record.pid !== undefined)
    if (!desired.spec.health || processKindOf(desired.spec) !== 'daemon' || running.length === 0) {
      this.forget(desired.id)
      return undefined
    }
    this.#targets.set(desired.id, { desired, records: running })
    return await this.#lookAt(desired.id, signal)
  }

  /** Looks at one again that `look` was given before; whether its verdict changed since. */
  async hasChanged(id: ResourceId, signal: AbortSignal): Promise<boolean> {
    const before = this.#verdictOf(id)
    await this.#lookAt(id, signal)
    return this.#verdictOf(id) !== before
  }

  forget(id: ResourceId): void {
    this.#targets.delete(id)
    this.#memories.delete(id)
  }

  /** Forgets all others. */
  retain(ids: ReadonlySet<ResourceId>): void {
    for (const id of this.#targets.keys()) if (!ids.has(id)) this.forget(id)
  }

  /** When each probe is due, in milliseconds from now. */
  due(): ReadonlyMap<ResourceId, Duration> {
    const due = new Map<ResourceId, Duration>()
    for (const [id, { desired }] of this.#targets) {
      if (desired.spec.health?.exec && !this.#mayRunCommands) continue
      due.set(id, this.#restOf(this.#memories.get(id)))
    }
    return due
  }

  #restOf(memory: Memory | undefined): Duration {
    return memory ? Math.max(0, memory.dueAt - this.#clock.monotonic()) : 0
  }

  #verdictOf(id: ResourceId): string {
    const state = this.#memories.get(id)?.state
    const threshold = this.#targets.get(id)?.desired.spec.health?.failureThreshold ?? defaultThreshold
    if (!state) return 'unasked'
    return state.verdict === 'failed' && state.failures >= threshold ? 'unhealthy' : state.verdict
  }

  async #lookAt(id: ResourceId, signal: AbortSignal): Promise<ProbeState | undefined> {
    const running = this.#asking.get(id)
    if (running) return await running
    const asking = this.#ask(id, signal).finally(() => this.#asking.delete(id))
    this.#asking.set(id, asking)
    return await asking
  }

  async #ask(id: ResourceId, signal: AbortSignal): Promise<ProbeState | undefined> {
    const target = this.#targets.get(id)
    const health = target?.desired.spec.health
    if (!target || !health) return undefined
    if (health.exec && !this.#mayRunCommands) {
      return unasked('its exec probe is not run in a dry run; `--run-commands` runs it')
    }
    const pids = pidsOf(target.records)
    const memory = this.#memories.get(id)
    const known = memory?.pids === pids ? memory : undefined
    const rest = this.#restOf(known)
    if (known && rest > 0) return Object.freeze({ ...known.state, nextIn: rest })
    const started = this.#clock.monotonic()
    const answer = await ask(health, this.#placeOf(target.desired), signal)
    const ended = this.#clock.monotonic()
    const state = nextState(known?.state, answer, {
      at: this.#clock.now(),
      tookMs: Math.round(ended - started),
      isStarting: this.#isStarting(target),
      interval: intervalOf(target.desired),
    })
    // Others run by now, of which this answer says nothing.
    const current = this.#targets.get(id)
    if (current && pidsOf(current.records) === pids)
      this.#memories.set(id, { pids, state, dueAt: ended + state.nextIn })
    return state
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
  return Object.freeze({
    verdict: 'unasked',
    failures: 0,
    hasPassed: false,
    at: undefined,
    nextIn: undefined,
    tookMs: undefined,
    message,
  })
}

function intervalOf(desired: DesiredProcess): Duration {
  return parseDuration(desired.spec.health?.interval ?? '') ?? defaultInterval
}

function pidsOf(records: readonly Pm2Record[]): string {
  return records.map((record) => record.pid).join(',')
}
