import { valueForSchema } from './encrypted.ts'
import type { Layered } from './environment.ts'
import { type ValidationError, validators } from './schemas.ts'
import { type ListTree, type MapTree, parsePointer, type Tree } from './tree.ts'

/** What is left of a document when all that its schema refuses is taken out, and what was taken out. */
export interface SoundPart {
  readonly document: Layered
  /** Paths of what is missing, such as `['spec', 'cron']`. */
  readonly missing: readonly (readonly string[])[]
}

/** Taking out a field may leave the one that holds it without something that it needs; more rounds help nobody. */
const mostRounds = 6

/**
 * The part of a faulty document that can be judged beside its faults, so that a person hears of all in one run.
 * Undefined: what is left says nothing, because something that it needs is missing.
 */
export function soundPartOf(document: Layered): SoundPart | undefined {
  const validate = validators[document.kind]
  if (!validate) return undefined
  const missing: (readonly string[])[] = []
  let root: MapTree = document.root
  for (let round = 0; round < mostRounds; round += 1) {
    if (validate(valueForSchema(root))) return { document: { ...document, root }, missing }
    const paths = faultyPaths(validate.errors ?? [])
    // Without its spec or its name it is no resource.
    if (paths.length === 0 || paths.some((path) => path.length < 2)) return undefined
    missing.push(...paths)
    root = paths.reduce<MapTree>((tree, path) => without(tree, path) as MapTree, root)
  }
  return undefined
}

/** The deepest places that are refused: what holds them is refused because of them. */
function faultyPaths(errors: readonly ValidationError[]): readonly (readonly string[])[] {
  const pointers = new Map<string, readonly string[]>()
  for (const { instancePath, params } of errors) {
    const inner = params.additionalProperty ?? params.unevaluatedProperty ?? params.propertyName
    const path = parsePointer(instancePath)
    const whole = inner === undefined ? path : [...path, String(inner)]
    pointers.set(whole.join('\0'), whole)
  }
  const keys = [...pointers.keys()]
  const deepest = [...pointers].filter(([key]) => !keys.some((other) => other.startsWith(`${key}\0`)))
  // From the end, so that the numbers of list items before it stay true.
  return deepest.map(([, path]) => path).sort((a, b) => (a.join('/') < b.join('/') ? 1 : -1))
}

function without(tree: Tree, path: readonly string[]): Tree {
  const [key, ...rest] = path
  if (key === undefined || tree.type === 'scalar') return tree
  if (tree.type === 'map') {
    const entry = tree.entries.get(key)
    if (!entry) return tree
    const entries = new Map(tree.entries)
    if (rest.length === 0) entries.delete(key)
    else entries.set(key, { ...entry, value: without(entry.value, rest) })
    return { ...tree, entries } satisfies MapTree
  }
  const index = Number(key)
  const items =
    rest.length === 0
      ? tree.items.filter((_, at) => at !== index)
      : tree.items.map((item, at) => (at === index ? without(item, rest) : item))
  return { ...tree, items } satisfies ListTree
}
