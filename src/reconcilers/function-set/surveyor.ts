import type { NetlifyClient, SiteFile } from '../../clients/netlify/client.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { FunctionSetAction } from './action.ts'
import { obstaclesTo } from './carry.ts'
import { refusedDeploy } from './deploy-content.ts'
import type { DeployProver } from './deploy-proof.ts'
import type { Memories } from './memory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { assertStillPublished } from './overtaken.ts'
import type { PublishedFiles } from './published-files.ts'
import { lockOf } from './refusal.ts'
import { leftoversOf } from './site-functions.ts'
import { readSite, type SiteReading } from './site-reader.ts'
import type { FunctionSource } from './source.ts'
import { named } from './title.ts'

/** Reads a site anew before it is acted on: the world may have moved on since the action was decided. */
export class Surveyor {
  readonly #netlify: NetlifyClient
  readonly #memories: Memories
  readonly #files: PublishedFiles
  readonly #prover: DeployProver

  constructor(parts: {
    readonly netlify: NetlifyClient
    readonly memories: Memories
    readonly files: PublishedFiles
    readonly prover: DeployProver
  }) {
    this.#netlify = parts.netlify
    this.#memories = parts.memories
    this.#files = parts.files
    this.#prover = parts.prover
  }

  /** Rejects where the site is gone, or publishes another deploy than the one that the action was decided on. */
  async readAgain(action: FunctionSetAction, signal: AbortSignal): Promise<SiteReading> {
    const asked = { ...action, nameOrId: action.site, signal }
    const reading = await readSite(this.#netlify, this.#memories, asked)
    if (!reading) throw new ReconcileError('RemoteChanged', `Could not ${action.summary}: the site is gone`)
    assertStillPublished(action, reading.published?.id)
    return reading
  }

  async assertNotOvertaken(action: FunctionSetAction, signal: AbortSignal): Promise<void> {
    const site = await this.#netlify.findSite(action.site, signal)
    assertStillPublished(action, site?.publishedId)
  }

  /** Whether what is to be deleted is on the site no more, whoever took it off. */
  async isGone({ desired, dropped, ...asked }: FunctionSetAction, signal: AbortSignal): Promise<boolean> {
    if (desired) return false
    const reading = await readSite(this.#netlify, this.#memories, { ...asked, nameOrId: asked.site, signal })
    // What is not shown is not known to be gone.
    if (!reading) return false
    const there = new Set(reading.published?.functions?.map(({ name }) => name))
    return !dropped.some((name) => there.has(name))
  }

  /** Reads all that must stay; rejects where any of it could not be carried, or more would go than was decided. */
  async survey(
    action: FunctionSetAction,
    { source, signal }: { readonly source: FunctionSource; readonly signal: AbortSignal },
  ): Promise<{ readonly reading: SiteReading; readonly files: readonly SiteFile[] }> {
    const { desired } = action
    const reading = await this.readAgain(action, signal)
    // What it lost would be lost for good under another deploy.
    await this.#prover.proveEarlier(action.owner, reading, signal)
    const { site, published } = reading
    const lock = lockOf(reading)
    if (lock !== undefined) throw refusedDeploy(action, lock)
    const deployId = published?.id
    const files =
      deployId === undefined ? [] : await this.#files.list(this.#netlify, { site, deployId }, signal)
    await this.assertNotOvertaken(action, signal)
    if (!files) throw refusedDeploy(action, `deploy ${deployId} was not published for a moment`)
    const { kept, dropped } = leftoversOf(observedOf(reading, source), desired)
    const unexpected = dropped.filter((name) => !action.dropped.includes(name))
    if (unexpected.length > 0) {
      throw new ReconcileError(
        'RemoteChanged',
        `Did not ${action.summary}: ${named(unexpected)} would go as well`,
      )
    }
    const mayLoseUnknown = desired?.controls.adopt ?? false
    const obstacles = obstaclesTo({ published, files, kept, mayLoseUnknown })
    if (obstacles.length > 0) throw refusedDeploy(action, obstacles.join('; '))
    return { reading, files }
  }
}

/** What a deploy is decided on: the site and its source, and nothing that only a whole reading looks at. */
export function observedOf(reading: SiteReading, source: FunctionSource): ObservedFunctionSet {
  return { ...reading, source, obstacles: undefined, env: [], verified: [], inventory: undefined }
}
