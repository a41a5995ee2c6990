import { systemClock } from '../../src/clients/host/clock.ts'
import { systemRandom } from '../../src/clients/host/random.ts'
import type { Action } from '../../src/core/action.ts'
import type { LedgerView } from '../../src/core/ledger.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { AnyConnection, AnyReconciler, ConnectContext, Observation } from '../../src/core/reconciler.ts'
import type { Resource } from '../../src/core/resource.ts'
import type { ExecutionListener } from '../../src/engine/execute.ts'
import type { Finding } from '../../src/engine/finding.ts'
import { type Draft, draftPass } from '../../src/engine/pass.ts'
import { type SettleResult, settle } from '../../src/engine/settle.ts'
import type { World } from '../../src/engine/world.ts'
import { openLedger } from '../../src/state/ledger.ts'
import { createMemoryDisk, openMemoryStore } from '../../src/state/memory.ts'
import { declare, defaultFleet } from '../support/modelled-fleet.ts'
import type { Stage } from './adapter.ts'

/** What becomes of one action: `act` takes it in the world. Default: it is taken, and its answer arrives. */
export type Fate = (action: Action, act: () => Promise<void>) => Promise<void>

/** Nobody holds the lease, and everybody may write: one engine at a time is all that there is here. */
const noLease = { guard: () => ({ collection: 'lease-token', key: 'fleet', revision: 0 }) }
const minute = 60_000

/**
 * A controller in miniature: the real engine with a memory of its own over the domain of a stage. `restart` is what a
 * death and a new start are: the memory stays, everything else is new.
 */
export class Rig<Spec, Observed> {
  readonly #stage: Stage<Spec, Observed>
  readonly #disk
  /** Actions that reached the domain, in order. */
  readonly taken: Action[] = []
  #fate: Fate = (_, act) => act()
  #connection: Promise<AnyConnection> | undefined

  constructor(stage: Stage<Spec, Observed>) {
    this.#stage = stage
    this.#disk = createMemoryDisk({ id: stage.context.store?.id ?? 'store-1' })
  }

  /** Passes until nothing is left that waiting could change. */
  settle(
    resources: readonly Resource[],
    options: { readonly fate?: Fate; readonly wait?: boolean; readonly listener?: ExecutionListener } = {},
  ): Promise<SettleResult> {
    this.#fate = options.fate ?? ((_, act) => act())
    return this.#run(
      settle(
        this.#world(),
        {
          declaration: this.#declare(resources),
          selection: undefined,
          allowedDeletions: 1000,
          wait: options.wait ?? true,
          timeout: minute,
          ...(options.listener && { listener: options.listener }),
        },
        AbortSignal.timeout(2 * minute),
      ),
    )
  }

  /** What a dry run does. A deadline that is short, for readings that fail by hanging. */
  draft(resources: readonly Resource[], options: { readonly patience?: number } = {}): Promise<Draft> {
    const asked = {
      declaration: this.#declare(resources),
      selection: undefined,
      allowedDeletions: 1000,
    }
    return this.#run(draftPass(this.#world(options.patience), asked, AbortSignal.timeout(minute)))
  }

  /** The one finding of a resource that a draft is about. */
  async find(resources: readonly Resource[], id: Resource['id']): Promise<Finding> {
    const { findings } = await this.draft(resources)
    const found = findings.find((finding) => finding.id === id)
    if (!found) throw new Error(`Expected a finding of ${id}`)
    return found
  }

  /** Reads these resources as a pass would. */
  async observe(resources: readonly Resource[]): Promise<Observation<Observed>> {
    const { inventory, openIntents } = await this.load()
    const wanted = resources.map(({ id, ...rest }) => ({
      id,
      desired: { id, ...rest },
      owned: inventory.get(id),
      unconfirmed: openIntents.filter((intent) => intent.id === id),
    }))
    const connection = await this.connection()
    return this.#run(connection.observe(wanted, AbortSignal.timeout(minute)))
  }

  async apply(action: Action): Promise<void> {
    const connection = await this.connection()
    await this.#run(connection.apply(action, AbortSignal.timeout(minute)))
  }

  /** Applies actions of several resources: those of one in their order, the resources side by side. */
  async applyAll(
    lists: readonly (readonly Action[])[],
    onError?: (action: Action, error: unknown) => void,
  ): Promise<void> {
    const connection = await this.connection()
    const work = lists.map(async (actions) => {
      for (const action of actions) {
        await connection.apply(action, AbortSignal.timeout(minute)).catch((error: unknown) => {
          if (!onError) throw error
          onError(action, error)
        })
      }
    })
    await this.#run(Promise.all(work))
  }

  load(): Promise<LedgerView> {
    return this.#ledger().load()
  }

  /** How often anything was written to the memory. */
  get revision(): number {
    return this.#disk.revision
  }

  /** All that was written to the memory, as text. */
  print(): string {
    const collections = [...this.#disk.collections].map(([name, { rows }]) => [name, [...rows.values()]])
    return JSON.stringify(collections)
  }

  connection(): Promise<AnyConnection> {
    this.#connection ??= this.#stage.reconciler.connect(this.#context())
    return this.#connection
  }

  /** Dies and starts anew: what it knew in memory alone is lost. */
  async restart(): Promise<void> {
    await (await this.#connection)?.close()
    this.#connection = undefined
  }

  close(): Promise<void> {
    return this.restart()
  }

  #run<T>(work: Promise<T>): Promise<T> {
    return this.#stage.run ? this.#stage.run(work) : work
  }

  #declare(resources: readonly Resource[]) {
    return declare(resources, { fleet: this.#context().fleet })
  }

  #context(): ConnectContext {
    return {
      fleet: defaultFleet,
      env: {},
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      store: { id: this.#disk.id, location: 'memory' },
      mayRunCommands: true,
      ...this.#stage.context,
    }
  }

  #ledger() {
    const { clock, fleet } = this.#context()
    const store = openMemoryStore(this.#disk)
    return openLedger({ store, fleet: fleet.name, environment: undefined, lease: noLease, clock })
  }

  #world(patience = 20_000): World {
    const context = this.#context()
    const { reconciler } = this.#stage
    return {
      fleet: { name: context.fleet.name, environment: undefined },
      store: context.store,
      ledger: this.#ledger(),
      reconcilers: new Map<string, AnyReconciler>([[reconciler.kind, reconciler]]),
      connect: async () => this.#watched(await this.connection()),
      clock: context.clock,
      random: context.random,
      logger: silentLogger,
      deadlines: { observe: patience, apply: 2 * minute },
    }
  }

  /** The connection with whatever fate the test has in store for its actions. */
  #watched(connection: AnyConnection): AnyConnection {
    return {
      observe: (wanted, signal) => connection.observe(wanted, signal),
      apply: (action, signal) => {
        this.taken.push(action)
        return this.#fate(action, () => connection.apply(action, signal))
      },
      close: () => connection.close(),
    }
  }
}
