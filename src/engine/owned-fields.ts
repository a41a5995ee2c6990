import type { Owned } from '../core/ownership.ts'
import type { Resource } from '../core/resource.ts'
import { veilFields } from '../core/veil.ts'
import { reconcilerOf, type World } from './world.ts'

/** The declared fields as they are kept and compared: no secret among them, whether it is a reference or a literal. */
export function ownedFields(world: Pick<World, 'reconcilers'>, desired: Resource): Owned['fields'] {
  return veilFields(reconcilerOf(world, desired.kind).fields(desired), desired.veils)
}
