import type { NetlifyClient } from '../../clients/netlify/client.ts'
import { type Deploy, unfinishedStates } from '../../clients/netlify/deploy-record.ts'
import type { Clock } from '../../core/clock.ts'
import { formatDuration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { FunctionSetAction } from './action.ts'
import type { DeployContent } from './deploy-content.ts'
import type { DeployWatch } from './deploy-watch.ts'
import type { SiteReading } from './site-reader.ts'
import type { Surveyor } from './surveyor.ts'
import { isOfStore, isSameDeploy } from './title.ts'

/** Netlify takes 3 deploys a minute of a site ("Deploys are rate limited to 3 deploys/minute", answers.netlify.com 70319). */
const deployLimit = Object.freeze({ count: 3, within: 60_000 })

/** Takes up the deploy of an earlier try, or begins one. Other tries of ours that never ended are ended. */
export async function beginDeploy(
  action: FunctionSetAction,
  {
    content,
    reading,
    signal,
  }: { readonly content: DeployContent; readonly reading: SiteReading; readonly signal: AbortSignal },
  {
    netlify,
    clock,
    watch,
    surveyor,
  }: {
    readonly netlify: NetlifyClient
    readonly clock: Clock
    readonly watch: DeployWatch
    readonly surveyor: Surveyor
  },
): Promise<Deploy> {
  const { site, published } = reading
  const { title, digest } = content
  const deploys = await netlify.listDeploys(site.id, signal)
  const same = deploys.filter((deploy) => isSameDeploy(deploy.title, title))
  const begun = same.find(({ state }) => unfinishedStates.has(state))
  const stale = deploys.filter((deploy) => deploy !== begun && isOwnTry(deploy, action))
  for (const deploy of stale) await netlify.cancelDeploy(deploy.id, signal)
  if (begun) return watch.awaitRequired(site.id, begun, signal)
  // Ready, newer than what is published, and never live: the site was locked then, or it is about to go live by itself.
  const ready = same.find(
    ({ state, createdAt }) => state === 'ready' && createdAt > (published?.createdAt ?? 0),
  )
  if (ready?.publishedAt === 0) {
    await surveyor.assertNotOvertaken(action, signal)
    await netlify.restoreDeploy(site.id, ready.id, signal)
    return ready
  }
  const wait = waitForTurn(deploys, clock.now() + netlify.clockAhead)
  if (wait > 0) {
    throw new ReconcileError(
      'RateLimited',
      `Netlify takes 3 deploys of a site a minute; it goes on in ${formatDuration(Math.max(1000, wait))}`,
    )
  }
  // Where Netlify lacks nothing it goes live at once.
  await surveyor.assertNotOvertaken(action, signal)
  const made = await netlify.createDeploy(site.id, { title, digest }, signal)
  return watch.awaitRequired(site.id, made, signal)
}

/** Milliseconds until Netlify takes another deploy, by its own clock; the deploys are newest first. */
function waitForTurn(deploys: readonly Deploy[], now: number): number {
  const first = deploys[deployLimit.count - 1]
  return first ? first.createdAt + deployLimit.within - now : 0
}

/** Whether it is under way, and of this store: a try of another one may be under way there. */
function isOwnTry({ state, title }: Deploy, { owner }: FunctionSetAction): boolean {
  return unfinishedStates.has(state) && isOfStore(title, owner)
}
