import type { Declaration } from '../core/declaration.ts'
import type { LedgerEntry, LedgerView } from '../core/ledger.ts'
import type { Grave, Owned } from '../core/ownership.ts'
import type { Observation, Reading } from '../core/reconciler.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import type { Finding } from './finding.ts'
import { successorOf } from './former.ts'
import { observeKind } from './observe.ts'
import { externalNameOf, placeOf } from './pair.ts'
import { reconcilerOf, type World } from './world.ts'

/** So many are kept of one fleet: names that were declared once, of which the oldest are forgotten. */
export const mostGraves = 500

/** A thing that is there again, and what the reading of it alone said. */
export interface Returned {
  readonly owned: Owned
  readonly reading: Reading<unknown>
}

/**
 * What was deleted because nobody declared it any more, and is there again with our own mark: PM2 brings back what was in
 * its dump. That we deleted it is remembered, so that the mark does not stand alone: it is owned again, and goes as before,
 * with all that guards a deletion. Each is read anew by itself: an old list would show what was deleted just now.
 */
export async function findReturned(
  world: World,
  declaration: Declaration,
  view: LedgerView,
  observations: ReadonlyMap<string, Observation<unknown>>,
  signal: AbortSignal,
): Promise<readonly Returned[]> {
  if (!declaration.isWhole || !declaration.isComplete || !view.graves?.size) return []
  const taken = placesOf(world, declaration, view)
  const returned: Returned[] = []
  for (const [kind, observation] of observations) {
    const names = new Set(observation.marked?.map(({ externalName }) => externalName))
    for (const externalName of names) {
      const place = placeOf(kind, externalName)
      const grave = view.graves.get(place)
      if (!grave || taken.has(place) || !bearsOurMark(world, observation, { ...grave, externalName }))
        continue
      const { id, origin } = grave
      const since = world.clock.now()
      const owned: Owned = {
        id,
        externalName,
        origin,
        deletionPolicy: 'Delete',
        fields: {},
        memory: {},
        since,
      }
      const again = await observeKind(
        world,
        kind,
        [{ id, desired: undefined, owned, unconfirmed: [] }],
        signal,
      )
      const reading = again.readings.get(id)
      if (reading?.type === 'present' && bearsOurMark(world, again, owned)) returned.push({ owned, reading })
    }
  }
  return returned
}

/** Whether something of that name bears the mark that we gave the thing which went. */
function bearsOurMark(
  world: Pick<World, 'fleet' | 'store'>,
  { marked = [] }: Observation<unknown>,
  { id, externalName }: Pick<Owned, 'id' | 'externalName'>,
): boolean {
  return marked.some(
    ({ externalName: name, mark }) =>
      name === externalName &&
      mark.fleet === world.fleet.name &&
      mark.environment === (world.fleet.environment ?? '') &&
      mark.store === world.store.id &&
      isOf(id, mark.id),
  )
}

/** What is written of it before anything is done. */
export function recordReturned(returned: readonly Returned[], now: number): readonly LedgerEntry[] {
  return returned.flatMap(({ owned }): readonly LedgerEntry[] => [
    { type: 'own', owned },
    {
      type: 'event',
      event: {
        at: now,
        type: 'Warning',
        reason: 'Returned',
        id: owned.id,
        message: `${owned.externalName} is there again, though it was deleted because nobody declares it`,
      },
    },
  ])
}

/** What a pass learned of them: what is gone for good now, and whose name means something else again. */
export function recordGraves(
  world: Pick<World, 'reconcilers'>,
  concluded: {
    readonly view: LedgerView
    readonly findings: readonly Finding[]
    readonly mayForget: boolean
    readonly now: number
  },
): readonly LedgerEntry[] {
  const { view, findings, mayForget, now } = concluded
  const graves = view.graves ?? new Map<string, Grave>()
  const dug = mayForget ? findings.flatMap((finding) => graveOf(world, finding, now)) : []
  const known = new Set(dug.map(({ place }) => place))
  const spare = [...graves].sort(([, a], [, b]) => b.at - a.at).slice(mostGraves)
  const over = new Set(spare.map(([place]) => place))
  for (const { id, desired, owned, stance } of graves.size === 0 ? [] : findings) {
    const name = externalNameOf(world, desired, owned)
    // It is declared again, or was left alone on purpose.
    if (name !== undefined && (desired || stance === 'released')) over.add(placeOf(kindOf(id), name))
  }
  return [
    ...dug.map(({ place, grave }): LedgerEntry => ({ type: 'bury', place, grave })),
    ...[...over]
      .filter((place) => graves.has(place) && !known.has(place))
      .map((place): LedgerEntry => ({ type: 'exhume', place })),
  ]
}

/** Of what was to be deleted and is gone. */
function graveOf(
  world: Pick<World, 'reconcilers'>,
  { id, desired, owned, stance }: Finding,
  at: number,
): readonly { readonly place: string; readonly grave: Grave }[] {
  if (desired || !owned || stance !== 'absent') return []
  const { leavesMark, deletionDefault } = reconcilerOf(world, kindOf(id))
  const policy = owned.deletionPolicy ?? deletionDefault[owned.origin]
  if (!leavesMark || policy !== 'Delete') return []
  return [{ place: placeOf(kindOf(id), owned.externalName), grave: { id, origin: owned.origin, at } }]
}

/** Where something is declared, or owned. */
function placesOf(
  world: Pick<World, 'reconcilers'>,
  declaration: Declaration,
  { inventory }: Pick<LedgerView, 'inventory'>,
): ReadonlySet<string> {
  const places = new Set<string>()
  for (const { id, externalName } of inventory.values()) places.add(placeOf(kindOf(id), externalName))
  for (const resource of declaration.resources) {
    const name = externalNameOf(world, resource, undefined)
    if (name !== undefined) places.add(placeOf(resource.kind, name))
  }
  return places
}

/** A mark names the resource; what that was called before bears the same, under an id of its own. */
function isOf(id: ResourceId, marked: ResourceId): boolean {
  return id === marked || successorOf(id) === marked
}
