import { setMaxListeners } from 'node:events'
import type { NetlifyClient } from '../../clients/netlify/client.ts'
import type { Clock } from '../../core/clock.ts'
import { isErrorOf } from '../../core/errors.ts'
import type { Reading, Wanted } from '../../core/reconciler.ts'
import type { ResourceId } from '../../core/resource.ts'
import { notReadWithin, type Unreadable, unreadable } from '../../core/unreadable.ts'
import { buildUnderWay, isBuildNeeded, isEnvBuilt } from './build.ts'
import { areFilesTelling, obstaclesTo } from './carry.ts'
import { driftOf } from './drift.ts'
import { compareEnv, differingVariables } from './env.ts'
import { readInventoryOf } from './inventory.ts'
import { adoptedBy, learnFrom } from './lessons.ts'
import { readLocally } from './local-reading.ts'
import type { Memories } from './memory.ts'
import type { ObservedFunctionSet, ObservedVariable, Verified } from './observed.ts'
import { type DesiredFunctionSet, siteOf } from './place.ts'
import type { PublishedFiles } from './published-files.ts'
import { findSite } from './site-finder.ts'
import { leftoversOf } from './site-functions.ts'
import { SiteOwners } from './site-owners.ts'
import type { SiteReading } from './site-reader.ts'
import { noSource, type SourceReader } from './source.ts'
import type { SourceWatch } from './source-watch.ts'
import type { FunctionSetSpec } from './spec.generated.ts'
import { type DeployOwner, parseTitle } from './title.ts'
import type { Verifier } from './verifier.ts'

type WantedFunctionSet = Wanted<FunctionSetSpec>

/** How long Netlify is waited for, in milliseconds. */
interface ReadingPatience {
  /** For one reading of all: what was not read by then is unreadable, and the rest is not. */
  readonly reading: number
  /** So long a site that was looked up waits for those that were not: two that name one site are then told apart. */
  readonly others: number
}

/** The engine gives a domain 20 s: who used them up would make even what was read Unknown. */
const usualPatience: ReadingPatience = Object.freeze({ reading: 18_000, others: 2000 })

/** Of one reading, and of the pass that it is in. */
interface Signals {
  readonly signal: AbortSignal
  readonly outer: AbortSignal
}

/** Reads sites and directories together, and remembers whose sites they are. */
export class Observer {
  readonly #memories: Memories
  readonly #sources: SourceReader
  readonly #verifier: Verifier
  readonly #watch: SourceWatch
  readonly #owner: Omit<DeployOwner, 'id'>
  readonly #clock: Clock
  readonly #patience: ReadingPatience
  readonly #files: PublishedFiles
  readonly #owners = new SiteOwners()

  constructor(parts: {
    readonly memories: Memories
    readonly sources: SourceReader
    readonly verifier: Verifier
    readonly files: PublishedFiles
    readonly watch: SourceWatch
    readonly owner: Omit<DeployOwner, 'id'>
    readonly clock: Clock
    readonly patience?: Partial<ReadingPatience> | undefined
  }) {
    this.#memories = parts.memories
    this.#sources = parts.sources
    this.#verifier = parts.verifier
    this.#files = parts.files
    this.#watch = parts.watch
    this.#owner = parts.owner
    this.#clock = parts.clock
    this.#patience = { ...usualPatience, ...parts.patience }
  }

  /**
   * One reading a resource; one that cannot be read leaves the others alone. `open` rejects where there is no credential:
   * that is the site's reading, and not the directory's.
   */
  async observe(
    open: () => NetlifyClient,
    wanted: readonly WantedFunctionSet[],
    outer: AbortSignal,
  ): Promise<ReadonlyMap<ResourceId, Reading<ObservedFunctionSet>>> {
    const signal = AbortSignal.any([outer, AbortSignal.timeout(this.#patience.reading)])
    // Every request of a large fleet listens to the one signal of the pass.
    setMaxListeners(0, signal)
    const signals = { signal, outer }
    this.#files.dropOld()
    const found = wanted.map(async (one) => {
      const site = await this.#attempt(async () => this.#find(open(), one, signal), signals)
      this.#noteSite(one, site)
      return site
    })
    // Before any is compared: two may name one site. One that does not answer is not waited for by all.
    await this.#waitFor(Promise.all(found), signal)
    const readings = await Promise.all(
      wanted.map(async (one, index): Promise<readonly [ResourceId, Reading<ObservedFunctionSet>]> => {
        const site = await found[index]
        if (!site) return [one.id, { type: 'absent' }]
        if (!('site' in site)) return [one.id, await this.#readUnread(one.desired, site, signals)]
        const read = await this.#attempt(
          () => this.#readOne(open(), { ...one, reading: site }, signal),
          signals,
        )
        return [one.id, read]
      }),
    )
    return new Map(readings)
  }

  #noteSite({ id, desired, owned }: WantedFunctionSet, site: SiteReading | Unreadable | undefined): void {
    if (!desired) {
      this.#owners.forget(id)
      this.#watch.leave(id)
    } else if (site && 'site' in site) {
      this.#owners.note({ id, name: siteOf(desired), siteId: site.site.id, isOwned: owned !== undefined })
    }
  }

  /** Resolves when it is there, and at the latest when the others have waited for long enough. */
  async #waitFor(all: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const isThere = new AbortController()
    const pause = this.#clock.sleep(this.#patience.others, AbortSignal.any([signal, isThere.signal]))
    try {
      // The pause ends by being cut short, too.
      await Promise.race([all, pause.catch(() => undefined)])
    } finally {
      isThere.abort()
    }
  }

  /** What one resource's reading gives; where it fails only that one is unread. */
  async #attempt<T>(read: () => Promise<T>, { signal, outer }: Signals): Promise<T | Unreadable> {
    try {
      return await read()
    } catch (thrown) {
      outer.throwIfAborted()
      if (signal.aborted) return unreadable(notReadWithin(this.#patience.reading, 'Netlify'))
      if (isErrorOf(thrown, 'LeaseLost')) throw thrown
      return unreadable(thrown)
    }
  }

  /** Of a site that cannot be read only what lies here is looked at. */
  async #readUnread(
    desired: DesiredFunctionSet | undefined,
    unread: Unreadable,
    signals: Signals,
  ): Promise<Reading<ObservedFunctionSet>> {
    if (!desired) return unread
    return this.#attempt(() => readLocally(desired, { unread, sources: this.#sources }), signals)
  }

  #find(
    netlify: NetlifyClient,
    { id, desired, owned }: WantedFunctionSet,
    signal: AbortSignal,
  ): Promise<SiteReading | undefined> {
    const name = desired ? siteOf(desired) : (owned?.externalName ?? '')
    const known = { isDeclared: desired !== undefined, isOwned: owned !== undefined }
    const from = { netlify, memories: this.#memories }
    return findSite(from, { name, owner: this.#ownerOf(id), ...known }, signal)
  }

  async #readOne(
    netlify: NetlifyClient,
    { id, desired, owned, resumedAt, reading }: WantedFunctionSet & { readonly reading: SiteReading },
    signal: AbortSignal,
  ): Promise<Reading<ObservedFunctionSet>> {
    if (!desired) return this.#readRemoved(netlify, reading, signal)
    const rival = this.#rivalOf({ id, desired, owned }, reading)
    const readAt = this.#clock.now()
    const source = await this.#sources.read(desired, resumedAt)
    this.#watch.follow(id, source.watched, readAt)
    const [env, verified, inventory] = await Promise.all([
      this.#readEnv(netlify, { desired, owned, reading }, signal),
      this.#verify(desired, reading, signal),
      readInventoryOf(desired, source.functions),
    ])
    const bare: ObservedFunctionSet = {
      ...reading,
      ...(rival && { rival }),
      source,
      env,
      verified,
      inventory,
      obstacles: undefined,
    }
    if (rival) return { type: 'present', value: Object.freeze(bare) }
    const managed = adoptedBy(bare, desired)
    const memory = await learnFrom({ ...bare, managed }, desired, {
      memories: this.#memories,
      owner: this.#ownerOf(id),
    })
    const noted = { ...bare, memory, managed }
    // What a build makes is its own to carry.
    if (desired.spec.via === 'build') {
      const built = await this.#readBuilds(netlify, noted, { desired, signal })
      return { type: 'present', value: Object.freeze({ ...noted, ...built }) }
    }
    const obstacles = isDeployNeeded(noted, desired)
      ? await this.#obstacles(netlify, noted, desired, signal)
      : undefined
    return { type: 'present', value: Object.freeze({ ...noted, obstacles }) }
  }

  /** The build that is under way, and whether one has taken in the variables that were set before it. */
  async #readBuilds(
    netlify: NetlifyClient,
    observed: ObservedFunctionSet,
    { desired, signal }: { readonly desired: DesiredFunctionSet; readonly signal: AbortSignal },
  ): Promise<Partial<ObservedFunctionSet>> {
    if (!isBuildNeeded(observed, desired)) return {}
    const { site, memory } = observed
    const deploys = await netlify.listDeploys(site.id, signal)
    const isEnvThere = memory.isEnvPending && isEnvBuilt({ ...observed, id: desired.id }, deploys)
    const building = buildUnderWay(deploys)?.id
    return {
      ...(isEnvThere && { memory: await this.#memories.keepSite(site.id, { isEnvPending: false }) }),
      ...(building !== undefined && { building }),
    }
  }

  #rivalOf(
    { id, desired, owned }: Pick<WantedFunctionSet, 'id' | 'desired' | 'owned'>,
    { site, published, memory }: SiteReading,
  ): ResourceId | undefined {
    const own = this.#ownerOf(id)
    const title = published && parseTitle(published.title)
    const isOfFleet = title?.fleet === own.fleet && title.environment === own.environment
    return this.#owners.rivalOf(
      { id, siteId: site.id, isOwned: owned !== undefined },
      {
        deployedBy: [isOfFleet ? title.id : undefined, memory.owner],
        isAdopted: desired?.controls.adopt ?? false,
      },
    )
  }

  #ownerOf(id: ResourceId): DeployOwner {
    return { ...this.#owner, id }
  }

  /** What is no longer declared is gone when none of its functions is on the site. */
  async #readRemoved(
    netlify: NetlifyClient,
    reading: SiteReading,
    signal: AbortSignal,
  ): Promise<Reading<ObservedFunctionSet>> {
    const source = noSource
    const bare = { ...reading, source, env: [], verified: [], inventory: undefined, obstacles: undefined }
    // Another resource keeps the site now, under another name of it.
    if (this.#owners.isClaimed(reading.site.id)) return { type: 'absent' }
    if (leftoversOf(bare, undefined).dropped.length === 0) return { type: 'absent' }
    const obstacles = await this.#obstacles(netlify, bare, undefined, signal)
    return { type: 'present', value: Object.freeze({ ...bare, obstacles }) }
  }

  async #obstacles(
    netlify: NetlifyClient,
    observed: ObservedFunctionSet,
    desired: DesiredFunctionSet | undefined,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { site, published } = observed
    // A site has seconds to be read. Where its files are many, the deploy looks at them.
    const files =
      published && areFilesTelling(published)
        ? await this.#files.listIfFew(netlify, { site, deployId: published.id }, signal)
        : undefined
    const { kept } = leftoversOf(observed, desired)
    return obstaclesTo({ published, files, kept, mayLoseUnknown: desired?.controls.adopt ?? false })
  }

  async #readEnv(
    netlify: NetlifyClient,
    from: {
      readonly desired: DesiredFunctionSet
      readonly owned: WantedFunctionSet['owned']
      readonly reading: SiteReading
    },
    signal: AbortSignal,
  ): Promise<readonly ObservedVariable[]> {
    const { desired, reading } = from
    const owned = from.owned?.fields ?? {}
    const isAsked =
      desired.spec.env !== undefined || Object.keys(owned).some((path) => path.startsWith('env.'))
    if (!isAsked) return []
    const variables = await netlify.listEnv(reading.site, signal)
    return compareEnv(desired, { variables, memory: reading.memory, owned })
  }

  async #verify(
    desired: DesiredFunctionSet,
    { site, published }: SiteReading,
    signal: AbortSignal,
  ): Promise<readonly Verified[]> {
    if (!published || site.url === '') return []
    return this.#verifier.verify(desired, { url: site.url, deployId: published.id }, signal)
  }
}

function isDeployNeeded(observed: ObservedFunctionSet, desired: DesiredFunctionSet): boolean {
  const isEnvChanged = differingVariables(observed, desired).length > 0
  return isEnvChanged || observed.memory.isEnvPending || driftOf(observed, desired).changes.length > 0
}
