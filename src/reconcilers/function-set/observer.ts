import { setMaxListeners } from 'node:events'
import type { NetlifyClient } from '../../clients/netlify/client.ts'
import type { Clock } from '../../core/clock.ts'
import { type Duration, formatDuration } from '../../core/duration.ts'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import type { Reading, Wanted } from '../../core/reconciler.ts'
import type { ResourceId } from '../../core/resource.ts'
import { buildUnderWay, isBuildNeeded, isEnvBuilt } from './build.ts'
import { areFilesTelling, obstaclesTo } from './carry.ts'
import { driftOf } from './drift.ts'
import { compareEnv } from './env.ts'
import { readInventoryOf } from './inventory.ts'
import { readLocally } from './local-reading.ts'
import type { Memories, SiteMemory } from './memory.ts'
import type { ObservedFunctionSet, ObservedVariable, Verified } from './observed.ts'
import { type DesiredFunctionSet, isOnlyWatched, siteOf } from './place.ts'
import type { PublishedFiles } from './published-files.ts'
import { leftoversOf, publishedFunctions } from './site-functions.ts'
import { SiteOwners } from './site-owners.ts'
import { readSite, type SiteReading } from './site-reader.ts'
import { noSource, type SourceReader } from './source.ts'
import type { SourceWatch } from './source-watch.ts'
import type { FunctionSetSpec } from './spec.generated.ts'
import { type DeployOwner, isOwnTitle, parseTitle } from './title.ts'
import type { Verifier } from './verifier.ts'

type WantedFunctionSet = Wanted<FunctionSetSpec>
type Unreadable = Extract<Reading<never>, { readonly type: 'unreadable' }>

/** Faults of the credential or of the whole vendor: one event, not one a resource. */
const domainWide: ReadonlySet<string> = new Set(['CredentialsMissing', 'CredentialsRefused', 'RateLimited'])

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
      const error = signal.aborted ? tooSlow(this.#patience.reading) : thrown
      if (error instanceof ReconcileError && error.code === 'LeaseLost') throw error
      const code = error instanceof ReconcileError ? error.code : 'Internal'
      return {
        type: 'unreadable',
        code,
        message: messageOf(error),
        ...(domainWide.has(code) && { isDomainWide: true }),
      }
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

  /** Rejects where it is not seen, and only that is known; undefined: it is not there any more. */
  async #find(
    netlify: NetlifyClient,
    { id, desired, owned }: WantedFunctionSet,
    signal: AbortSignal,
  ): Promise<SiteReading | undefined> {
    const name = desired ? siteOf(desired) : (owned?.externalName ?? '')
    const asked = { owner: this.#ownerOf(id), isOwned: owned !== undefined, signal }
    const reading = await readSite(netlify, this.#memories, { ...asked, nameOrId: name })
    if (reading) {
      await this.#memories.keepPlace(name, { siteId: reading.site.id, account: reading.site.account })
      return reading
    }
    const place = await this.#memories.place(name)
    const renamed =
      place && name !== place.siteId
        ? await readSite(netlify, this.#memories, { ...asked, nameOrId: place.siteId })
        : undefined
    if (renamed && !desired) return renamed
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
    const memory = await this.#note({ ...bare, managed }, desired)
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

  /**
   * What a reading tells for later: a deploy that passes may be gone back to, variables may be in it already, and what is
   * as declared is ours from then on, whoever put it there.
   */
  async #note(
    observed: ObservedFunctionSet,
    { id, spec, controls }: DesiredFunctionSet,
  ): Promise<SiteMemory> {
    const { site, published, verified, memory, managed } = observed
    const isTaken =
      managed.some((name) => !memory.managed.includes(name)) && !isOnlyWatched({ spec, controls })
    if (!published) return memory
    const isOurs = isOwnTitle(published.title, this.#ownerOf(id))
    const isGood = verified.length > 0 && verified.every(({ isPassed }) => isPassed)
    // What we published of this source passes now, so it is not what was taken back.
    const isAnew = isOurs && memory.rolledBack?.to !== published.id
    // The answer to the deploy that followed them was lost.
    const isOurAnswer = isOurs && parseTitle(published.title)?.env === memory.envGeneration
    // We make no deploy then: the next one of anybody has them.
    const isLeftToOthers = controls.ignore.includes('/directory') && published.id !== memory.envSetOn
    const isEnvThere = memory.isEnvPending && (isOurAnswer || isLeftToOthers)
    return this.#memories.keepSite(site.id, {
      ...(isTaken && { owner: id, managed }),
      ...(isGood && { lastGood: published.id }),
      ...(isGood && isAnew && { rolledBack: undefined }),
      ...(isEnvThere && { isEnvPending: false }),
    })
  }
}

function tooSlow(limit: Duration): ReconcileError {
  return new ReconcileError(
    'RemoteUnavailable',
    `Netlify did not answer in time: not all was read within ${formatDuration(limit)}`,
  )
}

/** Functions that are ours: those that were, and those that are on the site as the directory has them. */
function adoptedBy(observed: ObservedFunctionSet, desired: DesiredFunctionSet): readonly string[] {
  const { managed, source } = observed
  if (isOnlyWatched(desired)) return managed
  const site = publishedFunctions(observed)
  const same = source.functions.filter(
    ({ name, bundle }) => bundle !== undefined && site.get(name)?.digest === bundle.digest,
  )
  const names = same.map(({ name }) => name).filter((name) => !managed.includes(name))
  return names.length === 0 ? managed : [...managed, ...names].sort()
}

function isDeployNeeded(observed: ObservedFunctionSet, desired: DesiredFunctionSet): boolean {
  const isEnvChanged = observed.env.some(({ state }) => state !== 'same' && state !== 'unread')
  return isEnvChanged || observed.memory.isEnvPending || driftOf(observed, desired).changes.length > 0
}
