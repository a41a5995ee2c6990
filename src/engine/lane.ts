import type { Declaration } from '../core/declaration.ts'
import type { Duration } from '../core/duration.ts'
import type { LedgerView } from '../core/ledger.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import type { Declared } from './declared.ts'
import { execute } from './execute.ts'
import { type Finding, isActionable } from './finding.ts'
import { isNews } from './news.ts'
import { isOut } from './outage.ts'
import { externalNameOf } from './pair.ts'
import { concludePass, type Draft, draftPass, type PassResult, recordRenames } from './pass.ts'
import { noteVanished, type PassOrder } from './pass-order.ts'
import { WorkQueue } from './queue.ts'
import { ReadingPace } from './reading-pace.ts'
import { recordOfLeftovers } from './record.ts'
import { nextVisit } from './schedule.ts'
import type { Slots } from './slots.ts'
import { reconcilerOf, type World } from './world.ts'
import type { WriteBreaker } from './write-breaker.ts'

/** What the lanes of one controller have in common. */
export interface Road {
  readonly world: World
  readonly declared: Declared
  readonly slots: Slots
  readonly breaker: WriteBreaker
  /** On what somebody acts at the moment, of whatever kind, with its outside name. */
  readonly acting: Map<ResourceId, string | undefined>
  /** Whether it looks after a part of what is declared: then nobody tells it how the rest is. */
  readonly isPart: boolean
  /** The passes that people wait for. */
  orders(): readonly PassOrder[]
  /** So many deletions may happen at once although the fleet's limit is lower; undefined: none more. */
  allowedDeletions(): number | undefined
  /** Adds a key to the lane of its kind. */
  add(id: ResourceId): void
  wakeKind(kind: string): void
  /** Dependants, fallbacks and what it was called before decide anew when what they lean on has changed. */
  wakeRelated(id: ResourceId): void
  noteInventory(inventory: LedgerView['inventory']): void
  report(result: PassResult, orders: readonly PassOrder[]): void
  /** Says what failed, or ends everything where it must. */
  survive(error: unknown, what: string): void
  /** The end of everything waits for it. */
  track(work: Promise<void>): void
  /** Aborted at the end of everything. */
  readonly signal: AbortSignal
}

/**
 * One kind's worker with its queue: takes what is ready, decides all of it on one reading, acts on each by itself, and
 * knows when each is to be looked at again.
 */
export class Lane {
  readonly #kind: string
  readonly #road: Road
  readonly #queue: WorkQueue<ResourceId>
  readonly #pace: ReadingPace
  /** What waits until nobody acts any more on its thing under another id, by that id. */
  readonly #waiting = new Map<ResourceId, ResourceId>()
  /** Monotonic ms from which on the visits of all its resources are counted. */
  readonly #firstBeat: number

  constructor(kind: string, road: Road) {
    const { clock, random } = road.world
    const chance = () => random.next()
    this.#kind = kind
    this.#road = road
    this.#firstBeat = clock.monotonic() - chance() * reconcilerOf(road.world, kind).defaultInterval
    this.#queue = new WorkQueue(clock, chance)
    this.#pace = new ReadingPace(clock, chance)
  }

  add(id: ResourceId): void {
    this.#queue.add(id)
  }

  /** There is a sign that its domain can be read, or somebody waits for an answer. */
  hurry(): void {
    this.#pace.hurry()
  }

  /** Works until it is closed, or everything ends. */
  async work(): Promise<void> {
    for (;;) {
      await this.#pace.turn(this.#longestWait())
      const batch = await this.#queue.take()
      if (batch.length === 0) return
      try {
        await this.#reconcile(batch)
      } catch (error) {
        if (this.#road.signal.aborted) return
        this.#road.survive(error, 'a pass failed')
        for (const id of batch) this.#queue.done(id)
        this.#queue.retry(...batch)
      }
    }
  }

  close(): void {
    this.#queue.close()
    this.#pace.close()
  }

  /** Its return is not noticed later than anything else is. */
  #longestWait(): Duration {
    const { declared, world } = this.#road
    return (
      declared.declaration?.fleet.intervals[this.#kind] ?? reconcilerOf(world, this.#kind).defaultInterval
    )
  }

  async #reconcile(batch: readonly ResourceId[]): Promise<void> {
    const { world, declared } = this.#road
    const { declaration } = declared
    if (!declaration) return
    // Who asks while this one is under way is answered by the next one.
    const orders = [...this.#road.orders()]
    // Taken before anything is read: what ends while this reads is not in what was read.
    const busy = new Map(this.#road.acting)
    const draft = await this.#draft(declaration, batch, busy)
    await recordRenames(world, draft)
    this.#road.noteInventory(draft.view.inventory)
    for (const entry of draft.renames) if (entry.type === 'own') this.#road.add(entry.owned.id)
    const mine = new Set(batch)
    const found = draft.findings.filter((finding) => mine.has(finding.id))
    const due = found.filter(isActionable)
    const dueIds = new Set(due.map(({ id }) => id))
    // What makes room for another goes after that one has come, which wakes it.
    const makesRoom = ({ successor }: Finding) => successor !== undefined && dueIds.has(successor.id)
    const actedOn = this.#awaitOthers(found, busy)
    const acting = due.filter((finding) => !makesRoom(finding) && !actedOn.has(finding))
    const waits = (finding: Finding) => makesRoom(finding) && !actedOn.has(finding)
    for (const finding of due.filter(waits)) this.#queue.done(finding.id)
    const resting = found.filter((finding) => !isActionable(finding) && !actedOn.has(finding))
    const concluded = { findings: resting, outcomes: [], isFirst: true }
    const result = await concludePass(world, draft, concluded)
    this.#road.report(result, orders)
    const isUnreachable = draft.findings.length > 0 && draft.findings.every(isOut)
    if (isUnreachable) this.#await(result)
    else this.#rest(result)
    const judged = new Set(draft.findings.map(({ id }) => id))
    const vanished = batch.filter((id) => !judged.has(id))
    await this.#forget(vanished, draft)
    for (const id of vanished) this.#queue.done(id)
    noteVanished(orders, vanished)
    // What is over the deletion limit was counted with keys that others hold; those wake by themselves.
    for (const finding of acting) this.#road.track(this.#act({ draft, finding, orders }))
  }

  /**
   * Lets wait what somebody acts on under another id, which it had a moment ago, or did while this was read: neither is it
   * acted upon, nor is anything written down of it that the other's end has overtaken. His end wakes it.
   */
  #awaitOthers(
    found: readonly Finding[],
    busy: ReadonlyMap<ResourceId, string | undefined>,
  ): ReadonlySet<Finding> {
    const { acting, world } = this.#road
    const ofKind = [...busy, ...acting].filter(([id]) => kindOf(id) === this.#kind)
    const byName = new Map(ofKind.map(([id, name]) => [name, id]))
    const waiting = new Set<Finding>()
    for (const finding of found) {
      const other = byName.get(externalNameOf(world, finding.desired, finding.owned))
      if (other === undefined || other === finding.id) continue
      waiting.add(finding)
      this.#queue.done(finding.id)
      if (acting.has(other)) this.#waiting.set(other, finding.id)
      else this.#queue.add(finding.id)
    }
    return waiting
  }

  /** What was judged while it went from the manifests left a state behind after all others of its sort were forgotten. */
  async #forget(vanished: readonly ResourceId[], draft: Draft): Promise<void> {
    const { declaration, view, mayForget } = draft
    if (!mayForget || !declaration.isWhole) return
    const leftovers = recordOfLeftovers(declaration, view, vanished)
    if (leftovers.length > 0) await this.#road.world.ledger.commit(leftovers)
  }

  #draft(
    declaration: Declaration,
    batch: readonly ResourceId[],
    busy: ReadonlyMap<ResourceId, string | undefined>,
  ): Promise<Draft> {
    const { world, declared, acting, breaker, isPart, signal } = this.#road
    const request = {
      declaration,
      selection: new Set(batch),
      // All that is to go is decided together, or a wave of deletions would pass the limit one by one.
      prune: declaration.isWhole && batch.some((id) => !declared.has(id)),
      kind: this.#kind,
      readDependencies: isPart,
      allowedDeletions: this.#road.allowedDeletions(),
      breaker,
      isBusy: (id: ResourceId) => busy.has(id) || acting.has(id),
    }
    return draftPass(world, request, signal)
  }

  /** Acts on one resource while the worker goes on, then looks at it again at once to confirm. */
  async #act(decided: {
    readonly draft: Draft
    readonly finding: Finding
    readonly orders: readonly PassOrder[]
  }): Promise<void> {
    const { draft, finding, orders } = decided
    const { world, declared, slots, breaker, acting, signal } = this.#road
    const queue = this.#queue
    acting.set(finding.id, externalNameOf(world, finding.desired, finding.owned))
    try {
      const isStillDue = (due: Finding) => declared.isStillDue(due)
      const options = { slots, breaker, isStillDue, pausesInRoutine: true }
      const outcomes = await execute(world, [finding], options, signal)
      const isNothingDone = outcomes.every((outcome) => outcome.result === 'superseded')
      if (isNothingDone && breaker.isOpen(this.#kind)) {
        // Its domain refused everything before its turn came; the next pass holds it, with all others in one reading.
        queue.done(finding.id)
        queue.add(finding.id)
        return
      }
      const concluded = { findings: [finding], outcomes, isFirst: false }
      this.#road.report(await concludePass(world, draft, concluded), orders)
      queue.done(finding.id)
      // Two readings that contradict each other must not make it spin.
      if (isNothingDone) queue.retry(finding.id)
      else queue.add(finding.id)
    } catch (error) {
      queue.done(finding.id)
      if (signal.aborted) return
      this.#road.survive(error, 'an action could not be carried through')
      queue.retry(finding.id)
    } finally {
      acting.delete(finding.id)
      // They waited for its end, whatever that was.
      this.#road.wakeRelated(finding.id)
      const waiting = this.#waiting.get(finding.id)
      if (waiting && this.#waiting.delete(finding.id)) queue.add(waiting)
    }
  }

  /** Nothing is done now with what was found; each is looked at again when it may have changed. */
  #rest(result: PassResult): void {
    const { world } = this.#road
    const queue = this.#queue
    this.#pace.succeeded()
    const { fleet } = result.declaration
    const sinceFirstBeat = world.clock.monotonic() - this.#firstBeat
    for (const finding of result.findings) {
      queue.done(finding.id)
      const state = result.states.get(finding.id)
      if (!state) continue
      if (finding.reading.type !== 'unreadable') queue.forget(finding.id)
      const isGone = !finding.desired && finding.actions.length === 0 && result.mayForget
      const context = { fleet, state, view: result.view, now: result.now, sinceFirstBeat }
      if (!isGone) queue.addAfter(finding.id, nextVisit(world, finding, context))
      if (isNews(finding, state, result.now)) this.#road.wakeRelated(finding.id)
      // It went from the manifests while it was judged: whatever was written of it just now is seen to at once.
      if (finding.desired && !this.#road.declared.has(finding.id)) queue.add(finding.id)
    }
    const unread = result.findings.filter(({ reading }) => reading.type === 'unreadable')
    queue.retry(...unread.map(({ id }) => id))
  }

  /** The whole domain is out: all that is declared of it waits for the one reading that finds it again. */
  #await(result: PassResult): void {
    this.#pace.failed()
    for (const finding of result.findings) {
      this.#queue.done(finding.id)
      this.#queue.add(finding.id)
      const state = result.states.get(finding.id)
      if (state && isNews(finding, state, result.now)) this.#road.wakeRelated(finding.id)
    }
    this.#road.wakeKind(this.#kind)
  }
}
