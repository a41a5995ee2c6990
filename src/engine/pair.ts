import type { Declaration } from '../core/declaration.ts'
import type { Intent } from '../core/intent.ts'
import type { LedgerView } from '../core/ledger.ts'
import type { Mark, Owned } from '../core/ownership.ts'
import type { Observation, Reading } from '../core/reconciler.ts'
import { compareIds, kindOf, type Resource, type ResourceId } from '../core/resource.ts'
import { fingerprint } from './canonical.ts'
import type { Subject } from './finding.ts'
import { successorOf } from './former.ts'
import { withoutFuture } from './recovery.ts'
import { neededBy, primariesByFallback } from './standby.ts'
import { reconcilerOf, type World } from './world.ts'

/** What a pass looks at, before anything was read. */
export interface Scope {
  /** Declared resources to act on, and no longer declared ones that are owned. In id order. */
  readonly targets: readonly ResourceId[]
  /** Read because a target depends on them; never acted on. */
  readonly context: readonly ResourceId[]
  /** Whether things that are no longer declared are part of it. */
  readonly prunes: boolean
}

/**
 * Which resources a pass is about. Pruning needs the whole truth: a selection, a single file or a broken one
 * prunes nothing, because absence from a part proves nothing.
 */
export function chooseScope(
  declaration: Declaration,
  view: LedgerView,
  selection: ReadonlySet<ResourceId> | undefined,
  options: { readonly prune: boolean; readonly readDependencies: boolean; readonly kind: string | undefined },
): Scope {
  const desired = new Map(declaration.resources.map((resource) => [resource.id, resource]))
  const targets = [...desired.keys()].filter((id) => !selection || selection.has(id))
  if (options.prune) {
    const isAsked = (id: ResourceId) => options.kind === undefined || kindOf(id) === options.kind
    for (const id of view.inventory.keys()) if (!desired.has(id) && isAsked(id)) targets.push(id)
  }
  const known = new Set(targets)
  const context = new Set([
    ...(options.readDependencies ? dependenciesOf(targets, desired) : []),
    // What goes because of another outside name waits until that is there.
    ...targets.flatMap((id) => (desired.has(id) ? [] : (successorOf(id) ?? []))),
  ])
  return {
    targets: targets.sort(compareIds),
    context: [...context].filter((id) => desired.has(id) && !known.has(id)).sort(compareIds),
    prunes: options.prune,
  }
}

function dependenciesOf(
  targets: readonly ResourceId[],
  desired: ReadonlyMap<ResourceId, Resource>,
): readonly ResourceId[] {
  return targets.flatMap((target) => desired.get(target)?.controls.dependsOn ?? [])
}

/** Puts together what is declared, read, owned and remembered of each resource in scope. */
export function pairUp(
  world: World,
  input: {
    readonly declaration: Declaration
    readonly view: LedgerView
    readonly scope: Scope
    readonly observations: ReadonlyMap<string, Observation<unknown>>
    readonly now: number
  },
): readonly Subject[] {
  const { declaration, view, scope, observations, now } = input
  const desired = new Map(declaration.resources.map((resource) => [resource.id, resource]))
  const primaries = primariesByFallback(declaration.resources)
  const moved = movedRows(world, declaration, view)
  const open = intentsByPlace(view)
  const context = new Set(scope.context)
  const subjects: Subject[] = []
  for (const id of [...scope.targets, ...scope.context]) {
    const resource = desired.get(id)
    if (!resource && moved.takenFrom.has(id)) continue
    const owned = view.inventory.get(id) ?? moved.givenTo.get(id)
    const standsBehind = primaries.get(id) ?? []
    const specHash = resource ? hashSpec(world, resource) : ''
    subjects.push({
      id,
      desired: resource,
      owned,
      state: withoutFuture(view.states.get(id), now),
      resumedAt: view.resumedAt.get(id),
      isResumeAhead: (view.resumedAt.get(id) ?? 0) > now,
      reading: observations.get(kindOf(id))?.readings.get(id) ?? unread(id),
      observedAt: observations.get(kindOf(id))?.observedAt ?? now,
      specHash,
      mark: markFor(world, id, owned, specHash),
      activeFor: neededBy(id, standsBehind, view.states, now),
      standsBehind: standsBehind.map((primary) => primary.id),
      replaces: moved.replacedBy.get(id) ?? [],
      successor: resource ? undefined : desired.get(successorOf(id) ?? id),
      unconfirmed: unconfirmedOf(id, externalNameOf(world, resource, owned), open).map((intent) =>
        notAhead(intent, now),
      ),
      isContext: context.has(id),
    })
  }
  return subjects
}

/** The outside name; undefined: nobody knows one. */
export function externalNameOf(
  world: Pick<World, 'reconcilers'>,
  desired: Resource | undefined,
  owned: Owned | undefined,
): string | undefined {
  return desired ? reconcilerOf(world, desired.kind).externalName(desired) : owned?.externalName
}

/** Of a thing, where two of one kind cannot be. */
export function placeOf(kind: string, externalName: string): string {
  return JSON.stringify([kind, externalName])
}

/** What was tried and not confirmed, looked through once for all resources. */
export function intentsByPlace({ openIntents }: LedgerView): ReadonlyMap<string, readonly Intent[]> {
  return Map.groupBy(openIntents, ({ id, externalName }) => placeOf(kindOf(id), externalName))
}

/**
 * What was tried is open for the thing on which it was tried, under whatever ids that was and is declared. What was tried
 * when the id had another outside name is that thing's.
 */
export function unconfirmedOf(
  id: ResourceId,
  externalName: string | undefined,
  open: ReadonlyMap<string, readonly Intent[]>,
): readonly Intent[] {
  if (open.size === 0 || externalName === undefined) return []
  return open.get(placeOf(kindOf(id), externalName)) ?? []
}

/**
 * Dated ahead, it is from before the clock was set back. Its age is what tells that nothing came of it, and would say so
 * only when that time has come again; it is counted from now on instead.
 */
function notAhead(intent: Intent, now: number): Intent {
  return intent.at > now ? { ...intent, at: now } : intent
}

function unread(id: ResourceId): Reading<unknown> {
  return { type: 'unreadable', code: 'NotRead', message: `${id} was not read` }
}

function markFor(world: World, id: ResourceId, owned: Owned | undefined, hash: string): Mark {
  return {
    fleet: world.fleet.name,
    environment: world.fleet.environment ?? '',
    store: world.store.id,
    id,
    origin: owned?.origin ?? 'created',
    hash,
  }
}

/** A resource never changes once it was read, and its fields are a pure function of it. */
const hashes = new WeakMap<Resource, string>()

/** The same spec has the same hash; the value of a secret is not part of it, so that rotating one is no new spec. */
function hashSpec(world: Pick<World, 'reconcilers'>, resource: Resource): string {
  const known = hashes.get(resource)
  if (known !== undefined) return known
  const fields = reconcilerOf(world, resource.kind).fields(resource)
  const open = Object.entries(fields).map(([path, field]) => [path, field.sensitive ? '***' : field.value])
  const hash = fingerprint(open)
  hashes.set(resource, hash)
  return hash
}

/** Rows of the inventory whose thing is declared under another id now. */
export interface Moves {
  /** By new id: the row that it takes over. */
  readonly givenTo: ReadonlyMap<ResourceId, Owned>
  /** By new id: the old ids that it replaces. */
  readonly replacedBy: ReadonlyMap<ResourceId, readonly ResourceId[]>
  readonly takenFrom: ReadonlySet<ResourceId>
}

/**
 * The same outside thing under a new resource id is a move, never a delete and a create. An old row is taken out
 * of what may be deleted even where the new id has a row of its own already.
 */
export function movedRows(
  world: Pick<World, 'reconcilers'>,
  declaration: Declaration,
  view: LedgerView,
): Moves {
  const desired = new Set(declaration.resources.map((resource) => resource.id))
  const orphans = [...view.inventory.values()].filter((owned) => !desired.has(owned.id))
  const givenTo = new Map<ResourceId, Owned>()
  const replacedBy = new Map<ResourceId, readonly ResourceId[]>()
  const takenFrom = new Set<ResourceId>()
  if (orphans.length === 0) return { givenTo, replacedBy, takenFrom }
  const byPlace = Map.groupBy(orphans, ({ id, externalName }) => placeOf(kindOf(id), externalName))
  for (const resource of declaration.resources) {
    const name = reconcilerOf(world, resource.kind).externalName(resource)
    const olds = byPlace.get(placeOf(resource.kind, name)) ?? []
    const [first] = olds
    if (!first) continue
    for (const old of olds) takenFrom.add(old.id)
    replacedBy.set(
      resource.id,
      olds.map((old) => old.id),
    )
    if (!view.inventory.has(resource.id)) givenTo.set(resource.id, { ...first, id: resource.id })
  }
  return { givenTo, replacedBy, takenFrom }
}
