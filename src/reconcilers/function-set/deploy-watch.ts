import type { NetlifyClient, Site } from '../../clients/netlify/client.ts'
import { type Deploy, unfinishedStates } from '../../clients/netlify/deploy-record.ts'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'

/** Milliseconds between two looks at a deploy under way, growing. */
const pollPauses = Object.freeze({ first: 50, longest: 2000, factor: 2 })

/** Milliseconds that Netlify may take to publish what is ready. */
const publishDeadline = 60_000

/** Waits for what Netlify does in its own time. Each wait ends with its signal. */
export class DeployWatch {
  readonly #netlify: NetlifyClient
  readonly #clock: Clock

  constructor(netlify: NetlifyClient, clock: Clock) {
    this.#netlify = netlify
    this.#clock = clock
  }

  /** Of many entries Netlify says only after a while what it lacks. */
  async awaitRequired(siteId: string, deploy: Deploy, signal: AbortSignal): Promise<Deploy> {
    const isPrepared = ({ state }: Deploy) => !['new', 'enqueued', 'accepted', 'preparing'].includes(state)
    return isPrepared(deploy)
      ? this.#withRequired(siteId, deploy, signal)
      : this.#poll(siteId, deploy.id, { isPrepared, signal })
  }

  /** A list of deploys does not say what each one lacks. */
  async #withRequired(siteId: string, deploy: Deploy, signal: AbortSignal): Promise<Deploy> {
    const isTold =
      deploy.requiredFiles.length + deploy.requiredFunctions.length > 0 || deploy.state === 'ready'
    return isTold ? deploy : this.#netlify.getDeploy(siteId, deploy.id, signal)
  }

  /** Resolves when it is ready; rejects where Netlify could not make it. */
  async awaitState(siteId: string, deployId: string, signal: AbortSignal): Promise<void> {
    const isPrepared = ({ state }: Deploy) => !unfinishedStates.has(state)
    const { state, error } = await this.#poll(siteId, deployId, { isPrepared, signal })
    if (state === 'ready') return
    throw new ReconcileError(
      'RemoteRefused',
      `Netlify could not make deploy ${deployId} (${state}): ${error}`,
    )
  }

  async #poll(
    siteId: string,
    deployId: string,
    until: { readonly isPrepared: (deploy: Deploy) => boolean; readonly signal: AbortSignal },
  ): Promise<Deploy> {
    const { isPrepared, signal } = until
    for (
      let pause: number = pollPauses.first;
      ;
      pause = Math.min(pollPauses.longest, pause * pollPauses.factor)
    ) {
      const deploy = await this.#netlify.getDeploy(siteId, deployId, signal)
      if (isPrepared(deploy)) return deploy
      await this.#clock.sleep(pause, signal)
    }
  }

  /** Resolves when it is what visitors get; rejects where somebody published another one than what was there before. */
  async awaitPublished(
    { id }: Site,
    made: { readonly deployId: string; readonly before: string | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { deployId, before } = made
    const end = this.#clock.monotonic() + publishDeadline
    for (
      let pause: number = pollPauses.first;
      ;
      pause = Math.min(pollPauses.longest, pause * pollPauses.factor)
    ) {
      const site = await this.#netlify.findSite(id, signal)
      if (site?.publishedId === deployId) return
      if (site?.publishedId !== before) {
        throw new ReconcileError(
          'RemoteChanged',
          `Deploy ${deployId} is ready, and deploy ${site?.publishedId ?? 'none'} of somebody else was published meanwhile`,
        )
      }
      if (this.#clock.monotonic() > end) {
        throw new ReconcileError(
          'RemoteRefused',
          `Deploy ${deployId} is ready and Netlify does not publish it: ${site?.publishedId ?? 'none'} stays published`,
        )
      }
      await this.#clock.sleep(pause, signal)
    }
  }
}
