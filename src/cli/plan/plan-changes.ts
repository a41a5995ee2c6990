import type { Basis } from '../../core/plan.ts'

/** What differs between what a plan rests on and what it would rest on now: a line for each resource, in order. */
export function changesSince(
  planned: Readonly<Record<string, Basis>>,
  now: ReadonlyMap<string, Basis>,
): readonly string[] {
  const ids = [...new Set([...Object.keys(planned), ...now.keys()])]
  return ids.flatMap((id) => {
    const before = planned[id]
    const after = now.get(id)
    if (!before) return [`${id}: it is not in the plan`]
    if (!after) return [`${id}: it is neither declared nor known any more`]
    const changes = [
      ...(before.declared === after.declared
        ? []
        : ['its manifest, or a value that it refers to, has changed']),
      ...(before.owned === after.owned ? [] : ['the state knows something else of it']),
      ...(before.actions === after.actions ? [] : ['something else is to be done']),
      ...(before.found === after.found || before.actions !== after.actions
        ? []
        : ['it was found, or is held, otherwise']),
    ]
    return changes.length === 0 ? [] : [`${id}: ${changes.join(', ')}`]
  })
}
