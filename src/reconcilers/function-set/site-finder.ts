import type { NetlifyClient } from '../../clients/netlify/client.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Memories } from './memory.ts'
import { readSite, type SiteReading } from './site-reader.ts'
import type { DeployOwner } from './title.ts'

/**
 * Reads the site that is called so, or that was when it was last seen. Rejects where it is not seen, and only that is
 * known; undefined: it is not there any more.
 */
export async function findSite(
  { netlify, memories }: { readonly netlify: NetlifyClient; readonly memories: Memories },
  wanted: {
    readonly name: string
    readonly owner: DeployOwner
    readonly isDeclared: boolean
    readonly isOwned: boolean
  },
  signal: AbortSignal,
): Promise<SiteReading | undefined> {
  const { name, owner, isOwned } = wanted
  const read = (nameOrId: string) => readSite(netlify, memories, { nameOrId, owner, isOwned, signal })
  const reading = await read(name)
  if (reading) {
    await memories.keepPlace(name, { siteId: reading.site.id, account: reading.site.account })
    return reading
  }
  const place = await memories.place(name)
  const renamed = place && name !== place.siteId ? await read(place.siteId) : undefined
  if (renamed && !wanted.isDeclared) return renamed
  if (renamed) {
    throw new ReconcileError(
      'RemoteChanged',
      `Could not read the site ${name}: it is called ${renamed.site.name} now; correct \`site\``,
    )
  }
  // Netlify answers the same for what does not exist and for what this credential may not see.
  if (place && (await netlify.listAccounts(signal)).includes(place.account)) return undefined
  throw new ReconcileError(
    'PermissionMissing',
    `Netlify shows no site ${name} to this credential: it does not exist, or it is of a team that the credential may not see`,
  )
}
