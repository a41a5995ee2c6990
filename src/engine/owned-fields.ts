import type { Owned } from '../core/ownership.ts'
import type { Resource } from '../core/resource.ts'
import { veilFields } from '../core/veil.ts'
import type { Finding } from './finding.ts'
import { reconcilerOf, type World } from './world.ts'

/** The declared fields as they are kept and compared: no secret among them, whether it is a reference or a literal. */
export function ownedFields(world: Pick<World, 'reconcilers'>, desired: Resource): Owned['fields'] {
  return veilFields(reconcilerOf(world, desired.kind).fields(desired), desired.veils)
}

/** Whether nothing differs from what is declared: a run brings back health, and changes no field. */
export function isInSync({ actions }: Finding): boolean {
  return actions.every((action) => action.verb === 'run')
}

/**
 * The fields that are ours as far as this finding knows: in sync exactly the declared ones, before that also those that
 * we set earlier. What stands by and is there was not compared: which fields we set on it once must be known when it
 * runs again.
 */
export function fieldsAfter(world: Pick<World, 'reconcilers'>, finding: Finding): Owned['fields'] {
  const { desired, ownership } = finding
  const isCompared = !finding.isStandingBy || finding.stance === 'absent'
  if (desired && isCompared && isInSync(finding)) return ownedFields(world, desired)
  return ownership?.fields ?? {}
}

/** Whether fields that we set and that are no longer declared seem to be gone. */
export function forgetsFields(world: Pick<World, 'reconcilers'>, finding: Finding): boolean {
  if (finding.unknown || !finding.ownership) return false
  const kept = fieldsAfter(world, finding)
  return Object.keys(finding.ownership.fields).some((path) => kept[path] === undefined)
}
