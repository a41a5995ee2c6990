import type { Clock } from '../../src/core/clock.ts'
import { messageOf, ReconcileError } from '../../src/core/errors.ts'
import { type Logger, silentLogger } from '../../src/core/logger.ts'
import type { AnyReconciler } from '../../src/core/reconciler.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import type { Store, StoreWrite } from '../../src/core/store.ts'
import { Controller } from '../../src/engine/controller.ts'
import { draftPass } from '../../src/engine/pass.ts'
import { settle } from '../../src/engine/settle.ts'
import type { World } from '../../src/engine/world.ts'
import type { Holder, Liveness } from '../../src/state/holder.ts'
import { type Lease, openLeaseKeeper } from '../../src/state/lease.ts'
import { openLedger } from '../../src/state/ledger.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import type { ModelContext } from '../support/model-context.ts'
import type { ModelFaults } from '../support/model-faults.ts'
import { dispatchReconciler } from '../support/modelled-dispatch.ts'
import { modelReconciler } from '../support/modelled-domain.ts'
import { modelledEngineWorld } from '../support/modelled-fleet.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { Sleeper } from '../support/simulated-clock.ts'
import { actorFaults, never } from './actor-faults.ts'
import type { ReadEdition } from './manifests.ts'
import type { Setting } from './setting.ts'

const leaseTtl = 4_000
const deadlines = { observe: 1_000, apply: 2_000 }

/** One program: a controller or a series of passes, that can be killed, paused and cut off from its store. */
export class Actor implements Sleeper {
  readonly pid: number
  readonly role: 'controller' | 'pass'
  readonly clock: Clock
  /** What it read of the manifests, newest last. */
  readonly readings: ReadEdition[] = []
  /** When each resource was last really read. */
  readonly lastRead = new Map<ResourceId, number>()
  isDead = false
  /** After so many effects and commits more it is killed; undefined: it is not doomed. */
  doomedIn: number | undefined
  pausedUntil = 0
  lease: Lease | undefined
  /** Whether the pass that it is at is of a selection: then it prunes nothing. */
  isNarrow = false
  readonly #setting: Setting
  readonly #random: SeededRandom
  readonly #ended = new AbortController()

  constructor(setting: Setting, pid: number) {
    this.#setting = setting
    this.#random = setting.random.fork()
    this.pid = pid
    this.role = this.#random.isLucky(0.65) ? 'controller' : 'pass'
    this.clock = setting.time.clock({ sleeper: this, epochOffset: () => setting.wallOffset })
  }

  /** Nothing of it happens any more, and nobody is told. */
  kill(): void {
    this.isDead = true
    this.#setting.note(`kill ${this.pid}`)
    this.#setting.onEnd(this)
  }

  /** Counts one effect or commit more; true: it was the last one that it lives to see. */
  isDoomedNow(): boolean {
    if (this.doomedIn === undefined) return false
    this.doomedIn -= 1
    return this.doomedIn <= 0
  }

  /** It asks for an end as SIGTERM does. */
  stop(): void {
    this.#ended.abort(new Error('SIGTERM'))
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
    this.#setting.onEnd(this)
  }

  /** What the engine catches and says is no fault of it, as long as the catalogue of errors has a name for it. */
  #mayFail(error: unknown, what: string): void {
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
    const ledger = openLedger({ store, fleet: 'acme', environment: undefined, lease, clock: this.clock })
    const world = this.#world(store.id, ledger, actorFaults(this.#setting, this, this.#random))
    if (this.role === 'controller') await this.#control(world)
    else await this.#pass(world)
  }

  async #control(world: World): Promise<void> {
    const controller = new Controller(world, {
      read: () => this.#read(),
      rereadEvery: 8_000,
      onFault: (error, what) => this.#mayFail(error, what),
    })
    const stopListening = this.#setting.manifests.listen(() => {
      void this.clock
        .sleep(this.#random.between(10, 400))
        .then(() => controller.reread().catch((error) => this.#mayFail(error, 'manifests not read')))
    })
    try {
      await controller.run(this.#ended.signal)
    } finally {
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
      const request = {
        declaration,
        selection,
        allowedDeletions: undefined,
        wait: this.#random.isLucky(0.7),
        timeout: 6_000,
      }
      await settle(world, request, this.#ended.signal)
      await this.clock.sleep(this.#random.between(100, 2_000), this.#ended.signal)
    }
  }

  /** A dry run by somebody who holds nothing: it must change nothing. */
  async look(): Promise<void> {
    const { setting } = { setting: this.#setting }
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
    const context: ModelContext = { world: this.#setting.outside, clock: this.clock, faults }
    const reconcilers = new Map<string, AnyReconciler>([
      ['Model', modelReconciler(context)],
      ['Dispatch', dispatchReconciler(context)],
    ])
    const parts = { clock: this.clock, random: this.#random, ledger, reconcilers, storeId }
    const world = modelledEngineWorld({ ...parts, environment: undefined })
    // What breaks while a domain is read makes it unreadable, and is said in the log alone.
    const warn: Logger['warn'] = ({ code, error }, message) => {
      if (code === 'Internal') this.#mayFail(error, message)
    }
    return { ...world, deadlines, logger: { ...silentLogger, warn } }
  }

  async #read(): Promise<ReadEdition['declaration']> {
    return (await this.#readEdition()).declaration
  }

  async #readEdition(): Promise<ReadEdition> {
    await this.clock.sleep(this.#random.between(0, 20))
    const read = this.#setting.manifests.read()
    this.readings.push(read)
    return read
  }

  /** The state as this program sees it: what it may not do any more never comes back. */
  store(): Store {
    const setting = this.#setting
    const real = openMemoryStore(setting.disk)
    const enter = async (): Promise<void> => {
      if (this.isDead) await never()
      if (this.pausedUntil > setting.time.now) await setting.time.sleep(0, undefined, this)
      if (setting.time.now < setting.storeUnreadableUntil) {
        throw new ReconcileError('StoreUnavailable', 'the state cannot be opened')
      }
      if (setting.weather.strikes('store-unreadable')) {
        setting.storeUnreadableUntil = setting.time.now + 1_500
        throw new ReconcileError('StoreUnavailable', 'the state cannot be opened')
      }
    }
    return {
      ...real,
      async get(key) {
        await enter()
        return real.get(key)
      },
      async list(query) {
        await enter()
        return real.list(query)
      },
      commit: async (writes, preconditions = []) => {
        await enter()
        if (this.#random.isLucky(0.2)) await this.clock.sleep(this.#random.between(1, 60))
        if (this.isDead) await never()
        refuseSometimes(setting)
        const revision = await real.commit(writes, preconditions)
        if (writes.length > 0) this.#afterCommit(writes)
        if (this.isDead) await never()
        return revision
      },
    }
  }

  #afterCommit(writes: readonly StoreWrite[]): void {
    const setting = this.#setting
    setting.rules.afterCommit(this, writes)
    setting.note(`commit ${this.pid} ${writes.map((write) => describeWrite(setting, write)).join(' ')}`)
    if (this.isDoomedNow() || setting.weather.strikes('kill-after-commit')) this.kill()
  }
}

/** One write in the trace: what a person who replays a run wants to see of it. */
function describeWrite(setting: Setting, { type, collection, key }: StoreWrite): string {
  const state = collection === 'resource-state' ? setting.rules.shadow.states.get(key.slice(1)) : undefined
  if (state) {
    const { status, recovery } = state
    return `${key.slice(1)}=${status.health}:${status.reason}:${recovery.attempts}`
  }
  if (collection.startsWith('event') || collection.startsWith('sample')) return collection
  return `${type} ${collection} ${key.slice(1)}`
}

function refuseSometimes(setting: Setting): void {
  if (setting.time.now < setting.storeFullUntil) throw new ReconcileError('StoreFull', 'no room')
  if (setting.weather.strikes('store-full')) {
    setting.storeFullUntil = setting.time.now + 2_000
    throw new ReconcileError('StoreFull', 'no room')
  }
  if (setting.weather.strikes('store-busy')) throw new ReconcileError('StoreBusy', 'locked')
}
