import type { Diagnostic } from '../core/diagnostic.ts'
import type { AnyReconciler } from '../core/reconciler.ts'
import { kindOf, nameOf, type ResourceId, resourceId } from '../core/resource.ts'
import type { Layered } from './environment.ts'
import { printable } from './excerpt.ts'
import { Faults } from './faults.ts'
import { suggestId } from './suggest.ts'
import { childOf } from './tree.ts'

export type Link = 'dependsOn' | 'fallback'
/** Fields by which a resource names others that it waits for. */
export const links: readonly Link[] = ['dependsOn', 'fallback']

/** What else is known beside the drafts when links are judged. */
export interface Surroundings {
  readonly reconcilers: ReadonlyMap<string, AnyReconciler>
  /** Ids that broken files declare: a link to one is not a link to nothing. */
  readonly broken: ReadonlySet<ResourceId>
  /** Whether all manifests were read, so that what is not among them does not exist. */
  readonly isWhole: boolean
}

/** Judges the links of one document, valid or not: a misspelt name is told beside its other faults. */
export function checkTargets(
  document: Layered,
  known: ReadonlySet<ResourceId>,
  surroundings: Surroundings,
): readonly Diagnostic[] {
  const { reconcilers, broken, isWhole } = surroundings
  const faults = new Faults(document.root)
  const spec = childOf(document.root, 'spec')
  const told = new Set<ResourceId>()
  for (const link of links) {
    const list = childOf(spec, link)
    for (const [index, item] of (list?.type === 'list' ? list.items : []).entries()) {
      const value = item.type === 'scalar' ? item.value : undefined
      if (typeof value !== 'string' || !value.includes('/')) continue
      const id = resourceId(value.slice(0, value.indexOf('/')), value.slice(value.indexOf('/') + 1))
      const path = ['spec', link, String(index)]
      if (!known.has(id) && !broken.has(id)) {
        if (told.has(id)) continue
        told.add(id)
        const meant = suggestId(
          id,
          [...known].filter((other) => nameOf(other) !== '' && other !== document.id),
        )
        faults.add(path, {
          code: isWhole ? 'unknown-reference' : 'reference-not-read',
          message: `${printable(id)} is not ${isWhole ? 'declared' : 'in the files that were named'}, and ${document.id} names it in \`${link}\``,
          hint: meant ? `Did you mean ${meant}?` : undefined,
        })
      } else if (link === 'fallback' && reconcilers.get(kindOf(id))?.canBeFallback === false) {
        faults.add(path, {
          code: 'fallback-kind',
          message: `A ${kindOf(id)} cannot be a fallback, and ${document.id} names ${id}`,
          hint: 'Name a resource that can stand by without running.',
        })
      }
    }
  }
  return faults.diagnostics
}
