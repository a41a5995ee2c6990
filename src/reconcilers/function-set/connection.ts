import type { NetlifyClient } from '../../clients/netlify/client.ts'
import { openNetlify } from '../../clients/netlify/open.ts'
import { assertNever } from '../../core/assert-never.ts'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import type {
  ConnectContext,
  Connection,
  LogLine,
  LogOptions,
  Observation,
  Reading,
  VendorAllowance,
  Wanted,
} from '../../core/reconciler.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { FunctionSetAction } from './action.ts'
import { obstaclesTo } from './carry.ts'
import { Deployer } from './deployer.ts'
import { driftOf } from './drift.ts'
import { compareEnv, digestOf, textOf } from './env.ts'
import { readInventory, writeInventory } from './inventory.ts'
import { Memories } from './memory.ts'
import type { ObservedFunctionSet, ObservedVariable, Verified } from './observed.ts'
import { type DesiredFunctionSet, inventoryOf, siteOf } from './place.ts'
import { leftoversOf } from './site-functions.ts'
import { readSite, type SiteReading } from './site-reader.ts'
import { SourceReader } from './source.ts'
import type { FunctionSetSpec } from './spec.generated.ts'
import { titlesOf } from './title.ts'
import { Verifier } from './verifier.ts'

type WantedFunctionSet = Wanted<FunctionSetSpec>

/** Faults of the credential or of the whole vendor: one event, not one a resource. */
const domainWide: ReadonlySet<string> = new Set(['CredentialsMissing', 'CredentialsRefused', 'RateLimited'])

/** Netlify as the engine sees it. Opening it sends nothing. */
class FunctionSetConnection implements Connection<FunctionSetSpec, ObservedFunctionSet, FunctionSetAction> {
  readonly #context: ConnectContext
  readonly #netlify: NetlifyClient | undefined
  readonly #memories: Memories
  readonly #sources: SourceReader
  readonly #verifier: Verifier
  /** Sites that are declared, by the resource that declares them: one is named by its name or by its id. */
  readonly #declared = new Map<ResourceId, string>()

  constructor(context: ConnectContext) {
    this.#context = context
    const { clock, random, env, store } = context
    const { apiUrl, token } = context.fleet.netlify
    this.#memories = new Memories(context.cache)
    this.#sources = new SourceReader({ location: store.location, env, unique: () => random.id() })
    this.#verifier = new Verifier(clock)
    this.#netlify = token?.isRead ? openNetlify({ apiUrl, token, clock }) : undefined
  }

  async observe(
    wanted: readonly WantedFunctionSet[],
    signal: AbortSignal,
  ): Promise<Observation<ObservedFunctionSet>> {
    const netlify = this.#client()
    const readAll = (some: readonly WantedFunctionSet[]) =>
      Promise.all(
        some.map(
          async (one): Promise<readonly [ResourceId, Reading<ObservedFunctionSet>]> => [
            one.id,
            await this.#readOne(netlify, one, signal),
          ],
        ),
      )
    for (const { id, desired } of wanted) if (!desired) this.#declared.delete(id)
    const declared = await readAll(wanted.filter(({ desired }) => desired))
    const removed = await readAll(wanted.filter(({ desired }) => !desired))
    return { observedAt: this.#context.clock.now(), readings: new Map([...declared, ...removed]) }
  }

  async apply(action: FunctionSetAction, signal: AbortSignal): Promise<void> {
    switch (action.type) {
      case 'deploy':
        return this.#deployer().deploy(action, signal)
      case 'roll-back':
        return this.#deployer().rollBack(action, signal)
      case 'build':
        return this.#deployer().build(action, signal)
      case 'set-env':
        return this.#setEnv(action, signal)
      case 'write-inventory':
        return this.#writeInventory(action)
      default:
        return assertNever(action.type)
    }
  }

  allowance(): VendorAllowance | undefined {
    const netlify = this.#netlify
    return netlify && { vendor: 'netlify', used: netlify.used, remaining: netlify.remaining }
  }

  /** Netlify's API gives no logs of functions: they are where this says. */
  logs(desired: DesiredFunctionSet, _options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
    const refusal = async (): Promise<never> => {
      const site = await this.#client().findSite(siteOf(desired), signal)
      const page = site?.adminUrl || `https://app.netlify.com/projects/${siteOf(desired)}`
      throw new ReconcileError('NoLogs', `Cannot show logs of ${desired.id}: Netlify's API gives none`, {
        hint: `They are at ${page}/logs/functions.`,
      })
    }
    return { [Symbol.asyncIterator]: () => ({ next: refusal }) }
  }

  async close(): Promise<void> {
    // Requests end with the signal of their pass, and the bundler with its own.
  }

  #client(): NetlifyClient {
    if (this.#netlify) return this.#netlify
    const { token } = this.#context.fleet.netlify
    const what = token ? `The token was not read (${token.source})` : 'NETLIFY_AUTH_TOKEN is not set'
    throw new ReconcileError('CredentialsMissing', what, {
      hint: 'Set NETLIFY_AUTH_TOKEN, or name another place as `netlify.token` of the Fleet.',
    })
  }

  #deployer(): Deployer {
    const { clock, logger } = this.#context
    return new Deployer({
      netlify: this.#client(),
      memories: this.#memories,
      sources: this.#sources,
      clock,
      logger,
    })
  }

  async #readOne(
    netlify: NetlifyClient,
    { id, desired, owned }: WantedFunctionSet,
    signal: AbortSignal,
  ): Promise<Reading<ObservedFunctionSet>> {
    try {
      const nameOrId = desired ? siteOf(desired) : (owned?.externalName ?? '')
      const reading = await readSite(netlify, this.#memories, { nameOrId, signal })
      if (!reading) return { type: 'absent' }
      if (!desired && [...this.#declared.values()].includes(reading.site.id)) return { type: 'absent' }
      if (!desired) return await this.#readRemoved(netlify, reading, signal)
      this.#declared.set(id, reading.site.id)
      const source = await this.#sources.read(desired)
      const [env, verified, inventory] = await Promise.all([
        this.#readEnv(netlify, { desired, owned, reading }, signal),
        this.#verify(desired, reading, signal),
        readInventoryOf(desired, source.functions),
      ])
      const bare: ObservedFunctionSet = { ...reading, source, env, verified, inventory, obstacles: undefined }
      const memory = await this.#noteGood(bare, id)
      const obstacles = isDeployNeeded(bare, desired)
        ? await this.#obstacles(netlify, bare, desired, signal)
        : undefined
      return { type: 'present', value: Object.freeze({ ...bare, memory, obstacles }) }
    } catch (error) {
      signal.throwIfAborted()
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

  /** What is no longer declared is gone when none of its functions is on the site. */
  async #readRemoved(
    netlify: NetlifyClient,
    reading: SiteReading,
    signal: AbortSignal,
  ): Promise<Reading<ObservedFunctionSet>> {
    const source = { functions: [], problems: [], failures: [] }
    const bare = { ...reading, source, env: [], verified: [], inventory: undefined, obstacles: undefined }
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
    const files = published ? await netlify.listFiles(site.id, signal) : []
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

  /** A deploy that passes is what a later one may be taken back to. */
  async #noteGood(observed: ObservedFunctionSet, id: ResourceId) {
    const { site, published, verified, memory } = observed
    const isGood = published && verified.length > 0 && verified.every(({ isPassed }) => isPassed)
    if (!isGood) return memory
    // What we published of this source passes now, so it is not what was taken back.
    const isOurs = published.title.startsWith(titlesOf(id))
    const isAnew = isOurs && memory.rolledBack?.to !== published.id
    return this.#memories.keepSite(site.id, {
      lastGood: published.id,
      ...(isAnew && { rolledBack: undefined }),
    })
  }

  /** A changed variable is remembered first: whatever happens after, a deploy follows. */
  async #setEnv(action: FunctionSetAction, signal: AbortSignal): Promise<void> {
    const netlify = this.#client()
    const site = await netlify.findSite(action.site, signal)
    if (!site) throw new ReconcileError('RemoteChanged', `Could not ${action.summary}: the site is gone`)
    const declared = action.desired?.spec.env ?? {}
    await this.#memories.keepSite(site.id, { isEnvPending: true })
    for (const { key, state, isSecret } of action.variables) {
      const value = declared[key]
      if (state === 'undeclared' || value === undefined) {
        await netlify.deleteEnv(site, key, signal)
        continue
      }
      await netlify.setEnv(site, { key, value: textOf(value), isSecret, exists: state === 'differs' }, signal)
      const { env } = await this.#memories.site(site.id)
      await this.#memories.keepSite(site.id, { env: { ...env, [key]: digestOf(value) } })
    }
  }

  async #writeInventory(action: FunctionSetAction): Promise<void> {
    const { desired } = action
    if (!desired) return
    const source = await this.#sources.read(desired)
    const [problem] = source.problems
    if (problem !== undefined) throw new ReconcileError('ScriptMissing', problem)
    const inventory = await readInventoryOf(desired, source.functions)
    if (inventory) await writeInventory(inventory, this.#context.random.id())
  }
}

function isDeployNeeded(observed: ObservedFunctionSet, desired: DesiredFunctionSet): boolean {
  const isEnvChanged = observed.env.some(({ state }) => state !== 'same' && state !== 'unread')
  return isEnvChanged || observed.memory.isEnvPending || driftOf(observed, desired).changes.length > 0
}

async function readInventoryOf(
  desired: DesiredFunctionSet,
  functions: Parameters<typeof readInventory>[1],
): Promise<ObservedFunctionSet['inventory']> {
  const path = inventoryOf(desired)
  return path === undefined ? undefined : readInventory(path, functions)
}

/** Opens the domain; sends nothing yet. */
export async function connectFunctionSets(
  context: ConnectContext,
): Promise<Connection<FunctionSetSpec, ObservedFunctionSet, FunctionSetAction>> {
  return new FunctionSetConnection(context)
}
