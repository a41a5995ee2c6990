/** Which scripts run which, by name: what a cycle is found in, and what a required script drags in. */
export type RunGraph = ReadonlyMap<string, ReadonlySet<string>>

/** The scripts that run when these do, hooks included; these are among them. */
export function reachableFrom(names: Iterable<string>, graph: RunGraph): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = [...names]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue
    reached.add(name)
    waiting.push(...(graph.get(name) ?? []))
  }
  return reached
}

/** By script that runs itself: the way back to it, from itself to itself, a shortest one. */
export function findCycles(graph: RunGraph): ReadonlyMap<string, readonly string[]> {
  const cycles = new Map<string, readonly string[]>()
  for (const component of components(graph)) {
    for (const name of component) {
      const way = wayBack(name, graph, new Set(component))
      if (way) cycles.set(name, way)
    }
  }
  return cycles
}

function wayBack(start: string, graph: RunGraph, within: ReadonlySet<string>): readonly string[] | undefined {
  const before = new Map<string, string>()
  const waiting = [start]
  for (let index = 0; index < waiting.length; index += 1) {
    const name = waiting[index] ?? ''
    for (const next of graph.get(name) ?? []) {
      if (next === start) return [...trace(name, before), start]
      if (!within.has(next) || before.has(next)) continue
      before.set(next, name)
      waiting.push(next)
    }
  }
  return undefined
}

function trace(end: string, before: ReadonlyMap<string, string>): readonly string[] {
  const way = [end]
  for (let name = before.get(end); name !== undefined; name = before.get(name)) way.unshift(name)
  return way
}

/** Tarjan's strongly connected components, without recursion: a chain of thousands of scripts is legal. */
function components(graph: RunGraph): readonly (readonly string[])[] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const found: string[][] = []
  for (const root of graph.keys()) {
    if (index.has(root)) continue
    const work: { readonly name: string; readonly next: Iterator<string> }[] = []
    const enter = (name: string) => {
      index.set(name, index.size)
      low.set(name, index.size - 1)
      stack.push(name)
      onStack.add(name)
      work.push({ name, next: (graph.get(name) ?? new Set<string>()).values() })
    }
    enter(root)
    for (let top = work.at(-1); top; top = work.at(-1)) {
      const { name } = top
      const step = top.next.next()
      if (!step.done) {
        if (!index.has(step.value)) enter(step.value)
        else if (onStack.has(step.value))
          low.set(name, Math.min(low.get(name) ?? 0, index.get(step.value) ?? 0))
        continue
      }
      work.pop()
      const above = work.at(-1)
      if (above) low.set(above.name, Math.min(low.get(above.name) ?? 0, low.get(name) ?? 0))
      if (low.get(name) !== index.get(name)) continue
      const members = stack.splice(stack.lastIndexOf(name))
      for (const member of members) onStack.delete(member)
      found.push(members)
    }
  }
  return found
}
