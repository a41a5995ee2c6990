import type { DomainCache } from '../../core/reconciler.ts'
import { branchOf, type DesiredWorkflow } from './place.ts'

/**
 * What we delivered last to each place, as git names content, in memory and in the store. It may be lost: then a saved
 * source counts once as a correction of what somebody else did.
 */
export class Deliveries {
  readonly #store: DomainCache | undefined
  readonly #known = new Map<string, string>()

  constructor(store: DomainCache | undefined) {
    this.#store = store
  }

  /** Undefined: nothing is known to have been delivered. */
  async last(desired: DesiredWorkflow): Promise<string | undefined> {
    const key = keyOf(desired)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const stored = await this.#store?.get(key)
    if (typeof stored !== 'string') return undefined
    this.#known.set(key, stored)
    return stored
  }

  async keep(desired: DesiredWorkflow, content: string): Promise<void> {
    const key = keyOf(desired)
    if (this.#known.get(key) === content) return
    this.#known.set(key, content)
    await this.#store?.put(new Map([[key, content]]))
  }
}

function keyOf(desired: DesiredWorkflow): string {
  const { repository, path, delivery } = desired.spec
  return `delivered/1/${delivery ?? 'commit'}/${repository.toLowerCase()}/${branchOf(desired)}/${path}`
}
