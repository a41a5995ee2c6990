import type { ObservedFunctionSet } from './observed.ts'
import type { DesiredFunctionSet } from './place.ts'
import { named } from './title.ts'

/** A function that is published now. */
export interface PublishedFunction {
  readonly name: string
  /** Undefined: neither Netlify nor our record tells it. */
  readonly digest: string | undefined
  readonly schedule: string | undefined
  /** Undefined: where the site's others run. */
  readonly region: string | undefined
  /** As our record of the deploy has them, as JSON; undefined: not known. */
  readonly settings: string | undefined
  readonly hasOwnRoutes: boolean
}

/** What is published, by name: as Netlify tells it, filled in from our own record of that deploy. */
export function publishedFunctions({
  published,
  record,
}: ObservedFunctionSet): ReadonlyMap<string, PublishedFunction> {
  const list = published?.functions ?? []
  return new Map(
    list.map(({ name, digest, hasOwnRoutes }) => [
      name,
      {
        name,
        digest: digest ?? record?.functions[name],
        schedule: record ? record.schedules[name] : published?.schedules.get(name),
        region: published?.regions.get(name),
        settings: record?.settings[name],
        hasOwnRoutes,
      },
    ]),
  )
}

/** Functions that are published and not in the directory. */
export interface Leftovers {
  /** Not ours, and they stay. */
  readonly kept: readonly PublishedFunction[]
  /** Ours, or to be pruned: they go. */
  readonly dropped: readonly string[]
}

/** Sorts what is not in the directory. `desired` undefined: only what we deployed goes. */
export function leftoversOf(
  observed: ObservedFunctionSet,
  desired: DesiredFunctionSet | undefined,
): Leftovers {
  const declared = new Set(desired ? observed.source.functions.map(({ name }) => name) : [])
  const managed = new Set(observed.managed)
  const kept: PublishedFunction[] = []
  const dropped: string[] = []
  for (const one of publishedFunctions(observed).values()) {
    if (declared.has(one.name)) continue
    if (managed.has(one.name) || desired?.spec.unmanaged === 'prune') dropped.push(one.name)
    else kept.push(one)
  }
  return { kept, dropped: dropped.sort() }
}

/**
 * Functions that somebody else put on the site under a name that the directory has too, and that are not the same. What
 * is not bundled yet cannot be compared.
 */
export function foreignTwinsOf(observed: ObservedFunctionSet): readonly string[] {
  const site = publishedFunctions(observed)
  const managed = new Set(observed.managed)
  return observed.source.functions
    .filter(({ name, bundle }) => {
      const there = site.get(name)
      return there && bundle && !managed.has(name) && there.digest !== bundle.digest
    })
    .map(({ name }) => name)
}

/** What is on the site beside the directory, where that is refused. */
export function unmanagedMessage(functions: readonly PublishedFunction[]): string {
  return `on the site and not in the directory: ${named(functions.map(({ name }) => name))} (\`unmanaged: refuse\`)`
}

/** Why functions of somebody else are not replaced. */
export function twinsMessage(names: readonly string[]): string {
  const [verb, word] = names.length === 1 ? ['is', 'differs'] : ['are', 'differ']
  return `${named(names)} ${verb} on the site already, not deployed by us, and ${word} from the directory; \`adopt: true\` replaces what is there`
}
