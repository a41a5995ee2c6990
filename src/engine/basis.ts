import type { Action } from '../core/action.ts'
import type { HoldReason } from '../core/hold.ts'
import type { Basis } from '../core/plan.ts'
import { fingerprint } from './canonical.ts'
import type { Finding } from './finding.ts'
import { ownedFields } from './owned-fields.ts'
import { shownAction } from './shown-action.ts'
import type { World } from './world.ts'

/** Holds that come and go with the time alone. */
const passing: ReadonlySet<HoldReason> = new Set<HoldReason>(['BackOff', 'OutsideWindow', 'Returning'])

/** What the plan of a finding rests on. */
export function basisOf(world: World, finding: Finding): Basis {
  const { desired, owned, stance, unknown, holds } = finding
  const actions = hashOfActions(finding.actions)
  return {
    declared: fingerprint(desired ? ownedFields(world, desired) : null),
    owned: fingerprint(owned ? { origin: owned.origin, fields: owned.fields } : null),
    found: fingerprint({
      stance,
      unknown: unknown?.code,
      holds: holds.map(({ reason }) => reason).filter((reason) => !passing.has(reason)),
      actions,
    }),
    actions,
  }
}

/** Of plans that rest on the same. */
export function fingerprintOf(basis: Iterable<readonly [string, Basis]>): string {
  return fingerprint([...basis])
}

/** What is to be done, without values of secrets and without notes. */
export function hashOfActions(actions: readonly Action[]): string {
  return fingerprint(
    actions.map(shownAction).map(({ type, verb, changes }) => ({
      type,
      verb,
      changes: changes.map(({ path, before, after, sensitive }) =>
        sensitive ? { path, sensitive } : { path, before, after },
      ),
    })),
  )
}
