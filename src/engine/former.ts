import type { Declaration } from '../core/declaration.ts'
import type { LedgerEntry, LedgerView } from '../core/ledger.ts'
import type { Owned } from '../core/ownership.ts'
import { kindOf, nameOf, type Resource, type ResourceId, resourceId } from '../core/resource.ts'
import { lastingPolicy } from './record.ts'
import type { World } from './world.ts'

/** No declared name contains it, so that no former thing is ever taken for a declared resource. */
const separator = '@'

/**
 * The id of what a resource was called outside before it was given another outside name, such as `Process/api@old-api`.
 * It is owned and not declared, and goes as everything of that sort goes.
 */
function formerId(id: ResourceId, externalName: string): ResourceId {
  return resourceId(kindOf(id), `${nameOf(id)}${separator}${externalName}`)
}

/** The resource whose former thing this is; undefined: it is none. */
export function successorOf(id: ResourceId): ResourceId | undefined {
  const at = nameOf(id).indexOf(separator)
  return at < 0 ? undefined : resourceId(kindOf(id), nameOf(id).slice(0, at))
}

/** The memory as a pass must see it, and what has to be written so that it is so. */
export interface Renamed {
  readonly view: LedgerView
  readonly entries: readonly LedgerEntry[]
}

/**
 * Gives an id of its own to everything that we own under an outside name which its resource does not have any more.
 * Without that the row of the new thing would take the place of the old one's, and nobody would know of what still runs.
 * To be written before anything is done for the resource.
 */
export function partWithFormer(
  world: Pick<World, 'reconcilers'>,
  declaration: Pick<Declaration, 'resources'>,
  view: LedgerView,
  options: {
    readonly now: number
    /** Only of this kind is anything written; undefined: of all kinds. */
    readonly kind: string | undefined
    /** Whether somebody acts on it: what he makes bears the old name yet, and is parted with when he is through. */
    readonly isBusy: (id: ResourceId) => boolean
  },
): Renamed {
  const inventory = new Map(view.inventory)
  const states = new Map(view.states)
  const entries: LedgerEntry[] = []
  for (const resource of declaration.resources) {
    const name = world.reconcilers.get(resource.kind)?.externalName(resource)
    const row = view.inventory.get(resource.id)
    if (!row || name === undefined || row.externalName === name || options.isBusy(resource.id)) continue
    const former = formerOf(resource, row)
    inventory.delete(resource.id)
    states.delete(resource.id)
    inventory.set(former.id, former)
    if (options.kind !== undefined && options.kind !== resource.kind) continue
    entries.push(
      { type: 'own', owned: former },
      { type: 'disown', id: resource.id },
      // What was seen and tried was seen of the old thing.
      { type: 'forget-state', id: resource.id },
      {
        type: 'event',
        event: {
          at: options.now,
          type: 'Normal',
          reason: 'Renamed',
          id: resource.id,
          message: `it is ${name} outside now; what it was, ${row.externalName}, is ${former.id} until it is gone`,
        },
      },
    )
  }
  return { view: { ...view, inventory, states }, entries }
}

/** What its manifest says of deletion now counts, as it was said together with the new name; else what it said last. */
function formerOf(resource: Resource, row: Owned): Owned {
  return {
    ...row,
    id: formerId(resource.id, row.externalName),
    deletionPolicy: lastingPolicy(resource) ?? row.deletionPolicy,
  }
}
