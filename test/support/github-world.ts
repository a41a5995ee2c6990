import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clients/host/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { Declaration } from '../../src/core/declaration.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { AnyConnection } from '../../src/core/reconciler.ts'
import { type Controls, type Resource, resourceId } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'
import { draftPass, type PassResult, runPass } from '../../src/engine/pass.ts'
import { Slots } from '../../src/engine/slots.ts'
import { defaultDeadlines, type World } from '../../src/engine/world.ts'
import { connectWorkflows } from '../../src/reconcilers/workflow/connection.ts'
import { reconciler } from '../../src/reconcilers/workflow/index.ts'
import type { WorkflowSpec } from '../../src/reconcilers/workflow/spec.generated.ts'
import { openDomainCache } from '../../src/state/domain-cache.ts'
import { openLedger } from '../../src/state/ledger.ts'
import { createMemoryDisk, openMemoryStore } from '../../src/state/memory.ts'
import { GithubSimulator } from '../simulators/github/server.ts'
import { defaultControls, defaultFleet } from './modelled-fleet.ts'
import { SeededRandom } from './seeded-random.ts'

/** The real engine and the real domain against the simulator, in one process; both clocks are moved together. */
export class GithubWorld {
  readonly simulator: GithubSimulator
  readonly #folder: string
  readonly #resources: Resource[] = []
  readonly #disk = createMemoryDisk()
  readonly #clock: Clock
  #ahead = 0
  #connection: AnyConnection | undefined

  private constructor(simulator: GithubSimulator, folder: string) {
    this.simulator = simulator
    this.#folder = folder
    this.#clock = {
      now: () => systemClock.now() + this.#ahead,
      monotonic: () => systemClock.monotonic() + this.#ahead,
      sleep: systemClock.sleep,
    }
  }

  static async create(): Promise<GithubWorld> {
    return new GithubWorld(await GithubSimulator.start(), await mkdtemp(join(tmpdir(), 'workflow-')))
  }

  /** Declares a workflow of acme/site; one of that name is replaced. */
  declare(name: string, spec: Partial<WorkflowSpec>, controls: Partial<Controls> = {}): void {
    this.undeclare(name)
    this.#resources.push({
      id: resourceId('Workflow', name),
      kind: 'Workflow',
      name,
      labels: {},
      annotations: {},
      spec: { repository: 'acme/site', path: `.github/workflows/${name}.yml`, ...spec },
      controls: { ...defaultControls, ...controls },
      origin: { file: join(this.#folder, 'manifest.yaml'), line: 1, column: 1 },
      unresolved: [],
    })
  }

  undeclare(name: string): void {
    const index = this.#resources.findIndex((resource) => resource.name === name)
    if (index >= 0) this.#resources.splice(index, 1)
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.#folder, file), text)
  }

  /** Lets time pass, here and at GitHub. */
  advance(duration: number): void {
    this.#ahead += duration
    this.simulator.world.clockAhead = this.#ahead
  }

  /** One pass; what it found and did. */
  async pass(): Promise<PassResult> {
    return runPass(this.#world('write'), this.#request(), { slots: new Slots(() => 4) }, neverAborted())
  }

  /** A dry run. */
  async plan(): ReturnType<typeof draftPass> {
    return draftPass(this.#world('read'), this.#request(), neverAborted())
  }

  /** Forgets the connection with all that it holds in memory, as a restart does. */
  async restart(): Promise<void> {
    await this.#connection?.close()
    this.#connection = undefined
  }

  async close(): Promise<void> {
    await this.#connection?.close()
    await this.simulator.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #request() {
    const declaration: Declaration = {
      fleet: defaultFleet,
      resources: this.#resources,
      diagnostics: [],
      missing: [],
      isComplete: true,
      isWhole: true,
      folder: this.#folder,
    }
    return { declaration, selection: undefined, allowedDeletions: undefined }
  }

  #world(mode: 'read' | 'write'): World {
    const store = openMemoryStore(this.#disk)
    const lease = { guard: () => ({ collection: 'lease', key: 'nobody', revision: 0 }) }
    const isWriter = mode === 'write'
    return {
      fleet: { name: 'acme', environment: undefined },
      store: { id: store.id, location: store.location },
      ledger: openLedger({
        store,
        fleet: 'acme',
        environment: undefined,
        clock: this.#clock,
        ...(isWriter && { lease }),
      }),
      reconcilers: new Map([[reconciler.kind, reconciler]]),
      connect: async () => {
        this.#connection ??= await connectWorkflows(
          {
            fleet: {
              ...defaultFleet,
              github: {
                apiUrl: this.simulator.url,
                token: Secret.read('fromEnv GITHUB_TOKEN', 'test-token', 'digest'),
              },
            },
            env: {},
            clock: this.#clock,
            random: new SeededRandom(1),
            logger: silentLogger,
            store: { id: store.id, location: store.location },
            mayRunCommands: isWriter,
            cache: openDomainCache({ store, kind: 'Workflow', lease: isWriter ? lease : undefined }),
          },
          { request: 300, pauses: [1, 2], isSpaced: false },
        )
        return this.#connection
      },
      clock: this.#clock,
      random: new SeededRandom(7),
      logger: silentLogger,
      deadlines: defaultDeadlines,
    }
  }
}

function neverAborted(): AbortSignal {
  return new AbortController().signal
}
