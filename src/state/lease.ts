import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import { isErrorOf, messageOf, ReconcileError } from '../core/errors.ts'
import type { Json, RecordKey, Store, StoreEntry } from '../core/store.ts'
import { decodeEntry, number, object, toJson } from './codec.ts'
import type { Fence } from './fence.ts'
import { type Holder, holder as holderCodec, type Liveness } from './holder.ts'
import { Lookout } from './lookout.ts'

const leaseCollection = 'lease'
const tokenCollection = 'lease-token'

/** A holder of whom nothing is known is replaced after this long without a sign of life. */
const defaultTtl: Duration = 15_000
/** Share of the ttl that we stop before it ends: what was begun must be over before another may act. */
const marginShare = 0.2

/** The right to act for a fleet, as long as it lasts. */
export interface Lease extends Fence {
  readonly holder: Holder
  /** Grows with every acquisition; writes carry it, so that an earlier holder's are refused. */
  readonly token: number
  /** Aborted with `LeaseLost` when the lease ends otherwise than by `release`. */
  readonly signal: AbortSignal
  /** Gives it to whoever is next, at once. Does nothing where it was lost. */
  release(): Promise<void>
}

/** The lease as one program sees it. */
export interface LeaseSight {
  /** Who holds it by the record; he may be dead. */
  readonly holder: Holder
  /** His last sign of life, epoch milliseconds by his own clock: for people, nothing decides by it. */
  readonly seenAt: number
  /** Whether it may be taken from him now: he is provably dead, or this keeper saw no sign of life for his ttl. */
  readonly isOver: boolean
}

export interface LeaseKeeper {
  /** Undefined: nobody holds it. What is seen counts for later looks and for `acquire`. */
  look(): Promise<LeaseSight | undefined>
  /**
   * Takes the lease when it is free, at once from a holder who is provably dead, and from any other after he gave
   * no sign of life for his ttl, on our own monotonic clock. Rejects with `LeaseHeld` after `waitFor` (default:
   * never) or at once where the holder is one to give way to, or with the signal's reason.
   */
  acquire(request: {
    readonly holder: Holder
    readonly waitFor?: Duration
    readonly givesWayTo?: (holder: Holder) => boolean
    readonly signal?: AbortSignal
  }): Promise<Lease>
}

export interface LeaseOptions {
  readonly store: Store
  readonly clock: Clock
  /** Asked for processes of this machine; anything it cannot prove is `unknown`. */
  readonly isAlive: (holder: Holder) => Liveness | Promise<Liveness>
  /** What the lease is for, when there are several. Default `fleet`. */
  readonly name?: string
  /** How long a lease lasts without a renewal. Default 15 s. */
  readonly ttl?: Duration
}

interface LeaseRecord {
  readonly holder: Holder
  readonly ttl: Duration
  /** Epoch milliseconds, for people: nothing decides by another machine's clock. */
  readonly renewedAt: number
}

const leaseRecord = object<LeaseRecord>({ holder: holderCodec, ttl: number, renewedAt: number })

export function openLeaseKeeper(options: LeaseOptions): LeaseKeeper {
  const { store, clock, isAlive, name = 'fleet', ttl = defaultTtl } = options
  const leaseKey: RecordKey = { collection: leaseCollection, key: name }
  const tokenKey: RecordKey = { collection: tokenCollection, key: name }
  const recordOf = (holder: Holder): Json => toJson({ holder, ttl, renewedAt: clock.now() })
  let seen: Sighting | undefined

  async function take(holder: Holder, found: StoreEntry | undefined): Promise<Lease | undefined> {
    const token = await store.get(tokenKey)
    const sentAt = clock.monotonic()
    try {
      const revision = await store.commit([
        { type: 'put', ...leaseKey, value: recordOf(holder), expected: found?.revision ?? 0 },
        { type: 'put', ...tokenKey, value: toJson(holder), expected: token?.revision ?? 0 },
      ])
      return new HeldLease({
        store,
        clock,
        leaseKey,
        tokenKey,
        holder,
        token: revision,
        ttl,
        sentAt,
        recordOf,
      })
    } catch (error) {
      // Another was quicker, or the holder gave a sign of life just now.
      if (isErrorOf(error, 'ConflictingRevision')) return undefined
      throw error
    }
  }

  /** Whether a lease that has been seen unchanged for so long may be taken. */
  async function isOver(record: LeaseRecord, unchangedFor: Duration): Promise<boolean> {
    return unchangedFor >= Math.max(ttl, record.ttl) || (await isAlive(record.holder)) === 'dead'
  }

  async function find(): Promise<{
    readonly found: StoreEntry | undefined
    readonly sight: LeaseSight | undefined
  }> {
    const found = await store.get(leaseKey)
    const now = clock.monotonic()
    const revision = found?.revision ?? 0
    if (seen?.revision !== revision) seen = { revision, at: now }
    const since = seen.at
    if (!found) return { found, sight: undefined }
    const record = decodeEntry(found, leaseRecord)
    const { holder, renewedAt } = record
    return { found, sight: { holder, seenAt: renewedAt, isOver: await isOver(record, now - since) } }
  }

  return {
    look: async () => (await find()).sight,
    async acquire({ holder, waitFor = Number.POSITIVE_INFINITY, givesWayTo, signal }) {
      const startedAt = clock.monotonic()
      const lookout = new Lookout(store, clock)
      try {
        for (;;) {
          signal?.throwIfAborted()
          const { found, sight } = await find()
          if (!sight || sight.isOver) {
            const lease = await take(holder, found)
            if (lease) return lease
          }
          const isHopeless = sight && !sight.isOver && givesWayTo?.(sight.holder)
          if (sight && (isHopeless || clock.monotonic() - startedAt >= waitFor)) throw heldBy(sight.holder)
          await lookout.next(signal)
        }
      } finally {
        lookout.stop()
      }
    },
  }
}

/** When we first saw a record at its revision, by our monotonic clock. */
interface Sighting {
  readonly revision: number
  readonly at: number
}

function heldBy({ role, pid, host }: Holder): ReconcileError {
  const who = role === 'controller' ? 'a controller' : 'a pass'
  // What tells namespaces of processes apart says nothing to people.
  const [machine = ''] = host.split(' ')
  return new ReconcileError(
    'LeaseHeld',
    `Cannot act for this fleet: ${who} with pid ${pid} on ${machine} does at the moment`,
    {
      hint:
        role === 'controller'
          ? '`reconcile stop` ends one in the background, Ctrl-C one in a terminal; `reconcile` asks it for a pass.'
          : 'Wait until it has ended; `reconcile --timeout 10m` waits longer.',
    },
  )
}

interface HeldOptions {
  readonly store: Store
  readonly clock: Clock
  readonly leaseKey: RecordKey
  readonly tokenKey: RecordKey
  readonly holder: Holder
  readonly token: number
  readonly ttl: Duration
  /** When the acquisition was sent, by the monotonic clock. */
  readonly sentAt: number
  readonly recordOf: (holder: Holder) => Json
}

class HeldLease implements Lease {
  readonly holder: Holder
  readonly token: number
  readonly #options: HeldOptions
  readonly #lost = new AbortController()
  readonly #stop = new AbortController()
  /** When the last sign of life that reached the store was sent: the lease counts from there, not from its answer. */
  #sentAt: number
  /** Why the last renewal failed; undefined: it did not. */
  #hindrance: unknown

  constructor(options: HeldOptions) {
    this.holder = options.holder
    this.token = options.token
    this.#options = options
    this.#sentAt = options.sentAt
    void this.#keep()
  }

  get signal(): AbortSignal {
    return this.#lost.signal
  }

  guard() {
    if (this.#remaining() <= 0) this.#loseByTime()
    this.#lost.signal.throwIfAborted()
    if (this.#stop.signal.aborted) throw lost('it was released')
    return this.#precondition()
  }

  async release(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    if (this.#lost.signal.aborted) return
    const { store, leaseKey, tokenKey } = this.#options
    try {
      // Without its token nothing that we sent earlier and that is still on its way can be written.
      await store.commit(
        [
          { type: 'delete', ...leaseKey },
          { type: 'delete', ...tokenKey },
        ],
        [this.#precondition()],
      )
    } catch (error) {
      if (!isErrorOf(error, 'ConflictingRevision')) throw error
    }
  }

  #precondition() {
    return { ...this.#options.tokenKey, revision: this.token }
  }

  /** Milliseconds for which the lease may still be relied on. */
  #remaining(): Duration {
    const { clock, ttl } = this.#options
    return this.#sentAt + ttl * (1 - marginShare) - clock.monotonic()
  }

  #lose(why: string, cause?: unknown): void {
    if (this.#stop.signal.aborted) return
    this.#lost.abort(lost(why, cause))
    this.#stop.abort()
  }

  /** Says what kept us: a full disk is another matter than a machine that slept. */
  #loseByTime(): void {
    const why = this.#hindrance === undefined ? '' : `: ${messageOf(this.#hindrance)}`
    this.#lose(`it could not be renewed in time${why}`, this.#hindrance)
  }

  /** Renews at a third of the ttl; after a failure more often, until the lease cannot be relied on any more. */
  async #keep(): Promise<void> {
    const { ttl } = this.#options
    let pause = ttl / 3
    while (!this.#stop.signal.aborted) {
      await this.#sleep(Math.min(pause, this.#remaining()))
      if (this.#stop.signal.aborted) return
      if (this.#remaining() <= 0) return this.#loseByTime()
      const outcome = await Promise.race([this.#renew(), this.#sleep(this.#remaining()).then(() => 'failed')])
      if (outcome === 'refused') return this.#lose('another took it over')
      pause = outcome === 'renewed' ? ttl / 3 : ttl / 15
    }
  }

  async #renew(): Promise<'renewed' | 'refused' | 'failed'> {
    const { store, clock, leaseKey, holder, recordOf } = this.#options
    const sentAt = clock.monotonic()
    try {
      await store.commit([{ type: 'put', ...leaseKey, value: recordOf(holder) }], [this.#precondition()])
      this.#sentAt = sentAt
      this.#hindrance = undefined
      return 'renewed'
    } catch (error) {
      if (isErrorOf(error, 'ConflictingRevision')) return 'refused'
      this.#hindrance = error
      return 'failed'
    }
  }

  /** Ends early when the lease does; never rejects. */
  async #sleep(duration: Duration): Promise<void> {
    const { clock } = this.#options
    const end = () => undefined
    await clock.sleep(Math.max(0, duration), this.#stop.signal).then(end, end)
  }
}

function lost(why: string, cause?: unknown): ReconcileError {
  return new ReconcileError(
    'LeaseLost',
    `Cannot go on acting for this fleet: the lease ended, because ${why}`,
    { cause },
  )
}
