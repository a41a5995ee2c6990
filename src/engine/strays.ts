import type { Declaration } from '../core/declaration.ts'
import type { Duration } from '../core/duration.ts'
import type { LedgerEntry, LedgerView } from '../core/ledger.ts'
import type { Stray } from '../core/ownership.ts'
import type { Observation } from '../core/reconciler.ts'
import { resourceId } from '../core/resource.ts'
import { isSameJson } from './canonical.ts'
import type { World } from './world.ts'

/** What went so lately, in ms, may be listed a while longer. */
const listedLate: Duration = 30_000

/**
 * Things that bear our fleet's mark and that nobody declares and our inventory does not know: left behind by a store that
 * is lost, or brought back by their vendor after they were gone. They are told of and never touched, because a mark alone
 * justifies nothing. By kind; what was not read, and what broken or partial manifests may declare after all, is as it was
 * known before.
 */
export function findStrays(
  world: Pick<World, 'fleet' | 'store' | 'reconcilers'>,
  declaration: Declaration,
  view: LedgerView,
  {
    observations,
    now,
  }: { readonly observations: ReadonlyMap<string, Observation<unknown>>; readonly now: number },
): ReadonlyMap<string, readonly Stray[]> {
  const strays = new Map(view.strays)
  if (!declaration.isWhole || !declaration.isComplete) return strays
  for (const [kind, { marked }] of observations) {
    if (!marked) continue
    const names = new Set([
      ...declaration.resources
        .filter((resource) => resource.kind === kind)
        .map((resource) => world.reconcilers.get(kind)?.externalName(resource)),
      ...[...view.inventory.values()].map(({ externalName }) => externalName),
    ])
    const found = new Map<string, Stray>()
    for (const { externalName, mark, isMarkAlive } of marked) {
      const isOfOurs = mark.fleet === world.fleet.name && mark.environment === (world.fleet.environment ?? '')
      if (!isOfOurs || names.has(externalName)) continue
      // What bears our own store's mark without a row, and was not gone before, was let go on purpose.
      const isOwn = mark.store === world.store.id
      if (isOwn ? !isBack(view.gone?.get(resourceId(kind, externalName)), now) : isMarkAlive) continue
      found.set(externalName, { id: mark.id, externalName })
    }
    const list = [...found.values()].sort((a, b) => (a.externalName < b.externalName ? -1 : 1))
    if (list.length > 0) strays.set(kind, list)
    else strays.delete(kind)
  }
  return strays
}

/** A time ahead of now is from before the clock was set back. */
function isBack(goneAt: number | undefined, now: number): boolean {
  return goneAt !== undefined && (goneAt > now || now - goneAt > listedLate)
}

/** Writes down what changed among them, each new one with an event. */
export function recordStrays(
  before: LedgerView['strays'],
  after: ReadonlyMap<string, readonly Stray[]>,
  now: number,
): readonly LedgerEntry[] {
  const kinds = new Set([...(before?.keys() ?? []), ...after.keys()])
  return [...kinds].flatMap((kind): readonly LedgerEntry[] => {
    const [old, strays] = [before?.get(kind) ?? [], after.get(kind) ?? []]
    if (isSameJson(old, strays)) return []
    const known = new Set(old.map(({ externalName }) => externalName))
    const fresh = strays.filter(({ externalName }) => !known.has(externalName))
    return [
      { type: 'strays', kind, strays },
      ...fresh.map(
        ({ id, externalName }): LedgerEntry => ({
          type: 'event',
          event: {
            at: now,
            type: 'Warning',
            reason: 'Stray',
            id,
            message: `${externalName} bears this fleet's mark, is not declared, and is not in this state's inventory; it is left alone`,
          },
        }),
      ),
    ]
  })
}
