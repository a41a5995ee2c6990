import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { LedgerEntry, LedgerView } from '../core/ledger.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import { backoffAfter } from './backoff.ts'
import type { Outcome } from './outcome.ts'
import { isMarkedRefused, type Refusal } from './refusal.ts'

/** So many resources in a row must fail, all alike, before it is taken for the vendor's fault and not for theirs. */
const trippedBy = 5

/** How long one that is tried is apart from the next. A sound one among broken ones waits so long at most. */
const backoff = { initial: 1_000, max: 60_000, factor: 2 } as const satisfies Readonly<
  Record<string, Duration>
>

/** Faults that need not be of the thing that was acted on. Any other shows that the vendor answers. */
const vendorFaults: ReadonlySet<string> = new Set<ErrorCode>([
  'CredentialsMissing',
  'CredentialsRefused',
  'DaemonCallFailed',
  'DaemonNotRunning',
  'DaemonStartFailed',
  'DaemonUnresponsive',
  'DaemonUnsupported',
  'HomeLocked',
  'OperationTimedOut',
  'OutcomeUnknown',
  'PermissionMissing',
  'RateLimited',
  'RemoteAnswerInvalid',
  'RemoteUnavailable',
])

interface Domain {
  /** What failed since the last success, all for the reason `code`. */
  readonly failed: Set<ResourceId>
  code: string | undefined
  /** Undefined: what is to be done is done. */
  trip: { message: string; probes: number; probeAt: number; probing: ResourceId | undefined } | undefined
  /** Whether people were told of its beginning, and not yet of its end. */
  isTold: boolean
}

/**
 * A domain whose writes all fail alike is tried with one resource at a time, each later than the last, and told of
 * once: without this every resource would use up its attempts, and say so, on a fault that is none of its own.
 */
export class WriteBreaker {
  readonly #clock: Clock
  readonly #chance: () => number
  readonly #onClosed: (kind: string) => void
  readonly #domains = new Map<string, Domain>()
  #news: LedgerEntry[] = []
  #hasLearned = false

  /** @param onClosed told when a domain does again what it is asked */
  constructor(clock: Clock, chance: () => number, onClosed: (kind: string) => void = () => undefined) {
    this.#clock = clock
    this.#chance = chance
    this.#onClosed = onClosed
  }

  /** Takes over what was told before a restart: a beginning is not told twice, and its end is. */
  learn(view: LedgerView): void {
    if (this.#hasLearned) return
    this.#hasLearned = true
    for (const [id, state] of view.states) if (isMarkedRefused(state)) this.#domain(kindOf(id)).isTold = true
  }

  isOpen(kind: string): boolean {
    return this.#domains.get(kind)?.trip !== undefined
  }

  /** What a guard holds the actions of a kind by; undefined: nothing. */
  refusalOf(kind: string): Refusal | undefined {
    const trip = this.#domains.get(kind)?.trip
    if (!trip) return undefined
    const left = trip.probeAt - this.#clock.monotonic()
    return {
      message: trip.message,
      isProbeDue: left <= 0 && trip.probing === undefined,
      until: this.#clock.now() + Math.max(left, backoff.initial),
    }
  }

  /** Asked when its turn has come: false while its domain refuses everything, but for the one that is tried. */
  admits(id: ResourceId): boolean {
    const trip = this.#domains.get(kindOf(id))?.trip
    if (!trip) return true
    if (trip.probing !== undefined || trip.probeAt > this.#clock.monotonic()) return false
    trip.probing = id
    return true
  }

  /** A person has said or changed something: it is tried soon, at the pace of the beginning. */
  hurry(kind: string): void {
    const trip = this.#domains.get(kind)?.trip
    if (trip) trip.probeAt = Math.min(trip.probeAt, this.#clock.monotonic() + backoff.initial)
  }

  /** Called after all that was admitted, whatever came of it. */
  leave(id: ResourceId): void {
    const trip = this.#domains.get(kindOf(id))?.trip
    if (trip?.probing === id) trip.probing = undefined
  }

  /** Takes note of what became of an action; tells whether its failure is told of the domain, and not of the resource. */
  note(outcome: Omit<Outcome, 'isToldByDomain'>): boolean {
    if (outcome.result === 'superseded') return false
    const kind = kindOf(outcome.id)
    const domain = this.#domain(kind)
    if (outcome.code === undefined || !vendorFaults.has(outcome.code)) {
      this.#answered(kind, domain)
      return false
    }
    if (outcome.code !== domain.code) domain.failed.clear()
    domain.code = outcome.code
    domain.failed.add(outcome.id)
    const { trip } = domain
    if (trip?.probing === outcome.id) {
      trip.probes += 1
      trip.probeAt = this.#probeAfter(trip.probes)
    } else if (!trip && domain.failed.size >= trippedBy) this.#trip(kind, domain, outcome)
    return domain.trip !== undefined
  }

  /** What people are to be told, for who writes it down: nobody else is given it. */
  takeNews(): readonly LedgerEntry[] {
    const news = this.#news
    this.#news = []
    return news
  }

  /** What could not be written down is told by the next who can. */
  putBack(news: readonly LedgerEntry[]): void {
    this.#news = [...news, ...this.#news]
  }

  #trip(kind: string, domain: Domain, { code, message, at }: Pick<Outcome, 'code' | 'message' | 'at'>): void {
    domain.trip = {
      message: message ?? code ?? '',
      probes: 0,
      probeAt: this.#probeAfter(0),
      probing: undefined,
    }
    if (domain.isTold) return
    domain.isTold = true
    this.#tell('Warning', 'DomainRefuses', {
      at,
      message: `${kind}: the actions on ${domain.failed.size} resources in a row failed alike (${message ?? code}); one at a time is tried until one succeeds`,
    })
  }

  #answered(kind: string, domain: Domain): void {
    domain.failed.clear()
    domain.code = undefined
    const wasOpen = domain.trip !== undefined
    domain.trip = undefined
    if (domain.isTold) {
      domain.isTold = false
      this.#tell('Normal', 'DomainAccepts', {
        at: this.#clock.now(),
        message: `${kind}: actions succeed again`,
      })
    }
    if (wasOpen) this.#onClosed(kind)
  }

  #tell(
    type: 'Normal' | 'Warning',
    reason: string,
    { at, message }: { readonly at: number; readonly message: string },
  ): void {
    this.#news.push({ type: 'event', event: { at, type, reason, id: undefined, message } })
  }

  #probeAfter(probes: number): number {
    return this.#clock.monotonic() + backoffAfter(probes + 1, backoff, this.#chance())
  }

  #domain(kind: string): Domain {
    const known = this.#domains.get(kind)
    if (known) return known
    const domain: Domain = { failed: new Set(), code: undefined, trip: undefined, isTold: false }
    this.#domains.set(kind, domain)
    return domain
  }
}
