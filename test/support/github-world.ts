import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clients/host/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { Declaration } from '../../src/core/declaration.ts'
import type { FleetSettings } from '../../src/core/fleet.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { AnyConnection, ConnectContext, LogLine } from '../../src/core/reconciler.ts'
import { type Controls, type Resource, resourceId } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'
import { draftPass, type PassResult, runPass } from '../../src/engine/pass.ts'
import { Slots } from '../../src/engine/slots.ts'
import { defaultDeadlines, type World } from '../../src/engine/world.ts'
import { reconciler as scriptSets } from '../../src/reconcilers/script-set/index.ts'
import { connectWorkflows } from '../../src/reconcilers/workflow/connection.ts'
import { reconciler as workflows } from '../../src/reconcilers/workflow/index.ts'
import type { WorkflowSpec } from '../../src/reconcilers/workflow/spec.generated.ts'
import { openDomainCache } from '../../src/state/domain-cache.ts'
import { openLedger } from '../../src/state/ledger.ts'
import { createMemoryDisk, openMemoryStore } from '../../src/state/memory.ts'
import { newPrivateKey } from '../simulators/github/apps.ts'
import { GithubSimulator } from '../simulators/github/server.ts'
import type { SimulatedRepository, SimulatedWorkflow } from '../simulators/github/world.ts'
import { defaultControls, defaultFleet } from './modelled-fleet.ts'
import { SeededRandom } from './seeded-random.ts'

/** A second domain's package.json, as it is declared and as somebody breaks it. */
const scripts = Object.freeze({ asDeclared: 'true', broken: 'false' })

/** The real engine and the real domain against the simulator, in one process; both clocks are moved together. */
export class GithubWorld {
  readonly simulator: GithubSimulator
  readonly #folder: string
  readonly #resources: Resource[] = []
  readonly #disk = createMemoryDisk()
  readonly #clock: Clock
  readonly #github: FleetSettings['github']
  readonly #connections = new Map<string, Promise<AnyConnection>>()
  /** One for all passes: ids of intents must not come again. */
  readonly #random = new SeededRandom(7)
  #ahead = 0

  private constructor(simulator: GithubSimulator, folder: string, as: 'token' | 'app') {
    this.simulator = simulator
    this.#folder = folder
    this.#github = { apiUrl: simulator.url, ...credentialOf(simulator, as) }
    this.#clock = {
      now: () => systemClock.now() + this.#ahead,
      monotonic: () => systemClock.monotonic() + this.#ahead,
      sleep: systemClock.sleep,
    }
  }

  static async create(as: 'token' | 'app' = 'token'): Promise<GithubWorld> {
    return new GithubWorld(await GithubSimulator.start(), await mkdtemp(join(tmpdir(), 'workflow-')), as)
  }

  /** Declares a workflow of acme/site; one of that name is replaced. */
  declare(name: string, spec: Partial<WorkflowSpec>, controls: Partial<Controls> = {}): void {
    this.undeclare(name)
    const place = { repository: 'acme/site', path: `.github/workflows/${name}.yml` }
    this.#resources.push(this.#resource('Workflow', name, { ...place, ...spec }, controls))
  }

  /** Declares a resource of another domain, the scripts of a package, which each pass is to correct. */
  async declareScripts(): Promise<void> {
    await this.breakScripts()
    const spec = { package: './package.json', scripts: { build: scripts.asDeclared } }
    this.#resources.push(this.#resource('ScriptSet', 'package', spec))
  }

  async breakScripts(): Promise<void> {
    await this.write('package.json', JSON.stringify({ name: 'package', scripts: { build: scripts.broken } }))
  }

  /** Whether the scripts are as they are declared. */
  async areScriptsAsDeclared(): Promise<boolean> {
    const text = await readFile(join(this.#folder, 'package.json'), 'utf8')
    return (JSON.parse(text) as { scripts: { build: string } }).scripts.build === scripts.asDeclared
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

  /** What `logs` shows of a workflow. */
  async logs(name: string): Promise<readonly LogLine[]> {
    const desired = this.#resources.find((resource) => resource.name === name)
    const connection = await this.#world('read').connect('Workflow')
    const lines: LogLine[] = []
    if (!desired || !connection.logs) throw new Error(`No logs of ${name}`)
    const all = connection.logs(desired, { lines: 100, follow: false }, neverAborted())
    for await (const line of all) lines.push(line)
    return lines
  }

  /** Forgets the connections with all that they hold in memory, as a restart does. */
  async restart(): Promise<void> {
    for (const connection of this.#connections.values()) await (await connection).close()
    this.#connections.clear()
  }

  async close(): Promise<void> {
    await this.restart()
    await this.simulator.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #resource(kind: string, name: string, spec: unknown, controls: Partial<Controls> = {}): Resource {
    return {
      id: resourceId(kind, name),
      kind,
      name,
      labels: {},
      annotations: {},
      spec,
      controls: { ...defaultControls, ...controls },
      origin: { file: join(this.#folder, 'manifest.yaml'), line: 1, column: 1 },
      unresolved: [],
    }
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
      reconcilers: new Map([workflows, scriptSets].map((reconciler) => [reconciler.kind, reconciler])),
      connect: (kind) => {
        const known = this.#connections.get(kind)
        if (known) return known
        const context: ConnectContext = {
          fleet: { ...defaultFleet, github: this.#github },
          env: { PATH: process.env.PATH, HOME: this.#folder },
          clock: this.#clock,
          random: new SeededRandom(1),
          logger: silentLogger,
          store: { id: store.id, location: join(this.#folder, 'state.db') },
          mayRunCommands: isWriter,
          cache: openDomainCache({ store, kind, lease: isWriter ? lease : undefined }),
        }
        const made: Promise<AnyConnection> =
          kind === 'Workflow'
            ? connectWorkflows(context, { request: 300, pauses: [1, 2], isSpaced: false })
            : scriptSets.connect(context)
        this.#connections.set(kind, made)
        return made
      },
      clock: this.#clock,
      random: this.#random,
      logger: silentLogger,
      deadlines: defaultDeadlines,
    }
  }
}

function neverAborted(): AbortSignal {
  return new AbortController().signal
}

/** Made once: it takes longer than everything else. */
let privateKeyOfApp: string | undefined

function credentialOf(
  simulator: GithubSimulator,
  as: 'token' | 'app',
): Pick<FleetSettings['github'], 'token' | 'app'> {
  if (as === 'token') {
    return { token: Secret.read('fromEnv GITHUB_TOKEN', 'test-token', 'digest') }
  }
  privateKeyOfApp ??= newPrivateKey()
  const key = simulator.apps.add('77', 'acme', privateKeyOfApp)
  const privateKey = Secret.read('fromFile app.pem', key, 'digest')
  return { token: undefined, app: { id: '77', installation: undefined, privateKey } }
}

/** A world with one repository that has one workflow. */
export async function openSite(file: string): Promise<{
  readonly world: GithubWorld
  readonly site: SimulatedRepository
  readonly workflow: SimulatedWorkflow
}> {
  const world = await GithubWorld.create()
  const site = world.simulator.world.add('acme/site')
  return { world, site, workflow: site.addWorkflow(file) }
}

/** Closes it, and tells in what it was not spoken to as GitHub describes itself. */
export async function closeSite(world: GithubWorld): Promise<readonly unknown[]> {
  const { violations } = world.simulator
  await world.close()
  return violations
}

/** One pass, and a minute that goes by; health and message. */
export async function passOf(world: GithubWorld): Promise<string> {
  const { states } = await world.pass()
  world.advance(60_000)
  return [...states.values()].map(({ status }) => `${status.health}: ${status.message}`).join()
}
