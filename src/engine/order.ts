import { compareIds, type ResourceId } from '../core/resource.ts'
import type { Finding } from './finding.ts'

/**
 * The one total order of a pass, which the plan prints and the actions follow:
 * 1. what is declared before what goes: a replacement runs before its predecessor is taken away;
 * 2. dependencies before dependants, as far as they are declared;
 * 3. kind and name, in code units.
 */
export function order(findings: readonly Finding[]): readonly Finding[] {
  const depths = dependencyDepths(findings)
  const depth = (finding: Finding) => depths.get(finding.id) ?? 0
  return [...findings].sort((a, b) => {
    const goesA = a.desired ? 0 : 1
    const goesB = b.desired ? 0 : 1
    if (goesA !== goesB) return goesA - goesB
    if (depth(a) !== depth(b)) return depth(a) - depth(b)
    return compareIds(a.id, b.id)
  })
}

/**
 * How many dependencies stand one behind another below each resource. Without recursion: a chain may be long. Cycles
 * were refused when it was read; a link that would close one counts for nothing.
 */
function dependencyDepths(findings: readonly Finding[]): ReadonlyMap<ResourceId, number> {
  const byId = new Map(findings.map((finding) => [finding.id, finding]))
  const depths = new Map<ResourceId, number>()
  const onTrail = new Set<ResourceId>()
  const trail: Frame[] = []
  const enter = (id: ResourceId) => {
    onTrail.add(id)
    trail.push({ id, rest: (byId.get(id)?.desired?.controls.dependsOn ?? []).values(), depth: 0 })
  }
  for (const id of byId.keys()) {
    if (!depths.has(id)) enter(id)
    for (let top = trail.at(-1); top; top = trail.at(-1)) {
      const next = top.rest.next()
      if (!next.done) {
        const known = depths.get(next.value)
        if (known !== undefined) top.depth = Math.max(top.depth, known + 1)
        else if (byId.has(next.value) && !onTrail.has(next.value)) enter(next.value)
        continue
      }
      trail.pop()
      onTrail.delete(top.id)
      depths.set(top.id, top.depth)
      const dependant = trail.at(-1)
      if (dependant) dependant.depth = Math.max(dependant.depth, top.depth + 1)
    }
  }
  return depths
}

/** A resource whose dependencies are being looked through, and how deep they are so far. */
interface Frame {
  readonly id: ResourceId
  readonly rest: Iterator<ResourceId>
  depth: number
}
