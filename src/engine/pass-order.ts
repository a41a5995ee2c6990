import type { ResourceId } from '../core/resource.ts'
import type { Finding } from './finding.ts'
import type { Outcome } from './outcome.ts'

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
