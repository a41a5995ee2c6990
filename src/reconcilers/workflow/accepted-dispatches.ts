import { fieldsOf } from '../../core/fields.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import type { Json } from '../../core/store.ts'

/** A dispatch that GitHub took. */
export interface AcceptedDispatch {
  /** When he said so, epoch milliseconds by our own clock. */
  readonly at: number
  /** The run that he made of it, or will make; undefined: he did not say. */
  readonly run: number | undefined
}

/** Of one workflow; more are never open at once. */
const keptDispatches = 5

/**
 * The dispatches that GitHub took, by workflow, in memory and in the store. It may be lost: then one of them is only known
 * to have been sent, and is believed in for less long.
 */
export class AcceptedDispatches {
  readonly #store: DomainCache | undefined
  readonly #known = new Map<string, readonly AcceptedDispatch[]>()

  constructor(store: DomainCache | undefined) {
    this.#store = store
  }

  /** Oldest first. */
  async of(workflow: string): Promise<readonly AcceptedDispatch[]> {
    const known = this.#known.get(workflow)
    if (known) return known
    const stored = await this.#store?.get(keyOf(workflow))
    const read = Array.isArray(stored) ? stored.flatMap(acceptedIn) : []
    this.#known.set(workflow, read)
    return read
  }

  async keep(workflow: string, accepted: AcceptedDispatch): Promise<void> {
    const all = [...(await this.of(workflow)), accepted].slice(-keptDispatches)
    this.#known.set(workflow, all)
    const rows = all.map(({ at, run }) => ({ at, run: run ?? null }))
    await this.#store?.put(new Map([[keyOf(workflow), rows]]))
  }
}

/** By its outside name: there is one of each, whatever it is called here. */
function keyOf(workflow: string): string {
  return `accepted/1/${workflow}`
}

function acceptedIn(value: Json): readonly AcceptedDispatch[] {
  const { at, run } = fieldsOf(value)
  return typeof at === 'number' ? [{ at, run: typeof run === 'number' ? run : undefined }] : []
}
