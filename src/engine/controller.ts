import type { Declaration } from '../core/declaration.ts'
import type { Duration } from '../core/duration.ts'
import { isErrorOf, messageOf, ReconcileError } from '../core/errors.ts'
import type { LedgerView } from '../core/ledger.ts'
import { kindOf, type Resource, type ResourceId } from '../core/resource.ts'
import { fingerprint } from './canonical.ts'
import { DomainListener } from './domain-listener.ts'
import { execute } from './execute.ts'
import { type Finding, isActionable } from './finding.ts'
import { partWithFormer, successorOf } from './former.ts'
import { findLeaning, isNews } from './news.ts'
import { isOut } from './outage.ts'
import { concludePass, type Draft, draftPass, type PassResult, recordRenames } from './pass.ts'
import { noteResult, noteVanished, PassOrder } from './pass-order.ts'
import { WorkQueue } from './queue.ts'
import { ReadingPace } from './reading-pace.ts'
import { recordOfLeftovers } from './record.ts'
import { nextVisit } from './schedule.ts'
import { Slots } from './slots.ts'
import { primariesByFallback } from './standby.ts'
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

/** What the worker of one kind works by. */
interface Lane {
  readonly kind: string
  readonly queue: WorkQueue<ResourceId>
  readonly pace: ReadingPace
  /** Monotonic ms from which on the visits of all its resources are counted. */
  readonly firstBeat: number
}

/**
 * The level-triggered controller: events only put keys on a queue, one queue a kind so that a slow domain holds
 * up no other, and every key is reconciled by reading its state anew.
 */
export class Controller {
  readonly #world: World
  readonly #options: ControllerOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #slots: Slots
  readonly #breaker: WriteBreaker
  readonly #running = new Set<Promise<void>>()
  readonly #acting = new Set<ResourceId>()
  readonly #listener: DomainListener
  /** What resources were before they were given other outside names. */
  #formers: readonly ResourceId[] = []
  readonly #ended = new AbortController()
  #declaration: Declaration | undefined
  #specs: ReadonlyMap<ResourceId, string> = new Map()
  #leaning: ReturnType<typeof findLeaning> = new Map()
  #orders: PassOrder[] = []
  #rereading: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(world: World, options: ControllerOptions) {
    this.#world = world
    this.#options = options
    const chance = () => world.random.next()
    this.#breaker = new WriteBreaker(world.clock, chance, (kind) => this.#wakeKind(kind))
    this.#listener = new DomainListener(world, (id) => this.#hear(id))
    this.#slots = new Slots(
      (kind) => this.#declaration?.fleet.concurrency[kind] ?? reconcilerOf(world, kind).defaultConcurrency,
    )
  }

  /** Works until the signal ends it; rejects where it cannot go on, such as when the lease was lost. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#ended.abort(signal.reason), { once: true })
    if (signal.aborted) this.#ended.abort(signal.reason)
    for (const kind of this.#world.reconcilers.keys()) this.#lanes.set(kind, this.#openLane(kind))
    await this.reread()
    this.#track(this.#rereadRegularly())
    for (const lane of this.#lanes.values()) this.#track(this.#work(lane))
    await new Promise<void>((resolve) => {
      if (this.#ended.signal.aborted) resolve()
      else this.#ended.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#listener.stop()
    for (const { queue, pace } of this.#lanes.values()) {
      queue.close()
      pace.close()
    }
    for (const order of this.#orders) order.end()
    while (this.#running.size > 0) await Promise.allSettled([...this.#running])
    if (this.#failure !== undefined) throw this.#failure
  }

  #openLane(kind: string): Lane {
    const { clock, random } = this.#world
    const chance = () => random.next()
    const firstBeat = clock.monotonic() - chance() * reconcilerOf(this.#world, kind).defaultInterval
    return { kind, queue: new WorkQueue(clock, chance), pace: new ReadingPace(clock, chance), firstBeat }
  }

  /** Reads the manifests and wakes what changed in them. Calls while one runs merge into one more reading. */
  reread(): Promise<void> {
    const next = this.#rereading.then(() => this.#rereadOnce())
    this.#rereading = next.catch(() => undefined)
    return next
  }

  /** Wakes resources, such as after `resume`; undefined: all. */
  wake(ids?: Iterable<ResourceId>): void {
    for (const id of ids ?? this.#declaration?.resources.map((resource) => resource.id) ?? []) this.#heed(id)
  }

  /** A pass over some or all resources, on behalf of somebody who waits; ends when they have settled. */
  async orderPass(request: {
    readonly selection: ReadonlySet<ResourceId> | undefined
    readonly allowedDeletions: number | undefined
  }): Promise<PassOrder> {
    await this.reread()
    const view = await this.#load()
    const declared = this.#declaration?.resources.map((resource) => resource.id) ?? []
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
    const primaries = primariesByFallback(declaration.resources)
    const specs = new Map(
      declaration.resources.map((resource) => [
        resource.id,
        this.#hash(resource, primaries.get(resource.id) ?? []),
      ]),
    )
    const before = this.#specs
    const isJudgedAnew = this.#declaration?.judge?.fingerprint !== declaration.judge?.fingerprint
    this.#declaration = declaration
    this.#specs = specs
    this.#leaning = findLeaning(declaration.resources)
    this.#options.onDeclaration?.(declaration)
    const changes = [...specs].filter(([id, hash]) => isJudgedAnew || before.get(id) !== hash)
    const changed = new Set(changes.map(([id]) => id))
    for (const id of changed) this.#heed(id)
    void this.#listener.listenTo(new Set(declaration.resources.map(({ kind }) => kind)))
    for (const resource of declaration.resources) {
      const leans = [...resource.controls.dependsOn, ...resource.controls.fallback]
      if (leans.some((id) => changed.has(id))) this.#add(resource.id)
    }
    if (!declaration.isWhole) return
    const view = await this.#load()
    for (const id of view.inventory.keys()) if (!specs.has(id)) this.#add(id)
    const mayForget = declaration.isComplete && declaration.resources.length > 0
    if (declaration.isComplete)
      void this.#listener.retain(new Set([...specs.keys(), ...view.inventory.keys()]))
    const leftovers = mayForget ? recordOfLeftovers(declaration, view) : []
    if (leftovers.length > 0) await this.#world.ledger.commit(leftovers)
  }

  /** The memory, with what has another outside name by now under an id of its own. */
  async #load(): Promise<LedgerView> {
    const stored = await this.#world.ledger.load()
    const resources = this.#declaration?.resources ?? []
    const isBusy = (id: ResourceId) => this.#acting.has(id)
    return partWithFormer(this.#world, { resources }, stored, { now: 0, kind: undefined, isBusy }).view
  }

  /** Of everything that decides what becomes of it: a fallback is another thing as soon as somebody names it. */
  #hash(resource: Resource, primaries: readonly Resource[]): string {
    const reconciler = reconcilerOf(this.#world, resource.kind)
    const is = [reconciler.externalName(resource), reconciler.fields(resource)]
    return fingerprint([is, resource.controls, resource.unresolved, primaries.map(({ id }) => id)])
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
    this.#lanes.get(kindOf(id))?.queue.add(id)
  }

  #selects(id: ResourceId): boolean {
    return this.#options.selects?.(id) ?? true
  }

  /** Adds what its domain told of, which is a sign that it can be read. */
  #hear(id: ResourceId): void {
    this.#add(id)
    this.#lanes.get(kindOf(id))?.pace.hurry()
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

  /** One kind's worker: takes what is ready, decides all of it on one reading, acts on each by itself. */
  async #work(lane: Lane): Promise<void> {
    const { queue, pace } = lane
    for (;;) {
      await pace.turn(this.#longestWait(lane))
      const batch = await queue.take()
      if (batch.length === 0) return
      try {
        await this.#reconcile(lane, batch)
      } catch (error) {
        if (this.#ended.signal.aborted) return
        this.#survive(error, 'a pass failed')
        for (const id of batch) queue.done(id)
        queue.retry(...batch)
      }
    }
  }

  /** Its return is not noticed later than anything else is. */
  #longestWait({ kind }: Lane): Duration {
    return this.#declaration?.fleet.intervals[kind] ?? reconcilerOf(this.#world, kind).defaultInterval
  }

  async #reconcile(lane: Lane, batch: readonly ResourceId[]): Promise<void> {
    const { kind, queue } = lane
    const declaration = this.#declaration
    if (!declaration) return
    // Who asks while this one is under way is answered by the next one.
    const orders = [...this.#orders]
    // Taken before anything is read: what ends while this reads is not in what was read.
    const busy = new Set(this.#acting)
    const draft = await draftPass(
      this.#world,
      {
        declaration,
        selection: new Set(batch),
        // All that is to go is decided together, or a wave of deletions would pass the limit one by one.
        prune: declaration.isWhole && batch.some((id) => !this.#specs.has(id)),
        kind,
        // Who looks after a part is told by nobody how the rest is.
        readDependencies: this.#options.selects !== undefined,
        allowedDeletions: this.#allowedDeletions(),
        breaker: this.#breaker,
        isBusy: (id) => busy.has(id) || this.#acting.has(id),
      },
      this.#ended.signal,
    )
    await recordRenames(this.#world, draft)
    this.#formers = [...draft.view.inventory.keys()].filter((id) => successorOf(id) !== undefined)
    for (const entry of draft.renames) if (entry.type === 'own') this.#add(entry.owned.id)
    const mine = new Set(batch)
    const due = draft.findings.filter((finding) => mine.has(finding.id) && isActionable(finding))
    const dueIds = new Set(due.map(({ id }) => id))
    // What makes room for another goes after that one has come, which wakes it.
    const makesRoom = ({ successor }: Finding) => successor !== undefined && dueIds.has(successor.id)
    const acting = due.filter((finding) => !makesRoom(finding))
    for (const finding of due.filter(makesRoom)) queue.done(finding.id)
    const resting = draft.findings.filter((finding) => mine.has(finding.id) && !isActionable(finding))
    const concluded = { findings: resting, outcomes: [], isFirst: true }
    const result = await concludePass(this.#world, draft, concluded)
    this.#report(result, orders)
    const isUnreachable = draft.findings.length > 0 && draft.findings.every(isOut)
    if (isUnreachable) this.#await(lane, result)
    else this.#rest(lane, result)
    const found = new Set(draft.findings.map(({ id }) => id))
    const vanished = batch.filter((id) => !found.has(id))
    for (const id of vanished) queue.done(id)
    noteVanished(orders, vanished)
    // What is over the deletion limit was counted with keys that others hold; those wake by themselves.
    for (const finding of acting) this.#track(this.#act(lane, { draft, finding, orders }))
  }

  #allowedDeletions(): number | undefined {
    const allowed = [
      this.#options.allowedDeletions,
      ...this.#orders.map((order) => order.allowedDeletions),
    ].filter((count) => count !== undefined)
    return allowed.length === 0 ? undefined : Math.max(...allowed)
  }

  /** Acts on one resource while the worker goes on, then looks at it again at once to confirm. */
  async #act(
    { kind, queue }: Lane,
    decided: { readonly draft: Draft; readonly finding: Finding; readonly orders: readonly PassOrder[] },
  ): Promise<void> {
    const { draft, finding, orders } = decided
    this.#acting.add(finding.id)
    try {
      const isStillDue = (due: Finding) => this.#isStillDue(due)
      const options = { slots: this.#slots, breaker: this.#breaker, isStillDue, pausesInRoutine: true }
      const { signal } = this.#ended
      const outcomes = await execute(this.#world, [finding], options, signal)
      const isNothingDone = outcomes.every((outcome) => outcome.result === 'superseded')
      if (isNothingDone && this.#breaker.isOpen(kind)) {
        // Its domain refused everything before its turn came; the next pass holds it, with all others in one reading.
        queue.done(finding.id)
        queue.add(finding.id)
        return
      }
      const result = await concludePass(this.#world, draft, {
        findings: [finding],
        outcomes,
        isFirst: false,
      })
      this.#report(result, orders)
      queue.done(finding.id)
      // Two readings that contradict each other must not make it spin.
      if (isNothingDone) queue.retry(finding.id)
      else queue.add(finding.id)
    } catch (error) {
      queue.done(finding.id)
      if (this.#ended.signal.aborted) return
      this.#survive(error, 'an action could not be carried through')
      queue.retry(finding.id)
    } finally {
      this.#acting.delete(finding.id)
      // They waited for its end, whatever that was.
      this.#wakeRelated(finding.id)
    }
  }

  /** What waited for its turn while the manifests changed is not deleted by what they said before. */
  #isStillDue({ id, desired, owned }: Finding): boolean {
    if (desired) return true
    if (this.#declaration?.isComplete !== true || this.#specs.has(id)) return false
    const { externalName } = reconcilerOf(this.#world, kindOf(id))
    const namesakes = this.#declaration.resources.filter(
      (resource) => resource.kind === kindOf(id) && externalName(resource) === owned?.externalName,
    )
    return namesakes.length === 0
  }

  /** Nothing is done now with what was found; each is looked at again when it may have changed. */
  #rest({ queue, pace, firstBeat }: Lane, result: PassResult): void {
    pace.succeeded()
    const { fleet } = result.declaration
    const sinceFirstBeat = this.#world.clock.monotonic() - firstBeat
    for (const finding of result.findings) {
      queue.done(finding.id)
      const state = result.states.get(finding.id)
      if (!state) continue
      if (finding.reading.type !== 'unreadable') queue.forget(finding.id)
      const isGone = !finding.desired && finding.actions.length === 0 && result.mayForget
      const context = { fleet, state, view: result.view, now: result.now, sinceFirstBeat }
      if (!isGone) queue.addAfter(finding.id, nextVisit(this.#world, finding, context))
      if (isNews(finding, state, result.now)) this.#wakeRelated(finding.id)
    }
    const unread = result.findings.filter(({ reading }) => reading.type === 'unreadable')
    queue.retry(...unread.map(({ id }) => id))
  }

  /** The whole domain is out: all that is declared of it waits for the one reading that finds it again. */
  #await({ kind, queue, pace }: Lane, result: PassResult): void {
    pace.failed()
    for (const finding of result.findings) {
      queue.done(finding.id)
      queue.add(finding.id)
      const state = result.states.get(finding.id)
      if (state && isNews(finding, state, result.now)) this.#wakeRelated(finding.id)
    }
    this.#wakeKind(kind)
  }

  #wakeKind(kind: string): void {
    for (const resource of this.#declaration?.resources ?? []) {
      if (resource.kind === kind) this.#add(resource.id)
    }
  }

  /** Dependants, fallbacks and what it was called before decide anew when what they lean on has changed. */
  #wakeRelated(id: ResourceId): void {
    for (const former of this.#formers) if (successorOf(former) === id) this.#add(former)
    for (const leaning of this.#leaning.get(id) ?? []) this.#add(leaning)
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
