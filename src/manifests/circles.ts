import type { ResourceId } from '../core/resource.ts'
import type { Draft } from './draft.ts'
import { type Link, links } from './references.ts'

/** Finds resources that wait for each other. Faults are added to the drafts that hold them. */
export function checkCircles(drafts: readonly Draft[]): void {
  const byId = new Map(drafts.map((draft) => [draft.resource.id, draft]))
  checkFallbackDependencies(drafts, byId)
  checkCycles(drafts, byId)
}

/** A fallback that waits for its primary, through however many others, could never take over. */
function checkFallbackDependencies(drafts: readonly Draft[], byId: ReadonlyMap<ResourceId, Draft>): void {
  for (const draft of drafts) {
    for (const [index, fallback] of draft.resource.controls.fallback.entries()) {
      const way = wayTo(fallback, draft.resource.id, byId)
      if (!way || fallback === draft.resource.id) continue
      draft.faults.add(['spec', 'fallback', String(index)], {
        code: 'fallback-depends-on-primary',
        message: `${fallback} stands in for ${draft.resource.id} and depends on it: ${way.join(' -> ')}`,
        hint: `Remove the dependency of ${fallback}.`,
      })
    }
  }
}

/** The shortest way from one resource to another by `dependsOn`; undefined: there is none. */
function wayTo(
  from: ResourceId,
  to: ResourceId,
  byId: ReadonlyMap<ResourceId, Draft>,
): readonly ResourceId[] | undefined {
  const before = new Map<ResourceId, ResourceId | undefined>([[from, undefined]])
  for (const id of before.keys()) {
    if (id === to) {
      const way: ResourceId[] = []
      for (let at: ResourceId | undefined = id; at !== undefined; at = before.get(at)) way.unshift(at)
      return way
    }
    for (const next of byId.get(id)?.resource.controls.dependsOn ?? [])
      if (!before.has(next)) before.set(next, id)
  }
  return undefined
}

/** Each cycle once, at the link that closes it. Depth first without recursion: a chain may be long. */
function checkCycles(drafts: readonly Draft[], byId: ReadonlyMap<ResourceId, Draft>): void {
  const done = new Set<ResourceId>()
  for (const start of drafts) {
    const trail: {
      readonly draft: Draft
      readonly steps: Iterator<{ link: Link; index: number; id: ResourceId }>
    }[] = []
    const onTrail = new Set<ResourceId>()
    const enter = (draft: Draft) => {
      trail.push({ draft, steps: stepsOf(draft) })
      onTrail.add(draft.resource.id)
    }
    if (!done.has(start.resource.id)) enter(start)
    for (let top = trail.at(-1); top; top = trail.at(-1)) {
      const step = top.steps.next()
      if (step.done) {
        trail.pop()
        onTrail.delete(top.draft.resource.id)
        done.add(top.draft.resource.id)
        continue
      }
      const { link, index, id } = step.value
      const next = byId.get(id)
      if (onTrail.has(id)) {
        const ids = trail.map((frame) => frame.draft.resource.id)
        const cycle = [...ids.slice(ids.indexOf(id)), id]
        // Told above in words of its own.
        if (cycle.length > 2 && isFallbackLoop(cycle, byId)) continue
        top.draft.faults.add(['spec', link, String(index)], {
          code: 'reference-cycle',
          message: `Resources wait for each other in a circle: ${cycle.join(' -> ')}`,
          hint: 'Remove one of these links.',
        })
      } else if (next && !done.has(id)) enter(next)
    }
  }
}

function isFallbackLoop(cycle: readonly ResourceId[], byId: ReadonlyMap<ResourceId, Draft>): boolean {
  const isFallback = (from: ResourceId, to: ResourceId) => {
    const controls = byId.get(from)?.resource.controls
    return controls?.fallback.includes(to) === true && !controls.dependsOn.includes(to)
  }
  const pairs = cycle.slice(1).map((to, index) => [cycle[index] ?? to, to] as const)
  return pairs.filter(([from, to]) => isFallback(from, to)).length === 1
}

function* stepsOf({ resource }: Draft): Generator<{ link: Link; index: number; id: ResourceId }> {
  for (const link of links)
    for (const [index, id] of resource.controls[link].entries()) yield { link, index, id }
}
