import type { NetlifyClient, Site } from '../../clients/netlify/client.ts'
import type { Deploy } from '../../clients/netlify/deploy-record.ts'
import type { Clock } from '../../core/clock.ts'
import { lossesOf } from './carry.ts'
import type { DeployContent } from './deploy-content.ts'

/** Milliseconds between the two readings that a loss must be seen in. */
const readingsApart = 1000

/** What a deploy of ours turned out to be. */
export type Proof =
  | { readonly type: 'whole' }
  | { readonly type: 'lacking'; readonly losses: readonly string[] }
  /** Somebody published another one meanwhile: what the site shows now is not ours to judge. */
  | { readonly type: 'overtaken' }

/** Looks whether a published deploy lost anything. Only what two readings show, while it is published, is believed. */
export async function proveDeploy(
  made: {
    readonly netlify: NetlifyClient
    readonly clock: Clock
    readonly site: Site
    readonly before: Deploy | undefined
    readonly deployId: string
    readonly content: DeployContent
  },
  signal: AbortSignal,
): Promise<Proof> {
  const first = await look(made, signal)
  if (first.type !== 'lacking') return first
  await made.clock.sleep(readingsApart, signal)
  return look(made, signal)
}

async function look(
  { netlify, site, before, deployId, content }: Parameters<typeof proveDeploy>[0],
  signal: AbortSignal,
): Promise<Proof> {
  const [after, files] = await Promise.all([
    netlify.getDeploy(site.id, deployId, signal),
    netlify.listFiles(site.id, signal),
  ])
  // Files are told of whatever is published at that moment.
  const { publishedId } = (await netlify.findSite(site.id, signal)) ?? {}
  if (publishedId !== deployId) return { type: 'overtaken' }
  const functions = Object.keys(content.digest.functions)
  const losses = lossesOf({ files: content.files, functions }, { before, after, files })
  return losses.length === 0 ? { type: 'whole' } : { type: 'lacking', losses }
}
