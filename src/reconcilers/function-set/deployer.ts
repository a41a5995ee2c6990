import type { NetlifyClient } from '../../clients/netlify/client.ts'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Tell } from '../../core/reconciler.ts'
import type { FunctionSetAction } from './action.ts'
import { buildUnderWay, titleOfBuild } from './build.ts'
import { faultOfBundling, faultOfSizes } from './bundle-fault.ts'
import { beginDeploy } from './deploy-begin.ts'
import { composeDeploy, type DeployContent, refusedDeploy, settingsToKeep } from './deploy-content.ts'
import { DeployProver } from './deploy-proof.ts'
import { DeployWatch } from './deploy-watch.ts'
import { driftOf, isUnsentAlone } from './drift.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type DeployRecord, goodBeforeNext, type Memories } from './memory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { ownDeploySince } from './overtaken.ts'
import type { PublishedFiles } from './published-files.ts'
import { lockOf, refusalAfterReturn } from './refusal.ts'
import { foreignTwinsOf, twinsMessage } from './site-functions.ts'
import type { SiteReading } from './site-reader.ts'
import { type FunctionSource, noSource, type SourceReader } from './source.ts'
import { observedOf, Surveyor } from './surveyor.ts'
import { parseTitle } from './title.ts'
import { Uploader } from './uploader.ts'
import { fingerprintOfSource } from './wanted-deploy.ts'

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
  readonly #clock: Clock
  readonly #watch: DeployWatch
  readonly #uploader: Uploader
  readonly #prover: DeployProver
  readonly #surveyor: Surveyor
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
    this.#clock = parts.clock
    this.#watch = new DeployWatch(parts.netlify, parts.clock)
    this.#uploader = new Uploader(parts.netlify, parts.sources)
    this.#prover = new DeployProver(parts)
    this.#surveyor = new Surveyor({ ...parts, prover: this.#prover })
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
    if (await this.#surveyor.isGone(action, signal)) return
    const source = await this.#bundleWhileSurveyed(action, run)
    const { reading, files } = await this.#surveyor.survey(action, { source, signal })
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
    const record = { ...recordOf(action, { content, observed, reading }), at: this.#clock.now() }
    await this.#memories.keepDeploy(record, observed.published?.title)
    tell('begins a deploy')
    const deploy = await beginDeploy(
      action,
      { content, reading, signal },
      { netlify: this.#netlify, clock: this.#clock, watch: this.#watch, surveyor: this.#surveyor },
    )
    try {
      await this.#uploader.upload(deploy, content, {
        signal,
        assertLast: () => this.#surveyor.assertNotOvertaken(action, signal),
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
      managed: record.managed,
      // Whether the deploy of somebody else was begun before or after variables were set is not known.
      ...(isStillThere && { isEnvPending: false }),
      rolledBack: undefined,
    })
  }

  /** Does the last proof of what is published, where that was cut off. */
  async prove(action: FunctionSetAction, { signal }: Run): Promise<void> {
    await this.#prover.proveEarlier(action.owner, await this.#surveyor.readAgain(action, signal), signal)
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
    const { site, published, record, memory } = await this.#surveyor.readAgain(action, signal)
    const { lastGood } = memory
    if (!published || lastGood === undefined || lastGood === published.id) return
    if (record?.goodBefore !== lastGood) return
    // A person holds it there.
    const lock = lockOf({ published })
    if (lock !== undefined) throw refusedDeploy(action, lock)
    await this.#memories.keepSite(site.id, {
      rolledBack: {
        from: published.id,
        to: lastGood,
        fingerprint: record?.fingerprint ?? '',
        env: parseTitle(published.title)?.env ?? '',
        why: action.why,
      },
    })
    await this.#netlify.restoreDeploy(site.id, lastGood, signal)
    await this.#watch.awaitPublished(site, { deployId: lastGood, before: published.id }, signal)
  }

  /** Starts the site's own build, unless one is under way. */
  async build(action: FunctionSetAction, { signal }: Run): Promise<void> {
    const { site, memory } = await this.#surveyor.readAgain(action, signal)
    const deploys = await this.#netlify.listDeploys(site.id, signal)
    if (buildUnderWay(deploys)) return
    const title = titleOfBuild(action.owner.id, memory)
    const envBuild = await this.#netlify.startBuild(site.id, title, signal)
    await this.#memories.keepSite(site.id, { envBuild })
  }

  /** Netlify answers while the bundler starts. What stands against the deploy is told first, and ends the bundling. */
  async #bundleWhileSurveyed(action: FunctionSetAction, { signal, tell }: Run): Promise<FunctionSource> {
    const refused = new AbortController()
    const bundling = this.#bundle(action, { signal: AbortSignal.any([signal, refused.signal]), tell })
    // It may fail before its turn to be heard.
    const bundled = bundling.catch(() => undefined)
    try {
      const source = action.desired ? await this.#sources.read(action.desired) : noSource
      await this.#surveyor.survey(action, { source, signal })
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

  /** What could not be known before everything was bundled. */
  #assertMay(action: FunctionSetAction, observed: ObservedFunctionSet): void {
    const { desired } = action
    if (!desired) return
    const tooLarge = faultOfSizes(observed.source)
    if (tooLarge !== undefined) throw refusedDeploy(action, tooLarge)
    const takenBack = refusalAfterReturn(observed, desired)
    if (takenBack !== undefined) throw refusedDeploy(action, takenBack)
    const twins = foreignTwinsOf(observed)
    if (twins.length > 0 && !desired.controls.adopt) {
      throw new ReconcileError('NotOurs', `Did not ${action.summary}: ${twinsMessage(twins)}`)
    }
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

/** What is written down of a deploy before it is begun, beside when that is. */
function recordOf(
  action: FunctionSetAction,
  {
    content,
    observed,
    reading,
  }: {
    readonly content: DeployContent
    readonly observed: ObservedFunctionSet
    readonly reading: SiteReading
  },
): Omit<DeployRecord, 'at'> {
  const { functions, schedules } = content.digest
  return {
    title: content.title,
    fingerprint: sourceFingerprint(action, observed),
    functions,
    schedules,
    settings: settingsToKeep(observed),
    managed: observed.source.functions.map(({ name }) => name),
    goodBefore: goodBeforeNext(reading),
    unproven: {
      base: observed.published?.id,
      files: content.files.length,
      rules: observed.published?.rules,
    },
  }
}

/** Of what is ours in the deploy: what others change says nothing of it. */
function sourceFingerprint(action: FunctionSetAction, observed: ObservedFunctionSet): string {
  return (action.desired && fingerprintOfSource(observed, action.desired)) ?? fingerprintOf(emptyDigest)
}

const emptyDigest = Object.freeze({ functions: {}, schedules: {}, config: {} })
