import { PassService } from '../../src/cli/pass/pass-service.ts'
import type { Action } from '../../src/core/action.ts'
import type { Clock } from '../../src/core/clock.ts'
import { messageOf, ReconcileError } from '../../src/core/errors.ts'
import { type Logger, silentLogger } from '../../src/core/logger.ts'
import type { AnyReconciler, Reconciler } from '../../src/core/reconciler.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import type { Store } from '../../src/core/store.ts'
import { Controller } from '../../src/engine/controller.ts'
import { isActionable } from '../../src/engine/finding.ts'
import { draftPass, type PassResult } from '../../src/engine/pass.ts'
import { settle } from '../../src/engine/settle.ts'
import type { World } from '../../src/engine/world.ts'
import type { Fence } from '../../src/state/fence.ts'
import type { Holder, Liveness } from '../../src/state/holder.ts'
import { type Lease, openLeaseKeeper } from '../../src/state/lease.ts'
import { openLedger } from '../../src/state/ledger.ts'
import type { ModelContext } from '../support/model-context.ts'
import type { ModelFaults } from '../support/model-faults.ts'
import { dispatchReconciler } from '../support/modelled-dispatch.ts'
import { modelReconciler } from '../support/modelled-domain.ts'
import { modelledEngineWorld } from '../support/modelled-fleet.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { Sleeper } from '../support/simulated-clock.ts'
import { actorFaults } from './actor-faults.ts'
import { actorStore } from './actor-store.ts'
import { context } from './asking.ts'
import { Hearing } from './hearing.ts'
import { leaseTtl, watchedFence } from './lease-rules.ts'
import type { ReadEdition } from './manifests.ts'
import { OutageCount } from './outage-rules.ts'
import type { Setting } from './setting.ts'

const deadlines = { observe: 1_000, apply: 2_000 }
/** A commit that is under way and giving the lease back; nothing else may keep it. */
const endsWithin = 1_000
/** How long a pass waits for health. */
const passTimeout = 6_000

/** One program: a controller or a series of passes, that can be killed, paused and cut off from its store. */
export class Actor implements Sleeper {
  readonly pid: number
  readonly role: 'controller' | 'pass'
  readonly clock: Clock
  /** What it read of the manifests, newest last. */
  readonly readings: ReadEdition[] = []
  /** When each resource was last really read. */
  readonly lastRead = new Map<ResourceId, number>()
  /** When its newest reading of each resource began: what it decides on it rests on what people had said by then. */
  readonly readingBegan = new Map<ResourceId, number>()
  isDead = false
  /** After so many effects and commits more it is killed; undefined: it is not doomed. */
  doomedIn: number | undefined
  pausedUntil = 0
  lease: Lease | undefined
  /** When the last sign of life that reached the store was sent, and when the store last refused anything. */
  signSentAt = Number.NEGATIVE_INFINITY
  refusedAt = Number.NEGATIVE_INFINITY
  readonly hearing: Hearing
  readonly outage = new OutageCount()
  /** Whether the pass that it is at is of a selection: then it prunes nothing. */
  isNarrow = false
  readonly #setting: Setting
  readonly #random: SeededRandom
  readonly #ended = new AbortController()
  readonly #endings: (() => void)[] = []
  #hasEnded = false

  constructor(setting: Setting, pid: number) {
    this.#setting = setting
    this.hearing = new Hearing(setting)
    this.#random = setting.random.fork()
    this.pid = pid
    this.role = this.#random.isLucky(0.65) ? 'controller' : 'pass'
    this.clock = setting.time.clock({ sleeper: this, epochOffset: () => setting.wallOffset })
  }

  /** Nothing of it happens any more, and nobody is told. */
  kill(): void {
    this.isDead = true
    this.#setting.note(`kill ${this.pid}`)
    this.#end()
  }

  /** What of it must not outlive it. */
  onEnd(stop: () => void): void {
    this.#endings.push(stop)
  }

  #end(): void {
    for (const stop of this.#endings) stop()
    this.#hasEnded = true
    this.#setting.onEnd(this)
  }

  /** Counts one effect or commit more; true: it was the last one that it lives to see. */
  isDoomedNow(): boolean {
    if (this.doomedIn === undefined) return false
    this.doomedIn -= 1
    return this.doomedIn <= 0
  }

  /** It was asked to end, or has to. */
  get isStopping(): boolean {
    return this.#ended.signal.aborted
  }

  /** It is asked for an end as by SIGTERM; it has to have ended soon, whatever it waits for. */
  async stop(): Promise<void> {
    const { time, rules } = this.#setting
    this.#ended.abort(new Error('SIGTERM'))
    const at = time.now
    // Who is paused cannot hear.
    while (time.now - Math.max(at, this.pausedUntil) < endsWithin) {
      const heard = Math.max(at, this.pausedUntil)
      await time.sleep(heard + endsWithin - time.now)
    }
    rules.check(
      'a-stop-ends',
      this.#hasEnded,
      () => `${this.pid} goes on ${endsWithin} ms after it was to stop`,
    )
  }

  /** Lives until it ends by itself; a killed one never ends. */
  async live(): Promise<void> {
    const store = this.store()
    try {
      const lease = await this.#acquire(store)
      this.lease = lease
      lease.signal.addEventListener('abort', () => this.#ended.abort(lease.signal.reason), { once: true })
      await this.#work(store, lease)
    } catch (error) {
      if (this.isDead) return
      this.#mayFail(error, 'it ended')
    }
    if (this.isDead) return
    await this.lease?.release().catch(() => undefined)
    this.#setting.note(`end ${this.pid}`)
    this.#end()
  }

  /** What the engine catches and says is no fault of it, as long as the catalogue of errors has a name for it. */
  #mayFail(error: unknown, what: string): void {
    if (!this.isDead) this.#setting.note(`fault ${this.pid} ${what}: ${messageOf(error)}`)
    const isNamed = error instanceof ReconcileError && error.code !== 'Internal'
    const isTold = this.#ended.signal.aborted && error === this.#ended.signal.reason
    if (isNamed || isTold || this.isDead) return
    this.#setting.rules.violate('engine-never-breaks', `${what}: ${messageOf(error)}`)
  }

  async #acquire(store: Store): Promise<Lease> {
    const keeper = openLeaseKeeper({
      store,
      clock: this.clock,
      ttl: leaseTtl,
      isAlive: (holder): Liveness => this.#setting.livenessOf(holder.pid),
    })
    const holder: Holder = {
      pid: this.pid,
      startTime: String(this.pid),
      bootId: 'boot',
      host: 'here',
      role: this.role,
      since: this.clock.now(),
    }
    return keeper.acquire({ holder, signal: this.#ended.signal })
  }

  async #work(store: Store, lease: Lease): Promise<void> {
    const fence = watchedFence(this.#setting, this, lease)
    const ledger = openLedger({
      store,
      fleet: 'acme',
      environment: undefined,
      lease: fence,
      isKept: this.role === 'controller',
      clock: this.clock,
    })
    const world = this.#world(store.id, ledger, actorFaults(this.#setting, this, this.#random))
    if (this.role === 'controller') await this.#control(world, store, fence)
    else await this.#pass(world)
  }

  async #control(world: World, store: Store, lease: Fence): Promise<void> {
    const { manifests, weather, livenessOf } = this.#setting
    const controller = new Controller(world, {
      read: () => this.#read(),
      rereadEvery: 8_000 * manifests.calmness,
      onDeclaration: (declaration) => this.hearing.declared(declaration),
      onFault: (error, what) => this.#mayFail(error, what),
    })
    const stopListening = manifests.listen(() => {
      if (weather.strikes('event-dropped')) return
      void this.clock
        .sleep(this.#random.between(10, 400))
        .then(() => controller.reread().catch((error) => this.#mayFail(error, 'manifests not read')))
    })
    const service = new PassService({
      store,
      environment: undefined,
      lease,
      clock: this.clock,
      controller,
      pid: this.pid,
      context: () => context,
      selects: undefined,
      judgeAsker: async ({ requestedBy }) => livenessOf(requestedBy.pid),
    })
    this.onEnd(stopListening)
    try {
      await controller.run(this.#ended.signal)
    } finally {
      service.stop()
      stopListening()
    }
  }

  async #pass(world: World): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const { declaration } = await this.#readEdition()
      this.isNarrow = this.#random.isLucky(0.2)
      const selection = this.isNarrow
        ? new Set(declaration.resources.map(({ id }) => id).filter(() => this.#random.isLucky(0.5)))
        : undefined
      const isAllowed = this.#random.isLucky(0.2) && !this.#setting.weather.isCalm
      const allowedDeletions = isAllowed ? this.#random.between(1, 6) : undefined
      const begun: number[] = []
      const request = {
        declaration,
        selection,
        allowedDeletions,
        wait: this.#random.isLucky(0.7),
        timeout: passTimeout,
        listener: { round: ({ begunAt }: PassResult) => begun.push(begunAt) },
      }
      const from = this.#setting.time.now
      const allowance = { count: allowedDeletions ?? 0, from, until: Number.POSITIVE_INFINITY }
      this.#setting.rules.allowances.push(allowance)
      this.onEnd(() => this.#setting.rules.expire(allowance))
      const { first, last } = await settle(world, request, this.#ended.signal)
      this.#setting.rules.expire(allowance)
      this.#checkIndependence(first)
      this.#checkEnd(last, { end: from + passTimeout, begun })
      await this.clock.sleep(this.#random.between(100, 2_000), this.#ended.signal)
    }
  }

  /** Nothing is told without having been looked at, and when the time is over that look is all that still begins. */
  #checkEnd(
    { outcomes }: PassResult,
    { end, begun }: { readonly end: number; readonly begun: readonly number[] },
  ): void {
    const { rules } = this.#setting
    const acted = outcomes.filter(({ result }) => result !== 'superseded').map(({ id }) => id)
    rules.check('a-pass-looks-at-what-it-did', acted.length === 0, () => `${acted.join(' ')} not looked at`)
    if (this.pausedUntil > end - passTimeout) return
    const late = begun.filter((at) => at > end).length
    rules.check('a-pass-ends-in-time', late <= 1, () => `${late} rounds began after its time`)
  }

  /** Whatever failed, all that was to be done was tried. */
  #checkIndependence({ findings, outcomes }: PassResult): void {
    if (this.isStopping) return
    const tried = new Set(outcomes.map(({ id }) => id))
    const left = findings.filter(
      (finding) => isActionable(finding) && !finding.successor && !tried.has(finding.id),
    )
    const failed = outcomes.filter(({ result }) => result === 'failed' || result === 'unknown')
    if (failed.length === 0) return
    this.#setting.rules.check(
      'independent-resources-go-on',
      left.length === 0,
      () => `${left.map(({ id }) => id).join(' ')} not tried, because ${failed[0]?.id} failed`,
    )
  }

  /** A dry run by somebody who holds nothing: it must change nothing. */
  async look(): Promise<void> {
    const setting = this.#setting
    const refuse = (what: string): never => {
      setting.rules.violate('dry-run-changes-nothing', what)
      throw new Error(what)
    }
    const store: Store = { ...this.store(), commit: async () => refuse('a dry run wrote to the store') }
    const ledger = openLedger({ store, fleet: 'acme', environment: undefined, clock: this.clock })
    const faults = {
      ...actorFaults(setting, this, this.#random),
      beforeEffect: () => refuse('a dry run had an effect'),
      afterEffect: async () => undefined,
    }
    const { declaration } = setting.manifests.read()
    const request = { declaration, selection: undefined, allowedDeletions: undefined }
    try {
      await draftPass(this.#world(store.id, ledger, faults), request, this.#ended.signal)
    } catch (error) {
      this.#mayFail(error, 'a dry run')
    }
  }

  #world(storeId: string, ledger: World['ledger'], faults: ModelFaults): World {
    const model: ModelContext = { world: this.#setting.outside, clock: this.clock, faults }
    const reconcilers = new Map<string, AnyReconciler>([
      ['Model', this.#listening(modelReconciler(model))],
      ['Dispatch', this.#listening(dispatchReconciler(model))],
    ])
    const parts = { clock: this.clock, random: this.#random, ledger, reconcilers, storeId }
    const world = modelledEngineWorld({ ...parts, environment: undefined })
    // What breaks while a domain is read makes it unreadable, and is said in the log alone.
    const warn: Logger['warn'] = ({ code, error }, message) => {
      if (code === 'Internal') this.#mayFail(error, message)
    }
    return { ...world, deadlines, logger: { ...silentLogger, warn } }
  }

  /** The domain, with what it tells told to the rules as well. */
  #listening<Spec, Observed, A extends Action>(
    reconciler: Reconciler<Spec, Observed, A>,
  ): Reconciler<Spec, Observed, A> {
    const connect: typeof reconciler.connect = async (given) => {
      const connection = await reconciler.connect(given)
      return {
        ...connection,
        watch: (wake) =>
          connection.watch?.((id) => {
            this.hearing.told(id)
            this.outage.told()
            wake(id)
          }) ?? (() => undefined),
      }
    }
    return { ...reconciler, connect }
  }

  async #read(): Promise<ReadEdition['declaration']> {
    return (await this.#readEdition()).declaration
  }

  async #readEdition(): Promise<ReadEdition> {
    await this.clock.sleep(this.#random.between(0, 20))
    const { manifests, time } = this.#setting
    const read = manifests.read()
    this.readings.push(read)
    // Who was read in the middle of an edit goes on with it.
    const isInTheMiddle = read.declaration.resources.length < read.edition.resources.length
    if (isInTheMiddle) void time.sleep(this.#random.between(200, 1_500)).then(() => manifests.tell())
    return read
  }

  /** The state as this program sees it. */
  store(): Store {
    return actorStore(this.#setting, this, this.#random)
  }
}
