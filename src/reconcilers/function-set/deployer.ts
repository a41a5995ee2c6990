import type { NetlifyClient, SiteFile } from '../../clients/netlify/client.ts'
import { type Deploy, unfinishedStates } from '../../clients/netlify/deploy-record.ts'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Tell } from '../../core/reconciler.ts'
import type { FunctionSetAction } from './action.ts'
import { buildUnderWay, titleOfBuild } from './build.ts'
import { faultOfBundling, faultOfSizes } from './bundle-fault.ts'
import { obstaclesTo } from './carry.ts'
import { composeDeploy, type DeployContent, refusedDeploy, settingsToKeep } from './deploy-content.ts'
import { DeployProver } from './deploy-proof.ts'
import { DeployWatch } from './deploy-watch.ts'
import { driftOf, isUnsentAlone } from './drift.ts'
import { fingerprintOf } from './fingerprint.ts'
import { goodBeforeNext, isTakenBack, type Memories, takenBackBefore } from './memory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { assertStillPublished, ownDeploySince } from './overtaken.ts'
import type { PublishedFiles } from './published-files.ts'
import { lockOf } from './refusal.ts'
import { foreignTwinsOf, leftoversOf, twinsMessage } from './site-functions.ts'
import { readSite, type SiteReading } from './site-reader.ts'
import { type FunctionSource, noSource, type SourceReader } from './source.ts'
import { isOwnTitle, isSameDeploy, named, parseTitle } from './title.ts'
import { isUnproven } from './unproven.ts'
import { Uploader } from './uploader.ts'
import { fingerprintOfSource } from './wanted-deploy.ts'

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

/** How one step is taken: until when, and who is told how far it is. */
interface Run {
  readonly signal: AbortSignal
  readonly tell: Tell
}

/** Makes deploys: all that must be there, all that must stay, and nothing sent that Netlify has. */
export class Deployer {
  readonly #parts: { readonly netlify: NetlifyClient; readonly memories: Memories }
  readonly #netlify: NetlifyClient
  readonly #memories: Memories
  readonly #sources: SourceReader
  readonly #files: PublishedFiles
  readonly #clock: Clock
  readonly #watch: DeployWatch
  readonly #uploader: Uploader
  readonly #prover: DeployProver
  readonly #logger: Logger

  constructor(parts: {
    readonly netlify: NetlifyClient
    readonly memories: Memories
    readonly sources: SourceReader
    readonly files: PublishedFiles
    readonly clock: Clock
    readonly logger: Logger
  }) {
    this.#parts = parts
    this.#netlify = parts.netlify
    this.#memories = parts.memories
    this.#sources = parts.sources
    this.#files = parts.files
    this.#clock = parts.clock
    this.#watch = new DeployWatch(parts.netlify, parts.clock)
    this.#uploader = new Uploader(parts.netlify, parts.sources)
    this.#prover = new DeployProver(parts)
    this.#logger = parts.logger
  }

  /**
   * One deploy. What it was decided on is read anew; cut off anywhere, it is taken up where it was. One that was cut off
   * may go live meanwhile: this goes on from there, each time from a newer one.
   */
  deploy(action: FunctionSetAction, run: Run): Promise<void> {
    return this.#sources.hold(async () => {
      for (let decided = action; ; ) {
        try {
          return await this.#deploy(decided, run)
        } catch (error) {
          const live = await ownDeploySince(this.#parts, { action: decided, error }, run.signal)
          if (!live) throw error
          decided = { ...decided, publishedId: live.id }
        }
      }
    })
  }

  async #deploy(action: FunctionSetAction, run: Run): Promise<void> {
    const { signal, tell } = run
    if (await this.#isGone(action, signal)) return
    const source = await this.#bundleWhileSurveyed(action, run)
    const { reading, files } = await this.#survey(action, { source, signal })
    const { site, memory } = reading
    const observed = observedOf(reading, source)
    const content = composeDeploy(action, { observed, files })
    const drift = action.desired && driftOf(observed, action.desired)
    // What was bundled is what is there already.
    if (drift?.changes.length === 0 && !memory.isEnvPending) return
    if (drift && isUnsentAlone(drift) && !memory.isEnvPending) {
      throw refusedDeploy(action, drift.unsent.join('; '))
    }
    this.#assertMay(action, observed)
    const managed = source.functions.map(({ name }) => name)
    const { functions, schedules } = content.digest
    const fingerprint = sourceFingerprint(action, observed)
    const settings = settingsToKeep(observed)
    const goodBefore = goodBeforeNext(reading)
    const record = {
      ...{ title: content.title, fingerprint, functions, schedules, settings, managed, goodBefore },
      unproven: {
        base: observed.published?.id,
        files: files.length,
        rules: observed.published?.rules,
      },
      at: this.#clock.now(),
    }
    await this.#memories.keepDeploy(record, observed.published?.title)
    tell('begins a deploy')
    const deploy = await this.#begin(action, { content, reading, signal })
    try {
      await this.#uploader.upload(deploy, content, {
        signal,
        assertLast: () => this.#assertNotOvertaken(action, signal),
        done: (count, all) => tell(`uploaded ${count}/${all} functions`),
      })
      tell(`waits for Netlify to make deploy ${deploy.id}`)
      await this.#watch.awaitState(site.id, deploy.id, signal)
    } catch (error) {
      await this.#cancelFailed(deploy.id, error, signal)
      throw error
    }
    await this.#watch.awaitPublished(site, { deployId: deploy.id, before: action.publishedId }, signal)
    const isStillThere = await this.#prover.prove({ site, deployId: deploy.id, record, files }, signal)
    await this.#memories.keepSite(site.id, {
      owner: action.owner.id,
      deployed: deploy.id,
      managed,
      // Whether the deploy of somebody else was begun before or after variables were set is not known.
      ...(isStillThere && { isEnvPending: false }),
      rolledBack: undefined,
    })
  }

  /** Does the last proof of what is published, where that was cut off. */
  async prove(action: FunctionSetAction, { signal }: Run): Promise<void> {
    await this.#proveEarlier(action, await this.#readAgain(action, signal), signal)
  }

  async #proveEarlier(
    { owner }: FunctionSetAction,
    reading: SiteReading,
    signal: AbortSignal,
  ): Promise<void> {
    const { site, published, record } = reading
    if (!published || !record?.unproven || !isUnproven(reading, owner)) return
    const made = { site, deployId: published.id, record, files: record.unproven.files }
    if (!(await this.#prover.prove(made, signal))) return
    const { managed } = record
    const changed = { owner: owner.id, deployed: published.id, managed, rolledBack: undefined }
    await this.#memories.keepSite(site.id, changed)
  }

  /** Publishes the last good deploy again, unless another one of ours has taken the place of the failing one. */
  async rollBack(action: FunctionSetAction, { signal }: Run): Promise<void> {
    try {
      await this.#rollBack(action, signal)
    } catch (error) {
      if (!(await ownDeploySince(this.#parts, { action, error }, signal))) throw error
    }
  }

  /** It is remembered first, so that it happens once. */
  async #rollBack(action: FunctionSetAction, signal: AbortSignal): Promise<void> {
    const { site, published, record, memory } = await this.#readAgain(action, signal)
    const { lastGood } = memory
    if (!published || lastGood === undefined || lastGood === published.id) return
    if (record?.goodBefore !== lastGood) return
    await this.#memories.keepSite(site.id, {
      rolledBack: {
        from: published.id,
        to: lastGood,
        fingerprint: record?.fingerprint ?? '',
        why: action.why,
      },
    })
    await this.#netlify.restoreDeploy(site.id, lastGood, signal)
    await this.#watch.awaitPublished(site, { deployId: lastGood, before: published.id }, signal)
  }

  /** Starts the site's own build, unless one is under way. */
  async build(action: FunctionSetAction, { signal }: Run): Promise<void> {
    const { site, memory } = await this.#readAgain(action, signal)
    const deploys = await this.#netlify.listDeploys(site.id, signal)
    if (buildUnderWay(deploys)) return
    const title = titleOfBuild(action.owner.id, memory)
    const envBuild = await this.#netlify.startBuild(site.id, title, signal)
    await this.#memories.keepSite(site.id, { envBuild })
  }

  /** Whether what is to be deleted is on the site no more, whoever took it off. */
  async #isGone({ desired, dropped, ...asked }: FunctionSetAction, signal: AbortSignal): Promise<boolean> {
    if (desired) return false
    const reading = await readSite(this.#netlify, this.#memories, { ...asked, nameOrId: asked.site, signal })
    // What is not shown is not known to be gone.
    if (!reading) return false
    const there = new Set(reading.published?.functions?.map(({ name }) => name))
    return !dropped.some((name) => there.has(name))
  }

  /** Netlify answers while the bundler starts. What stands against the deploy is told first, and ends the bundling. */
  async #bundleWhileSurveyed(action: FunctionSetAction, { signal, tell }: Run): Promise<FunctionSource> {
    const refused = new AbortController()
    const bundling = this.#bundle(action, { signal: AbortSignal.any([signal, refused.signal]), tell })
    // It may fail before its turn to be heard.
    const bundled = bundling.catch(() => undefined)
    try {
      const source = action.desired ? await this.#sources.read(action.desired) : noSource
      await this.#survey(action, { source, signal })
    } catch (error) {
      refused.abort()
      await bundled
      throw error
    }
    return bundling
  }

  async #bundle(action: FunctionSetAction, { signal, tell }: Run): Promise<FunctionSource> {
    if (!action.desired) return noSource
    const done = (count: number, all: number) => tell(`bundled ${count}/${all} functions`)
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
    const asked = { ...action, nameOrId: action.site, signal }
    const reading = await readSite(this.#netlify, this.#memories, asked)
    if (!reading) throw new ReconcileError('RemoteChanged', `Could not ${action.summary}: the site is gone`)
    assertStillPublished(action, reading.published?.id)
    return reading
  }

  /** Reads all that must stay; rejects where any of it could not be carried, or more would go than was decided. */
  async #survey(
    action: FunctionSetAction,
    { source, signal }: { readonly source: FunctionSource; readonly signal: AbortSignal },
  ): Promise<{ readonly reading: SiteReading; readonly files: readonly SiteFile[] }> {
    const { desired } = action
    const reading = await this.#readAgain(action, signal)
    // What it lost would be lost for good under another deploy.
    await this.#proveEarlier(action, reading, signal)
    const { site, published } = reading
    const lock = lockOf(reading)
    if (lock !== undefined) throw refusedDeploy(action, lock)
    const deployId = published?.id
    const files =
      deployId === undefined ? [] : await this.#files.list(this.#netlify, { site, deployId }, signal)
    await this.#assertNotOvertaken(action, signal)
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

  /** What could not be known before everything was bundled. */
  #assertMay(action: FunctionSetAction, observed: ObservedFunctionSet): void {
    const { desired } = action
    if (!desired) return
    const tooLarge = faultOfSizes(observed.source)
    if (tooLarge !== undefined) throw refusedDeploy(action, tooLarge)
    const { rolledBack } = observed.memory
    const now = {
      fingerprint: fingerprintOfSource(observed, desired),
      publishedId: observed.published?.id,
    }
    if (rolledBack && isTakenBack(rolledBack, now)) {
      throw refusedDeploy(action, takenBackBefore(rolledBack))
    }
    const twins = foreignTwinsOf(observed)
    if (twins.length > 0 && !desired.controls.adopt) {
      throw new ReconcileError('NotOurs', `Did not ${action.summary}: ${twinsMessage(twins)}`)
    }
  }

  async #assertNotOvertaken(action: FunctionSetAction, signal: AbortSignal): Promise<void> {
    const site = await this.#netlify.findSite(action.site, signal)
    assertStillPublished(action, site?.publishedId)
  }

  /** Takes up the deploy of an earlier try, or begins one. Other tries of ours that never ended are ended. */
  async #begin(
    action: FunctionSetAction,
    given: { readonly content: DeployContent; readonly reading: SiteReading; readonly signal: AbortSignal },
  ): Promise<Deploy> {
    const { content, signal } = given
    const { site, published } = given.reading
    const { title, digest } = content
    const deploys = await this.#netlify.listDeploys(site.id, signal)
    const same = deploys.filter((deploy) => isSameDeploy(deploy.title, title))
    const begun = same.find(({ state }) => unfinishedStates.has(state))
    // Of this store alone: a try of another one may be under way there.
    const stale = deploys.filter(
      (deploy) =>
        deploy !== begun &&
        unfinishedStates.has(deploy.state) &&
        isOwnTitle(deploy.title, action.owner) &&
        parseTitle(deploy.title)?.store === action.owner.store,
    )
    for (const deploy of stale) await this.#netlify.cancelDeploy(deploy.id, signal)
    if (begun) return this.#watch.awaitRequired(site.id, begun, signal)
    // Ready, newer than what is published, and never live: the site was locked then, or it is about to go live by itself.
    const ready = same.find(
      ({ state, createdAt }) => state === 'ready' && createdAt > (published?.createdAt ?? 0),
    )
    if (ready?.publishedAt === 0) {
      await this.#assertNotOvertaken(action, signal)
      await this.#netlify.restoreDeploy(site.id, ready.id, signal)
      return ready
    }
    const since = this.#clock.now() - deployLimit.within
    if (deploys.filter(({ createdAt }) => createdAt > since).length >= deployLimit.count) {
      throw new ReconcileError('RateLimited', 'Netlify takes 3 deploys of a site a minute; it goes on in 1m')
    }
    // Where Netlify lacks nothing it goes live at once.
    await this.#assertNotOvertaken(action, signal)
    const made = await this.#netlify.createDeploy(site.id, { title, digest }, signal)
    return this.#watch.awaitRequired(site.id, made, signal)
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
}

/** Of what is ours in the deploy: what others change says nothing of it. */
function sourceFingerprint(action: FunctionSetAction, observed: ObservedFunctionSet): string {
  return (action.desired && fingerprintOfSource(observed, action.desired)) ?? fingerprintOf(emptyDigest)
}

const emptyDigest = Object.freeze({ functions: {}, schedules: {}, config: {} })

function observedOf(reading: SiteReading, source: FunctionSource): ObservedFunctionSet {
  return { ...reading, source, obstacles: undefined, env: [], verified: [], inventory: undefined }
}
