import type { NetlifyClient, Site } from '../../clients/netlify/client.ts'
import type { Deploy } from '../../clients/netlify/deploy-record.ts'
import type { DeployRecord, Memories, SiteMemory } from './memory.ts'

/** What two calls say of a site. */
export interface SiteReading {
  readonly site: Site
  readonly published: Deploy | undefined
  readonly record: DeployRecord | undefined
  readonly memory: SiteMemory
}

/** Reads a site and what it publishes; undefined: there is no such site. */
export async function readSite(
  netlify: NetlifyClient,
  memories: Memories,
  asked: { readonly nameOrId: string; readonly signal: AbortSignal },
): Promise<SiteReading | undefined> {
  const site = await netlify.findSite(asked.nameOrId, asked.signal)
  if (!site) return undefined
  const { publishedId } = site
  const published =
    publishedId === undefined ? undefined : await netlify.getDeploy(site.id, publishedId, asked.signal)
  return {
    site,
    published,
    record: published && (await memories.deploy(published.title)),
    memory: await memories.site(site.id),
  }
}
