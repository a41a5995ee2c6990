import { readFile } from 'node:fs/promises'
import type { DeployDigest, NetlifyClient, SiteFile } from '../../clients/netlify/client.ts'
import { type Deploy, unfinishedStates } from '../../clients/netlify/deploy-record.ts'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { type ResourceId, resourceId } from '../../core/resource.ts'
import type { FunctionSetAction } from './action.ts'
import { faultOfBundling } from './bundle-fault.ts'
import { lossesOf, obstaclesTo } from './carry.ts'
import { DeployWatch } from './deploy-watch.ts'
import { driftOf } from './drift.ts'
import { fingerprintOf, fingerprintOfFiles } from './fingerprint.ts'
import { type Memories, takenBackBefore } from './memory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { leftoversOf } from './site-functions.ts'
import { readSite, type SiteReading } from './site-reader.ts'
import type { FunctionSource, SourceReader } from './source.ts'
import { named, titleOf, titlesOf } from './title.ts'
import { wantedFunctions } from './wanted-deploy.ts'

/** How many functions are uploaded at once; the command line tool does as many. */
const uploadsAtOnce = 5

/** Netlify takes 3 deploys a minute of a site ("Deploys are rate limited to 3 deploys/minute", answers.netlify.com 70319). */
const deployLimit = Object.freeze({ count: 3, within: 60_000 })

/** Codes of errors that say nothing of the deploy itself: it is taken up again the next time. */
const passing: ReadonlySet<string> = new Set([
  'RemoteUnavailable',
  'OutcomeUnknown',
  'RateLimited',
  'RemoteAnswerInvalid',
  'LeaseLost',
])

/** What one deploy is made of. */
interface Manifest {
  readonly id: ResourceId
  readonly title: string
  readonly digest: DeployDigest
  readonly files: readonly SiteFile[]
  readonly source: FunctionSource
}

/** Makes deploys: all that must be there, all that must stay, and nothing sent that Netlify has. */
export class Deployer {
  readonly #netlify: NetlifyClient
  readonly #memories: Memories
  readonly #sources: SourceReader
  readonly #clock: Clock
  readonly #watch: DeployWatch
  readonly #logger: Logger

  constructor(parts: {
    readonly netlify: NetlifyClient
    readonly memories: Memories
    readonly sources: SourceReader
    readonly clock: Clock
    readonly logger: Logger
  }) {
    this.#netlify = parts.netlify
    this.#memories = parts.memories
    this.#sources = parts.sources
    this.#clock = parts.clock
    this.#watch = new DeployWatch(parts.netlify, parts.clock)
    this.#logger = parts.logger
  }

  /** One deploy. What it was decided on is read anew; cut off anywhere, it is taken up where it was. */
  deploy(action: FunctionSetAction, signal: AbortSignal): Promise<void> {
    return this.#sources.hold(() => this.#deploy(action, signal))
  }

  async #deploy(action: FunctionSetAction, signal: AbortSignal): Promise<void> {
    if (await this.#isGone(action, signal)) return
    // What stands against it is told before anything is bundled.
    await this.#survey(action, signal)
    const source = await this.#bundle(action, signal)
    const { reading, files } = await this.#survey(action, signal)
    const { site } = reading
    const observed = observedOf(reading, source)
    const manifest = compose(action, { observed, files })
    const isAsked = action.desired && driftOf(observed, action.desired).changes.length === 0
    // What was bundled is what is there already.
    if (isAsked && !reading.memory.isEnvPending) return
    const { rolledBack } = reading.memory
    if (rolledBack?.fingerprint === fingerprintOf(manifest.digest)) {
      throw refused(action, takenBackBefore(rolledBack))
    }
    await this.#memories.keepDeploy({
      title: manifest.title,
      fingerprint: fingerprintOf(manifest.digest),
      functions: manifest.digest.functions,
      schedules: manifest.digest.schedules,
      managed: source.functions.map(({ name }) => name),
    })
    const deploy = await this.#begin(manifest, reading, signal)
    try {
      await this.#upload(deploy, manifest, signal)
      await this.#watch.awaitState(site.id, deploy.id, signal)
    } catch (error) {
      await this.#cancelFailed(deploy.id, error, signal)
      throw error
    }
    await this.#watch.awaitPublished(site, deploy.id, signal)
    await this.#assertNothingLost(reading, { deployId: deploy.id, manifest }, signal)
    await this.#memories.keepSite(site.id, {
      managed: source.functions.map(({ name }) => name),
      isEnvPending: false,
      rolledBack: undefined,
    })
  }

  /** Publishes the last good deploy again. It is remembered first, so that it happens once. */
  async rollBack(action: FunctionSetAction, signal: AbortSignal): Promise<void> {
    const { site, published, record, memory } = await this.#readAgain(action, signal)
    const { lastGood } = memory
    if (!published || lastGood === undefined || lastGood === published.id) return
    await this.#memories.keepSite(site.id, {
      rolledBack: { from: published.id, to: lastGood, fingerprint: record?.fingerprint ?? '' },
    })
    await this.#netlify.restoreDeploy(site.id, lastGood, signal)
    await this.#watch.awaitPublished(site, lastGood, signal)
  }

  /** Starts the site's own build, unless one is under way. */
  async build(action: FunctionSetAction, signal: AbortSignal): Promise<void> {
    const { site } = await this.#readAgain(action, signal)
    const deploys = await this.#netlify.listDeploys(site.id, signal)
    if (deploys.some(({ state, isDraft }) => unfinishedStates.has(state) && !isDraft)) return
    await this.#netlify.startBuild(site.id, `reconciled ${action.desired?.id ?? ''}`.trim(), signal)
    await this.#memories.keepSite(site.id, { isEnvPending: false })
  }

  /** Whether what is to be deleted is on the site no more, whoever took it off. */
  async #isGone({ desired, site, dropped }: FunctionSetAction, signal: AbortSignal): Promise<boolean> {
    if (desired) return false
    const reading = await readSite(this.#netlify, this.#memories, { nameOrId: site, signal })
    const there = new Set(reading?.published?.functions?.map(({ name }) => name))
    return !dropped.some((name) => there.has(name))
  }

  async #bundle(action: FunctionSetAction, signal: AbortSignal): Promise<FunctionSource> {
    if (!action.desired) return noSource
    const done = (count: number, all: number) =>
      this.#logger.info({ id: action.desired?.id, count, all }, 'bundled functions')
    const source = await this.#sources.bundle(action.desired, { signal, done })
    const [problem] = source.problems
    if (problem !== undefined) throw new ReconcileError('ScriptMissing', problem)
    if (source.failures.length > 0) {
      throw new ReconcileError('FunctionNotBundled', faultOfBundling(source.failures), {
        hint: 'Correct it. Nothing was deployed: the site is as it was.',
      })
    }
    return source
  }

  async #readAgain(action: FunctionSetAction, signal: AbortSignal): Promise<SiteReading> {
    const reading = await readSite(this.#netlify, this.#memories, { nameOrId: action.site, signal })
    if (!reading) throw new ReconcileError('RemoteChanged', `Could not ${action.summary}: the site is gone`)
    if (reading.published?.id !== action.publishedId) {
      throw new ReconcileError(
        'RemoteChanged',
        `Did not ${action.summary}: deploy ${reading.published?.id ?? 'none'} was published meanwhile`,
      )
    }
    return reading
  }

  /** Reads all that must stay; rejects where any of it could not be carried, or more would go than was decided. */
  async #survey(
    action: FunctionSetAction,
    signal: AbortSignal,
  ): Promise<{ readonly reading: SiteReading; readonly files: readonly SiteFile[] }> {
    const { desired } = action
    const reading = await this.#readAgain(action, signal)
    const { site, published } = reading
    const files = published ? await this.#netlify.listFiles(site.id, signal) : []
    const source = desired ? await this.#sources.read(desired) : noSource
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
    if (obstacles.length > 0) throw refused(action, obstacles.join('; '))
    return { reading, files }
  }

  /** Takes up the deploy of an earlier try, or begins one. Other tries of ours that never ended are ended. */
  async #begin(manifest: Manifest, { site, published }: SiteReading, signal: AbortSignal): Promise<Deploy> {
    const deploys = await this.#netlify.listDeploys(site.id, signal)
    const ours = deploys.filter(
      ({ title, state }) => title.startsWith(titlesOf(manifest.id)) && unfinishedStates.has(state),
    )
    const same = ours.find(({ title }) => title === manifest.title)
    for (const other of ours) if (other !== same) await this.#netlify.cancelDeploy(other.id, signal)
    if (same) return this.#watch.awaitRequired(site.id, same, signal)
    // Ready and newer than what is published: it goes live by itself in a moment.
    const ready = deploys.find(
      ({ title, state, createdAt }) =>
        title === manifest.title && state === 'ready' && createdAt > (published?.createdAt ?? 0),
    )
    if (ready && ready.publishedAt === 0) return ready
    const since = this.#clock.now() - deployLimit.within
    if (deploys.filter(({ createdAt }) => createdAt > since).length >= deployLimit.count) {
      throw new ReconcileError('RateLimited', 'Netlify takes 3 deploys of a site a minute; it goes on in 1m')
    }
    const { title, digest } = manifest
    const made = await this.#netlify.createDeploy(site.id, { title, digest }, signal)
    return this.#watch.awaitRequired(site.id, made, signal)
  }

  async #upload(deploy: Deploy, { digest, source }: Manifest, signal: AbortSignal): Promise<void> {
    if (deploy.requiredFiles.length > 0) {
      throw new ReconcileError(
        'RemoteRefused',
        `Netlify does not have ${deploy.requiredFiles.length} files of the site any more, and we do not either; deploy ${deploy.id} was cancelled`,
      )
    }
    const required = new Set(deploy.requiredFunctions)
    const own = source.functions.filter(({ bundle }) => bundle && required.has(bundle.digest))
    const had = new Set(own.map(({ bundle }) => bundle?.digest))
    const lacking = Object.entries(digest.functions).filter(([, sha]) => required.has(sha) && !had.has(sha))
    if (lacking.length > 0) {
      throw new ReconcileError(
        'RemoteRefused',
        `Netlify does not have ${named(lacking.map(([name]) => name))} any more, and we do not either; deploy ${deploy.id} was cancelled`,
      )
    }
    let count = 0
    const waiting = [...own]
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        signal.throwIfAborted()
        const { name, bundle } = next
        if (!bundle) continue
        const zip = await readFile(this.#sources.zipOf(bundle.digest))
        const { runtime, invocationMode, timeout } = bundle
        await this.#netlify.uploadFunction(deploy.id, { name, zip, runtime, invocationMode, timeout }, signal)
        count += 1
        this.#logger.info({ deploy: deploy.id, count, all: own.length }, 'uploaded functions')
      }
    }
    const results = await Promise.allSettled(Array.from({ length: uploadsAtOnce }, work))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  /** A failed deploy is ended, so that it cannot go live later. One that is only out of sight is taken up again. */
  async #cancelFailed(deployId: string, error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted || (error instanceof ReconcileError && passing.has(error.code))) return
    await this.#netlify.cancelDeploy(deployId, signal).catch((failure: unknown) => {
      this.#logger.warn(
        { deploy: deployId, error: String(failure) },
        'a failed deploy could not be cancelled',
      )
    })
  }

  /** The last proof: where anything is missing after all, what was published before is published again at once. */
  async #assertNothingLost(
    { site, published }: SiteReading,
    made: { readonly deployId: string; readonly manifest: Manifest },
    signal: AbortSignal,
  ): Promise<void> {
    const { deployId, manifest } = made
    const after = await this.#netlify.getDeploy(site.id, deployId, signal)
    const files = await this.#netlify.listFiles(site.id, signal)
    const functions = Object.keys(manifest.digest.functions)
    const losses = lossesOf({ files: manifest.files, functions }, { before: published, after, files })
    if (losses.length === 0 || !published) return
    // Remembered first: the same thing is not published, and taken back, again and again.
    await this.#memories.keepSite(site.id, {
      rolledBack: { from: deployId, to: published.id, fingerprint: fingerprintOf(manifest.digest) },
    })
    await this.#netlify.restoreDeploy(site.id, published.id, signal)
    throw new ReconcileError(
      'RemoteRefused',
      `Deploy ${deployId} lacks ${losses.join(', ')}; deploy ${published.id} is published again`,
    )
  }
}

const noSource: FunctionSource = Object.freeze({ functions: [], problems: [], failures: [] })

/** All that the deploy consists of. */
function compose(
  action: FunctionSetAction,
  { observed, files }: { readonly observed: ObservedFunctionSet; readonly files: readonly SiteFile[] },
): Manifest {
  const functions = wantedFunctions(observed, action.desired)
  if (!functions) throw refused(action, 'not every function has a digest')
  const digest = { ...functions, files: Object.fromEntries(files.map(({ path, sha }) => [path, sha])) }
  const id = action.desired?.id ?? resourceId('FunctionSet', action.site)
  const title = titleOf(id, { functions: fingerprintOf(digest), files: fingerprintOfFiles(digest.files) })
  return { id, title, digest, files, source: observed.source }
}

function refused(action: FunctionSetAction, why: string): ReconcileError {
  return new ReconcileError('RemoteRefused', `Did not ${action.summary}: ${why}. Nothing was changed`)
}

function observedOf(reading: SiteReading, source: FunctionSource): ObservedFunctionSet {
  return { ...reading, source, obstacles: undefined, env: [], verified: [], inventory: undefined }
}
