import type { NetlifyClient } from '../../clients/netlify/client.ts'
import { openNetlify } from '../../clients/netlify/open.ts'
import { assertNever } from '../../core/assert-never.ts'
import { ReconcileError } from '../../core/errors.ts'
import type {
  ConnectContext,
  Connection,
  LogLine,
  LogOptions,
  Observation,
  Tell,
  VendorAllowance,
  Wanted,
} from '../../core/reconciler.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { FunctionSetAction } from './action.ts'
import { Deployer } from './deployer.ts'
import { writeEnv } from './env-writer.ts'
import { readInventoryOf, writeInventory } from './inventory.ts'
import { Memories } from './memory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { Observer } from './observer.ts'
import { type DesiredFunctionSet, siteOf } from './place.ts'
import { PublishedFiles } from './published-files.ts'
import { SourceReader } from './source.ts'
import { SourceWatch } from './source-watch.ts'
import type { FunctionSetSpec } from './spec.generated.ts'
import { Verifier } from './verifier.ts'

type WantedFunctionSet = Wanted<FunctionSetSpec>
type ObserverPatience = ConstructorParameters<typeof Observer>[0]['patience']

/** Netlify as the engine sees it. Opening it sends nothing. */
class FunctionSetConnection implements Connection<FunctionSetSpec, ObservedFunctionSet, FunctionSetAction> {
  readonly #context: ConnectContext
  readonly #netlify: NetlifyClient | undefined
  readonly #memories: Memories
  readonly #sources: SourceReader
  readonly #files: PublishedFiles
  readonly #observer: Observer
  readonly #watch: SourceWatch

  constructor(context: ConnectContext, patience: ObserverPatience) {
    this.#context = context
    const { clock, random, env, store, fleet, mask } = context
    const { apiUrl, token } = fleet.netlify
    this.#memories = new Memories(context.cache)
    this.#sources = new SourceReader({
      ...{ location: store.location, env },
      unique: () => random.id(),
      now: () => clock.now(),
    })
    this.#watch = new SourceWatch(context.logger)
    this.#files = new PublishedFiles(clock)
    this.#observer = new Observer({
      files: this.#files,
      memories: this.#memories,
      sources: this.#sources,
      verifier: new Verifier(clock),
      watch: this.#watch,
      owner: { fleet: fleet.name, environment: fleet.environment ?? '', store: store.id },
      clock,
      patience,
    })
    this.#netlify = token?.isRead ? openNetlify({ apiUrl, token, clock, mask }) : undefined
  }

  async observe(
    wanted: readonly WantedFunctionSet[],
    signal: AbortSignal,
  ): Promise<Observation<ObservedFunctionSet>> {
    const readings = await this.#observer.observe(() => this.#client(), wanted, signal)
    return { observedAt: this.#context.clock.now(), readings }
  }

  async apply(action: FunctionSetAction, signal: AbortSignal, tell: Tell = () => undefined): Promise<void> {
    const run = { signal, tell }
    switch (action.type) {
      case 'deploy':
        return this.#deployer().deploy(action, run)
      case 'prove':
        return this.#deployer().prove(action, run)
      case 'roll-back':
        return this.#deployer().rollBack(action, run)
      case 'build':
        return this.#deployer().build(action, run)
      case 'set-env':
        return writeEnv({ netlify: this.#client(), memories: this.#memories }, action, signal)
      case 'write-inventory':
        return this.#writeInventory(action)
      default:
        return assertNever(action.type)
    }
  }

  /** A saved source need not wait for its turn. */
  watch(wake: (id: ResourceId) => void): () => void {
    return this.#watch.start(wake)
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
      files: this.#files,
      clock,
      logger,
    })
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

/** Opens the domain; sends nothing yet. */
export async function connectFunctionSets(
  context: ConnectContext,
  patience?: ObserverPatience,
): Promise<Connection<FunctionSetSpec, ObservedFunctionSet, FunctionSetAction>> {
  return new FunctionSetConnection(context, patience)
}
