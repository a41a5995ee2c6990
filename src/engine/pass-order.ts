import { compareIds, type Resource, type ResourceId } from '../core/resource.ts'
import type { Finding } from './finding.ts'
import type { Outcome } from './outcome.ts'
import type { PassResult } from './pass.ts'
import { findPending } from './pending.ts'

/**
 * A pass that was asked of the controller, followed until all that it is about has settled. The controller's own
 * workers do it; this only watches them.
 */
export class PassOrder {
  readonly allowedDeletions: number | undefined
  readonly settled: Promise<readonly Outcome[]>
  readonly #remaining: Set<ResourceId>
  readonly #outcomes: Outcome[] = []
  #resolve: (outcomes: readonly Outcome[]) => void = () => undefined

  constructor(ids: Iterable<ResourceId>, allowedDeletions: number | undefined) {
    this.#remaining = new Set(ids)
    this.allowedDeletions = allowedDeletions
    this.settled = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#finishIfEmpty()
  }

  get remaining(): ReadonlySet<ResourceId> {
    return this.#remaining
  }

  /** Takes note of what became of some findings; those that are not pending any more are done. */
  note(
    findings: readonly Pick<Finding, 'id'>[],
    outcomes: readonly Outcome[],
    pending: ReadonlySet<ResourceId>,
  ): void {
    this.#outcomes.push(...outcomes.filter((outcome) => this.#remaining.has(outcome.id)))
    for (const { id } of findings) if (!pending.has(id)) this.#remaining.delete(id)
    this.#finishIfEmpty()
  }

  /** Ends it as it stands, such as when the asker's time is over. */
  end(): void {
    this.#remaining.clear()
    this.#finishIfEmpty()
  }

  #finishIfEmpty(): void {
    if (this.#remaining.size === 0) this.#resolve(this.#outcomes)
  }
}

/**
 * Tells everybody who follows what became of a part of it. Gives those who waited for what has settled now, and must be
 * looked at once more: that it settled may have been no news for anybody else.
 */
export function noteResult(
  orders: readonly PassOrder[],
  result: PassResult,
  now: number,
): readonly ResourceId[] {
  if (orders.length === 0) return []
  const pending = new Set(
    findPending(result.findings, result.outcomes, {
      states: { get: (id) => result.states.get(id) ?? result.view.states.get(id) },
      resources: result.declaration.resources,
      now,
      until: Number.POSITIVE_INFINITY,
    }),
  )
  return orders.flatMap((order) => {
    // A dependant that waits for something which this order still follows is not settled yet.
    for (const finding of result.findings) {
      const waits = finding.holds[0]?.reason === 'DependencyNotReady'
      if (waits && finding.desired?.controls.dependsOn.some((id) => order.remaining.has(id)))
        pending.add(finding.id)
    }
    const followed = result.findings.filter(({ id }) => order.remaining.has(id))
    order.note(result.findings, result.outcomes, pending)
    const settled = followed.filter(({ id }) => !order.remaining.has(id))
    const dependants = dependantsOf(result.declaration.resources)
    const woken = settled.flatMap(({ id }) => dependants.get(id) ?? [])
    return [...new Set(woken)].filter((id) => order.remaining.has(id)).sort(compareIds)
  })
}

/** A list of resources never changes once it was read. */
const known = new WeakMap<readonly Resource[], ReadonlyMap<ResourceId, readonly ResourceId[]>>()

/** By resource: what depends on it. */
function dependantsOf(resources: readonly Resource[]): ReadonlyMap<ResourceId, readonly ResourceId[]> {
  const found = known.get(resources)
  if (found) return found
  const pairs = resources.flatMap(({ id, controls }) => controls.dependsOn.map((on) => ({ on, id })))
  const groups = Map.groupBy(pairs, ({ on }) => on)
  const dependants = new Map([...groups].map(([on, list]) => [on, list.map(({ id }) => id)]))
  known.set(resources, dependants)
  return dependants
}

/** What is neither declared nor owned any more has settled. */
export function noteVanished(orders: readonly PassOrder[], ids: readonly ResourceId[]): void {
  const findings = ids.map((id) => ({ id }))
  if (ids.length > 0) for (const order of orders) order.note(findings, [], new Set())
}
