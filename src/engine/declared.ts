import type { Declaration } from '../core/declaration.ts'
import { kindOf, type Resource, type ResourceId } from '../core/resource.ts'
import { fingerprint } from './canonical.ts'
import type { Finding } from './finding.ts'
import { successorOf } from './former.ts'
import { findLeaning } from './news.ts'
import { placeOf } from './pair.ts'
import { primariesByFallback } from './standby.ts'
import { reconcilerOf, type World } from './world.ts'

/** What the manifests said when they were read last, and what of it is otherwise than the time before. */
export class Declared {
  readonly #world: Pick<World, 'reconcilers'>
  #declaration: Declaration | undefined
  #specs: ReadonlyMap<ResourceId, string> = new Map()
  /** What was read again and is the same is the same object. */
  readonly #hashes = new WeakMap<Resource, string>()
  #leaning: ReturnType<typeof findLeaning> = new Map()
  #byKind: ReadonlyMap<string, readonly Resource[]> = new Map()
  /** Made when it is first asked for: seldom does anything go. */
  #places: ReadonlySet<string> | undefined

  constructor(world: Pick<World, 'reconcilers'>) {
    this.#world = world
  }

  /** Undefined: they were not read yet. */
  get declaration(): Declaration | undefined {
    return this.#declaration
  }

  get resources(): readonly Resource[] {
    return this.#declaration?.resources ?? []
  }

  has(id: ResourceId): boolean {
    return this.#specs.has(id)
  }

  ids(): Iterable<ResourceId> {
    return this.#specs.keys()
  }

  ofKind(kind: string): readonly Resource[] {
    return this.#byKind.get(kind) ?? []
  }

  /** Takes a new reading for what holds from now on. Gives what is new, other than before, or judged by other policies. */
  take(declaration: Declaration): ReadonlySet<ResourceId> {
    const primaries = primariesByFallback(declaration.resources)
    const specs = new Map(
      declaration.resources.map((resource) => [
        resource.id,
        this.#hash(resource, primaries.get(resource.id) ?? []),
      ]),
    )
    const before = this.#specs
    const isJudgedAnew = this.#declaration?.judge?.fingerprint !== declaration.judge?.fingerprint
    this.#declaration = declaration
    this.#specs = specs
    this.#leaning = findLeaning(declaration.resources)
    this.#byKind = Map.groupBy(declaration.resources, ({ kind }) => kind)
    this.#places = undefined
    const changed = [...specs].filter(([id, hash]) => isJudgedAnew || before.get(id) !== hash)
    return new Set(changed.map(([id]) => id))
  }

  /** What depends on it and what stands behind it. */
  leaningOn(id: ResourceId): Iterable<ResourceId> {
    return this.#leaning.get(id) ?? []
  }

  /**
   * What waited for its turn while the manifests changed is not deleted by what they said before, and nothing is made that
   * would go at once: the limit of deletions could not have counted it.
   */
  isStillDue(finding: Finding): boolean {
    const { id, desired, owned } = finding
    if (desired) return owned !== undefined || this.#declaration?.isComplete !== true || this.#specs.has(id)
    if (this.#declaration?.isComplete !== true || this.#specs.has(id)) return false
    if (this.#hasNewHeir(finding)) return false
    this.#places ??= new Set(
      this.#declaration.resources.map((resource) => {
        return placeOf(resource.kind, reconcilerOf(this.#world, resource.kind).externalName(resource))
      }),
    )
    return owned === undefined || !this.#places.has(placeOf(kindOf(id), owned.externalName))
  }

  /** What a resource was called before goes when what it is called now is there: of another one that is not known yet. */
  #hasNewHeir({ id, successor }: Finding): boolean {
    const heir = this.#declaration?.resources.find((resource) => resource.id === successorOf(id))
    if (!heir) return false
    const outside = (one: Resource) => reconcilerOf(this.#world, one.kind).externalName(one)
    return successor === undefined || outside(successor) !== outside(heir)
  }

  /** Of everything that decides what becomes of it: a fallback is another thing as soon as somebody names it. */
  #hash(resource: Resource, primaries: readonly Resource[]): string {
    return [this.#hashAlone(resource), ...primaries.map(({ id }) => id)].join(' ')
  }

  #hashAlone(resource: Resource): string {
    const known = this.#hashes.get(resource)
    if (known !== undefined) return known
    const reconciler = reconcilerOf(this.#world, resource.kind)
    const is = [reconciler.externalName(resource), reconciler.fields(resource)]
    const hash = fingerprint([is, resource.controls, resource.unresolved])
    this.#hashes.set(resource, hash)
    return hash
  }
}
