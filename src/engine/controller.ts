import type { Declaration } from '../core/declaration.ts'
import type { Duration } from '../core/duration.ts'
import { isErrorOf, messageOf, ReconcileError } from '../core/errors.ts'
import type { LedgerView } from '../core/ledger.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import { Declared } from './declared.ts'
import { DomainListener } from './domain-listener.ts'
import { partWithFormer, successorOf } from './former.ts'
import { Lane } from './lane.ts'
import type { PassResult } from './pass.ts'
import { noteResult, PassOrder } from './pass-order.ts'
import { recordOfLeftovers } from './record.ts'
import { Slots } from './slots.ts'
import { reconcilerOf, type World } from './world.ts'
import { WriteBreaker } from './write-breaker.ts'

export interface ControllerOptions {
  /** Reads the manifests anew; never rejects for a bad manifest, which is a diagnostic. */
  readonly read: () => Promise<Declaration>
  /** Told of each reading of the manifests. */
  readonly onDeclaration?: (declaration: Declaration) => void
  /** Told of everything that was concluded. */
  readonly onPass?: (result: PassResult) => void
  /** Told of what failed and is tried again; `what` is a constant sentence. */
  readonly onFault?: (error: unknown, what: string) => void
  /** What it looks after, of what is declared; what it does not is never touched, and nothing is pruned. Default: all. */
  readonly selects?: (id: ResourceId) => boolean
  /** So many deletions may happen at once although the fleet's limit is lower. Default: none more. */
  readonly allowedDeletions?: number
  /** Manifests are read again this often although nothing said so: file events may be lost. Default 5 min. */
  readonly rereadEvery?: Duration
}

const defaultReread: Duration = 300_000

/**
 * The level-triggered controller: events only put keys on a queue, one queue a kind so that a slow domain holds
 * up no other, and every key is reconciled by reading its state anew. It knows what is declared, who waits for what and
 * whom to wake; the lanes do the work.
 */
export class Controller {
  readonly #world: World
  readonly #options: ControllerOptions
  readonly #declared: Declared
  readonly #lanes = new Map<string, Lane>()
  readonly #slots: Slots
  readonly #breaker: WriteBreaker
  readonly #running = new Set<Promise<void>>()
  readonly #acting = new Map<ResourceId, string | undefined>()
  readonly #listener: DomainListener
  /** What the fleet owned when the memory was read last. */
  #owned: readonly ResourceId[] = []
  /** What resources were before they were given other outside names, by what they are now. */
  #formers: ReadonlyMap<ResourceId | undefined, readonly ResourceId[]> = new Map()
  readonly #ended = new AbortController()
  #orders: PassOrder[] = []
  #rereading: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(world: World, options: ControllerOptions) {
    this.#world = world
    this.#options = options
    this.#declared = new Declared(world)
    const chance = () => world.random.next()
    this.#breaker = new WriteBreaker(world.clock, chance, (kind) => this.#wakeKind(kind))
    this.#listener = new DomainListener(world, (id) => this.#hear(id))
    this.#slots = new Slots(
      (kind) =>
        this.#declared.declaration?.fleet.concurrency[kind] ?? reconcilerOf(world, kind).defaultConcurrency,
    )
  }

  /** Works until the signal ends it; rejects where it cannot go on, such as when the lease was lost. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#ended.abort(signal.reason), { once: true })
    if (signal.aborted) this.#ended.abort(signal.reason)
    for (const kind of this.#world.reconcilers.keys()) this.#lanes.set(kind, this.#openLane(kind))
    await this.reread()
    this.#track(this.#rereadRegularly())
    for (const lane of this.#lanes.values()) this.#track(lane.work())
    await new Promise<void>((resolve) => {
      if (this.#ended.signal.aborted) resolve()
      else this.#ended.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#listener.stop()
    for (const lane of this.#lanes.values()) lane.close()
    for (const order of this.#orders) order.end()
    while (this.#running.size > 0) await Promise.allSettled([...this.#running])
    if (this.#failure !== undefined) throw this.#failure
  }

  #openLane(kind: string): Lane {
    return new Lane(kind, {
      world: this.#world,
      declared: this.#declared,
      slots: this.#slots,
      breaker: this.#breaker,
      acting: this.#acting,
      isPart: this.#options.selects !== undefined,
      orders: () => this.#orders,
      allowedDeletions: () => this.#allowedDeletions(),
      add: (id) => this.#add(id),
      wakeKind: (other) => this.#wakeKind(other),
      wakeRelated: (id) => this.#wakeRelated(id),
      noteInventory: (inventory) => {
        this.#owned = [...inventory.keys()]
        this.#formers = Map.groupBy(this.#owned, successorOf)
      },
      report: (result, orders) => this.#report(result, orders),
      survive: (error, what) => this.#survive(error, what),
      track: (work) => this.#track(work),
      signal: this.#ended.signal,
    })
  }

  /** Reads the manifests and wakes what changed in them. Calls while one runs merge into one more reading. */
  reread(): Promise<void> {
    const next = this.#rereading.then(() => this.#rereadOnce())
    this.#rereading = next.catch(() => undefined)
    return next
  }

  /** Wakes resources, such as after `resume`; undefined: all, what is no longer declared as well. */
  wake(ids?: Iterable<ResourceId>): void {
    for (const id of ids ?? new Set([...this.#declared.ids(), ...this.#owned])) this.#heed(id)
  }

  /** A pass over some or all resources, on behalf of somebody who waits; ends when they have settled. */
  async orderPass(request: {
    readonly selection: ReadonlySet<ResourceId> | undefined
    readonly allowedDeletions: number | undefined
  }): Promise<PassOrder> {
    await this.reread()
    const view = await this.#load()
    const declared = [...this.#declared.ids()]
    const known = new Set(declared)
    const undeclared = request.selection ? [] : [...view.inventory.keys()].filter((id) => !known.has(id))
    const asked = declared.filter((id) => !request.selection || request.selection.has(id))
    const ids = [...asked, ...undeclared].filter((id) => this.#selects(id))
    // A selection deletes nothing, so what it allows is for nobody.
    const order = new PassOrder(ids, request.selection ? undefined : request.allowedDeletions)
    this.#orders.push(order)
    void order.settled.then(() => {
      this.#orders = this.#orders.filter((other) => other !== order)
    })
    for (const id of ids) this.#heed(id)
    return order
  }

  async #rereadOnce(): Promise<void> {
    const declaration = await this.#options.read()
    const changed = this.#declared.take(declaration)
    this.#options.onDeclaration?.(declaration)
    for (const id of changed) this.#heed(id)
    void this.#listener.listenTo(new Set(declaration.resources.map(({ kind }) => kind)))
    for (const resource of declaration.resources) {
      const leans = [...resource.controls.dependsOn, ...resource.controls.fallback]
      if (leans.some((id) => changed.has(id))) this.#add(resource.id)
    }
    if (!declaration.isWhole) return
    const view = await this.#load()
    for (const id of view.inventory.keys()) if (!this.#declared.has(id)) this.#add(id)
    const mayForget = declaration.isComplete && declaration.resources.length > 0
    if (declaration.isComplete)
      void this.#listener.retain(new Set([...this.#declared.ids(), ...view.inventory.keys()]))
    const leftovers = mayForget ? recordOfLeftovers(declaration, view) : []
    if (leftovers.length > 0) await this.#world.ledger.commit(leftovers)
  }

  /** The memory, with what has another outside name by now under an id of its own. */
  async #load(): Promise<LedgerView> {
    const stored = await this.#world.ledger.load()
    const { resources } = this.#declared
    const isBusy = (id: ResourceId) => this.#acting.has(id)
    return partWithFormer(this.#world, { resources }, stored, { now: 0, kind: undefined, isBusy }).view
  }

  async #rereadRegularly(): Promise<void> {
    const every = this.#options.rereadEvery ?? defaultReread
    while (!this.#ended.signal.aborted) {
      try {
        await this.#world.clock.sleep(every, this.#ended.signal)
        await this.reread()
      } catch (error) {
        if (!this.#ended.signal.aborted) this.#survive(error, 'manifests could not be read again')
      }
    }
  }

  #add(id: ResourceId): void {
    if (!this.#selects(id)) return
    this.#lanes.get(kindOf(id))?.add(id)
  }

  #selects(id: ResourceId): boolean {
    return this.#options.selects?.(id) ?? true
  }

  /** Adds what its domain told of, which is a sign that it can be read. */
  #hear(id: ResourceId): void {
    this.#add(id)
    this.#lanes.get(kindOf(id))?.hurry()
  }

  /** Adds what a person spoke of or changed: he may have mended what was out, or waits for an answer. */
  #heed(id: ResourceId): void {
    this.#hear(id)
    this.#breaker.hurry(kindOf(id))
  }

  #track(work: Promise<void>): void {
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work))
  }

  #allowedDeletions(): number | undefined {
    const allowed = [
      this.#options.allowedDeletions,
      ...this.#orders.map((order) => order.allowedDeletions),
    ].filter((count) => count !== undefined)
    return allowed.length === 0 ? undefined : Math.max(...allowed)
  }

  #wakeKind(kind: string): void {
    for (const { id } of this.#declared.ofKind(kind)) this.#add(id)
  }

  #wakeRelated(id: ResourceId): void {
    for (const former of this.#formers.get(id) ?? []) this.#add(former)
    for (const leaning of this.#declared.leaningOn(id)) this.#add(leaning)
  }

  #report(result: PassResult, orders: readonly PassOrder[]): void {
    if (result.findings.length > 0) this.#options.onPass?.(result)
    for (const id of noteResult(orders, result, this.#world.clock.now())) this.#add(id)
  }

  /** A lost lease or store ends the controller; anything else is said, and tried again at the queue's pace. */
  #survive(error: unknown, message: string): void {
    if (endsEverything(error)) {
      this.#failure = error
      this.#ended.abort(error)
      return
    }
    this.#world.logger.error({ error: messageOf(error) }, message)
    this.#options.onFault?.(error, message)
  }
}

/** Without the lease nothing may be done, and without a store that can be trusted nothing should be. */
function endsEverything(error: unknown): boolean {
  return (
    isErrorOf(error, 'LeaseLost') ||
    (error instanceof ReconcileError && error.code.startsWith('Store') && error.next === 'person')
  )
}
