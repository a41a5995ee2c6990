import type { Hold } from '../core/hold.ts'
import type { ResourceId } from '../core/resource.ts'
import { hashOfActions } from './basis.ts'
import type { Finding } from './finding.ts'
import type { Outcome } from './outcome.ts'

/** What alone may be done: the actions of a saved plan, as they stand in it, those of each resource once. */
export class Permit {
  readonly #planned: Map<ResourceId, string>

  /** The hash of what the plan does to each resource; what it does nothing to is left out. */
  constructor(planned: ReadonlyMap<ResourceId, string>) {
    this.#planned = new Map(planned)
  }

  /** Why the actions of a finding are not taken; undefined: they are in the plan, and their turn is still to come. */
  holdOn({ id, actions }: Pick<Finding, 'id' | 'actions'>): Hold | undefined {
    if (actions.length === 0 || this.#planned.get(id) === hashOfActions(actions)) return undefined
    return { reason: 'NotPlanned', message: 'not in the plan that is applied', until: undefined }
  }

  /** What was tried is not tried again, whatever became of it: the plan says nothing of that. */
  use(outcomes: readonly Outcome[]): void {
    for (const { id, result } of outcomes) if (result !== 'superseded') this.#planned.delete(id)
  }
}
