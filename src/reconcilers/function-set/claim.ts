import type { Claim } from '../../core/reconciler.ts'
import type { ObservedFunctionSet } from './observed.ts'
import type { DesiredFunctionSet } from './place.ts'
import { parseTitle } from './title.ts'

/**
 * Whose a site is by the title of what it publishes. A site without one of this program is taken over as it is: a deploy
 * changes nothing but what is declared, and functions of others are compared one by one. Whether the store that a title
 * names still exists somewhere cannot be known.
 */
export function claimFunctionSet(_: DesiredFunctionSet | undefined, observed: ObservedFunctionSet): Claim {
  const { published, rival } = observed
  const title = published && parseTitle(published.title)
  return {
    mark: title && {
      fleet: title.fleet,
      environment: title.environment,
      store: title.store,
      id: title.id,
      origin: 'adopted',
      hash: title.functions,
    },
    isMarkAlive: false,
    matches: true,
    differs: [],
    ...(rival && {
      rival: `the site ${observed.site.name} (${observed.site.id}) is ${rival}'s, which names it in another way: one resource a site`,
    }),
  }
}
