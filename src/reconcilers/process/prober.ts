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
import { isRunning } from './run-state.ts'

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
      const nextAt = this.#memories.get(id)?.state.nextAt ?? this.#clock.now()
      due.set(id, Math.max(0, nextAt - this.#clock.now()))
    }
    return due
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
    const known = memory?.pids === pids ? memory.state : undefined
    if (known?.nextAt !== undefined && known.nextAt > this.#clock.now()) return known
    const started = this.#clock.monotonic()
    const answer = await ask(health, this.#placeOf(target.desired), signal)
    const state = nextState(known, answer, {
      at: this.#clock.now(),
      tookMs: Math.round(this.#clock.monotonic() - started),
      isStarting: this.#isStarting(target),
      interval: intervalOf(target.desired),
    })
    // Others run by now, of which this answer says nothing.
    const current = this.#targets.get(id)
    if (current && pidsOf(current.records) === pids) this.#memories.set(id, { pids, state })
    return state
  }

  #isStarting({ desired, records }: Target): boolean {
    const period = parseDuration(desired.spec.health?.startPeriod ?? '') ?? defaultStartPeriod
    const newest = Math.max(...records.map((record) => record.uptimeSince ?? 0))
    return this.#clock.now() - newest < period
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
): ProbeState {
  const { at, tookMs, isStarting, interval } = when
  const hasPassed = answer.isPassed || (known?.hasPassed ?? false)
  const counts = !answer.isPassed && (!isStarting || hasPassed)
  return Object.freeze({
    verdict: answer.isPassed ? 'passed' : 'failed',
    failures: answer.isPassed ? 0 : (known?.failures ?? 0) + (counts ? 1 : 0),
    hasPassed,
    at,
    nextAt: at + (isStarting && !hasPassed ? Math.min(interval, startingInterval) : interval),
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
    nextAt: undefined,
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
