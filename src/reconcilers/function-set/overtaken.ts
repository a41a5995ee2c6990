import type { NetlifyClient } from '../../clients/netlify/client.ts'
import type { Deploy } from '../../clients/netlify/deploy-record.ts'
import { isErrorOf, ReconcileError } from '../../core/errors.ts'
import type { FunctionSetAction } from './action.ts'
import type { Memories } from './memory.ts'
import { isOfStore } from './title.ts'

/** Rejects where another deploy is published than the one that an action was decided on. */
export function assertStillPublished(action: FunctionSetAction, publishedId: string | undefined): void {
  if (publishedId === action.publishedId) return
  throw new ReconcileError(
    'RemoteChanged',
    `Did not ${action.summary}: deploy ${publishedId ?? 'none'} was published meanwhile`,
  )
}

/**
 * The deploy of an earlier try of ours that went live since an action was decided: a pass that was killed leaves Netlify
 * at work. Undefined: there is none. Nobody was quicker than we then, and what remains to be done is done on top of it.
 * What is older than what was decided on was published by a person, who is not contradicted.
 */
export async function ownDeploySince(
  { netlify, memories }: { readonly netlify: NetlifyClient; readonly memories: Memories },
  { action, error }: { readonly action: FunctionSetAction; readonly error: unknown },
  signal: AbortSignal,
): Promise<Deploy | undefined> {
  if (!isErrorOf(error, 'RemoteChanged')) return undefined
  const site = await netlify.findSite(action.site, signal)
  if (site?.publishedId === undefined || site.publishedId === action.publishedId) return undefined
  // One that was seen to its end is no try that was cut off: what was decided before it is done.
  if ((await memories.site(site.id)).deployed === site.publishedId) return undefined
  const live = await netlify.getDeploy(site.id, site.publishedId, signal)
  // What another store of the fleet deploys is a try of somebody who may be at work.
  if (!isOfStore(live.title, action.owner)) return undefined
  if (action.publishedId === undefined) return live
  const before = await netlify.getDeploy(site.id, action.publishedId, signal)
  return live.createdAt > before.createdAt ? live : undefined
}
