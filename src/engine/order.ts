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

/** How many dependencies stand one behind another below each resource. Cycles were refused when it was read. */
function dependencyDepths(findings: readonly Finding[]): ReadonlyMap<ResourceId, number> {
  const byId = new Map(findings.map((finding) => [finding.id, finding]))
  const depths = new Map<ResourceId, number>()
  const depthOf = (id: ResourceId, path: ReadonlySet<ResourceId>): number => {
    const known = depths.get(id)
    if (known !== undefined) return known
    const dependencies = (byId.get(id)?.desired?.controls.dependsOn ?? []).filter(
      (next) => byId.has(next) && !path.has(next),
    )
    const below = dependencies.map((next) => depthOf(next, new Set([...path, id])))
    const depth = below.length === 0 ? 0 : 1 + Math.max(...below)
    depths.set(id, depth)
    return depth
  }
  for (const id of byId.keys()) depthOf(id, new Set())
  return depths
}
