import type { Declaration } from '../core/declaration.ts'
import { messageOf, ReconcileError } from '../core/errors.ts'
import type { LedgerView } from '../core/ledger.ts'
import type { Observation, Reading, Wanted } from '../core/reconciler.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import { withDeadline } from './deadline.ts'
import { externalNameOf, intentsByPlace, movedRows, type Scope, unconfirmedOf } from './pair.ts'
import type { World } from './world.ts'

/**
 * Reads every domain of the scope, all at once, each with its own deadline. A domain that fails makes its
 * resources unreadable and leaves the others alone.
 */
export async function observe(
  world: World,
  input: { readonly declaration: Declaration; readonly view: LedgerView; readonly scope: Scope },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Observation<unknown>>> {
  const wanted = wantedByKind(world, input)
  const observed = await Promise.all(
    [...wanted].map(async ([kind, list]) => [kind, await observeKind(world, kind, list, signal)] as const),
  )
  return new Map(observed)
}

/** Reads one domain; never rejects but for the caller's abort. */
export async function observeKind(
  world: World,
  kind: string,
  wanted: readonly Wanted<unknown>[],
  signal: AbortSignal,
): Promise<Observation<unknown>> {
  try {
    return await withDeadline(
      { clock: world.clock, duration: world.deadlines.observe, what: `Reading ${kind}`, signal },
      async (inner) => (await world.connect(kind)).observe(wanted, inner),
    )
  } catch (error) {
    if (signal.aborted) throw error
    const code = error instanceof ReconcileError ? error.code : 'Internal'
    const reading: Reading<unknown> = {
      type: 'unreadable',
      code,
      message: messageOf(error),
      isDomainWide: true,
    }
    world.logger.warn({ kind, code, error: messageOf(error) }, 'domain could not be read')
    return { observedAt: world.clock.now(), readings: new Map(wanted.map(({ id }) => [id, reading])) }
  }
}

function wantedByKind(
  world: World,
  {
    declaration,
    view,
    scope,
  }: { readonly declaration: Declaration; readonly view: LedgerView; readonly scope: Scope },
): ReadonlyMap<string, readonly Wanted<unknown>[]> {
  const desired = new Map(declaration.resources.map((resource) => [resource.id, resource]))
  const moved = movedRows(world, declaration, view)
  const open = intentsByPlace(view)
  const byKind = new Map<string, Wanted<unknown>[]>()
  const ask = (id: ResourceId) => {
    const kind = kindOf(id)
    if (!world.reconcilers.has(kind)) return
    const list = byKind.get(kind) ?? []
    const owned = view.inventory.get(id) ?? moved.givenTo.get(id)
    const name = externalNameOf(world, desired.get(id), owned)
    const unconfirmed = unconfirmedOf(id, name, open)
    list.push({ id, desired: desired.get(id), owned, unconfirmed, resumedAt: view.resumedAt.get(id) })
    byKind.set(kind, list)
  }
  for (const id of scope.targets) ask(id)
  for (const id of scope.context) ask(id)
  return byKind
}
