import type { NetlifyClient, Site } from '../../clients/netlify/client.ts'
import type { Deploy } from '../../clients/netlify/deploy-record.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { DeployRecord, Memories, SiteMemory } from './memory.ts'
import { type DeployOwner, parseTitle } from './title.ts'

/** What two calls say of a site. */
export interface SiteReading {
  readonly site: Site
  readonly published: Deploy | undefined
  readonly record: DeployRecord | undefined
  readonly memory: SiteMemory
  /** Functions that are ours: those go when their files go. */
  readonly managed: readonly string[]
}

/** Reads a site and what it publishes; undefined: there is no such site. */
export async function readSite(
  netlify: NetlifyClient,
  memories: Memories,
  asked: {
    readonly nameOrId: string
    readonly owner: DeployOwner
    /** Whether the inventory gives it to us: what another id of ours deployed is ours then, it was renamed. */
    readonly isOwned: boolean
    readonly signal: AbortSignal
  },
): Promise<SiteReading | undefined> {
  const site = await netlify.findSite(asked.nameOrId, asked.signal)
  if (!site) return undefined
  const { publishedId } = site
  const published =
    publishedId === undefined ? undefined : await netlify.getDeploy(site.id, publishedId, asked.signal)
  // A function that is not told of would look as if it were not there, and be dropped.
  if (published && !published.functions) {
    throw new ReconcileError(
      'RemoteAnswerInvalid',
      `Could not read the functions of deploy ${published.id}: it is published, and Netlify calls it ${published.state}`,
    )
  }
  const record = published && (await memories.deploy(published.title))
  const memory = await memories.site(site.id)
  const isOurs = (id: ResourceId | undefined) => id === asked.owner.id || (id !== undefined && asked.isOwned)
  const managed =
    record && isOurs(parseTitle(record.title)?.id)
      ? record.managed
      : isOurs(memory.owner)
        ? memory.managed
        : []
  return { site, published, record, memory, managed }
}
