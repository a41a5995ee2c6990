import type { NetlifyClient, Site, SiteFile } from '../../clients/netlify/client.ts'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import { lossesOf } from './carry.ts'
import type { DeployRecord, Memories } from './memory.ts'
import type { PublishedFiles } from './published-files.ts'
import type { SiteReading } from './site-reader.ts'
import type { DeployOwner } from './title.ts'
import { isUnproven } from './unproven.ts'

/** Milliseconds between the two readings that a loss must be seen in. */
const readingsApart = 1000

/** A published deploy of ours, and what it must hold. */
interface Made {
  readonly site: Site
  readonly deployId: string
  readonly record: DeployRecord
  /** Its files, or, where only that was written down, how many they are. */
  readonly files: readonly SiteFile[] | number
}

/** What a deploy of ours turned out to be. */
type Proof =
  | { readonly type: 'whole' }
  | { readonly type: 'lacking'; readonly losses: readonly string[] }
  /** Somebody published another one meanwhile: what the site shows now is not ours to judge. */
  | { readonly type: 'overtaken' }

/**
 * The last proof of a deploy. What it must hold is in its record from before it is begun, until this has ended, so that a
 * proof that is cut off is done by whoever comes next.
 */
export class DeployProver {
  readonly #netlify: NetlifyClient
  readonly #memories: Memories
  readonly #files: PublishedFiles
  readonly #clock: Clock

  constructor(parts: {
    readonly netlify: NetlifyClient
    readonly memories: Memories
    readonly files: PublishedFiles
    readonly clock: Clock
  }) {
    this.#netlify = parts.netlify
    this.#memories = parts.memories
    this.#files = parts.files
    this.#clock = parts.clock
  }

  /**
   * Where anything is missing after all, what was published before is published again at once, and it rejects. What
   * somebody else published since is left alone. Resolves to whether ours is still there.
   */
  async prove(made: Made, signal: AbortSignal): Promise<boolean> {
    const { site, deployId, record } = made
    const { base } = record.unproven ?? {}
    const proof = await this.#look(made, signal)
    if (proof.type === 'overtaken') return false
    const proven = { ...record, unproven: undefined }
    if (proof.type === 'whole' || base === undefined) {
      await this.#memories.keepDeploy(proven, record.title)
      return true
    }
    // Remembered first: the same thing is not published, and taken back, again and again.
    const { losses } = proof
    const why = `it lacked ${losses.join(', ')}`
    const rolledBack = { from: deployId, to: base, fingerprint: record.fingerprint, why, isLoss: true }
    await this.#memories.keepSite(site.id, { rolledBack })
    await this.#netlify.restoreDeploy(site.id, base, signal)
    // Whoever publishes it again knows better.
    await this.#memories.keepDeploy(proven, record.title)
    throw new ReconcileError(
      'RemoteRefused',
      `Deploy ${deployId} lacks ${losses.join(', ')}; deploy ${base} is published again`,
    )
  }

  /** Proves what is published, where it is ours and its proof was cut off. */
  async proveEarlier(owner: DeployOwner, reading: SiteReading, signal: AbortSignal): Promise<void> {
    const { site, published, record } = reading
    if (!published || !record?.unproven || !isUnproven(reading, owner)) return
    const made = { site, deployId: published.id, record, files: record.unproven.files }
    if (!(await this.prove(made, signal))) return
    const { managed } = record
    const changed = { owner: owner.id, deployed: published.id, managed, rolledBack: undefined }
    await this.#memories.keepSite(site.id, changed)
  }

  /** Only what two readings show, while it is published, is believed. */
  async #look(made: Made, signal: AbortSignal): Promise<Proof> {
    const first = await this.#lookOnce(made, signal)
    if (first.type !== 'lacking') return first
    await this.#clock.sleep(readingsApart, signal)
    return this.#lookOnce(made, signal)
  }

  async #lookOnce({ site, deployId, record, files }: Made, signal: AbortSignal): Promise<Proof> {
    const [after, found] = await Promise.all([
      this.#netlify.getDeploy(site.id, deployId, signal),
      this.#netlify.listFiles(site.id, signal),
    ])
    // Files are told of whatever is published at that moment.
    const { publishedId } = (await this.#netlify.findSite(site.id, signal)) ?? {}
    if (publishedId !== deployId) return { type: 'overtaken' }
    const wanted = { files, functions: Object.keys(record.functions), rules: record.unproven?.rules }
    const losses = lossesOf(wanted, { after, files: found })
    if (losses.length > 0) return { type: 'lacking', losses }
    this.#files.keep({ site, deployId }, found)
    return { type: 'whole' }
  }
}
