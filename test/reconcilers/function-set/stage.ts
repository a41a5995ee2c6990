import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { systemRandom } from '../../../src/clients/host/random.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { Mark, Owned } from '../../../src/core/ownership.ts'
import type { Assessment, ConnectContext, Connection } from '../../../src/core/reconciler.ts'
import { type Controls, resourceId } from '../../../src/core/resource.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { Json } from '../../../src/core/store.ts'
import type { FunctionSetAction } from '../../../src/reconcilers/function-set/action.ts'
import { connectFunctionSets } from '../../../src/reconcilers/function-set/connection.ts'
import { reconciler } from '../../../src/reconcilers/function-set/index.ts'
import type { ObservedFunctionSet } from '../../../src/reconcilers/function-set/observed.ts'
import type { FunctionSetPair } from '../../../src/reconcilers/function-set/pair.ts'
import type { DesiredFunctionSet } from '../../../src/reconcilers/function-set/place.ts'
import type { FunctionSetSpec } from '../../../src/reconcilers/function-set/spec.generated.ts'
import { NetlifySimulator } from '../../simulators/netlify/server.ts'
import type { SimulatedSite } from '../../simulators/netlify/world.ts'
import { memoryCache } from '../../support/memory-cache.ts'
import { defaultControls } from '../../support/modelled-fleet.ts'

const id = resourceId('FunctionSet', 'site')

const controls: Controls = {
  ...defaultControls,
  recovery: { ...defaultControls.recovery, maxAttempts: 3 },
  fallbackAfter: 3,
}

type Connected = Connection<FunctionSetSpec, ObservedFunctionSet, FunctionSetAction>

/** A project in a folder, a simulated site, and the domain between them, without an engine. */
export class FunctionStage {
  readonly folder: string
  readonly simulator: NetlifySimulator
  readonly site: SimulatedSite
  /** What the store would keep. */
  kept = new Map<string, Json>()
  fleet = 'acme'
  store = 'store'
  hasToken = true
  /** Milliseconds that the clock here is ahead of Netlify's. */
  ahead = 0
  /** When a person last resumed it. */
  resumedAt: number | undefined
  /** How long a reading may take; set before it connects. */
  patience: Parameters<typeof connectFunctionSets>[1]
  #connection: Connected | undefined

  private constructor(folder: string, simulator: NetlifySimulator, site: SimulatedSite) {
    this.folder = folder
    this.simulator = simulator
    this.site = site
  }

  static async open(
    options: Parameters<NetlifySimulator['addSite']>[1] = {},
    vendor: Parameters<typeof NetlifySimulator.start>[0] = {},
  ): Promise<FunctionStage> {
    const simulator = await NetlifySimulator.start(vendor)
    const site = await simulator.addSite('acme-site', options)
    const folder = await mkdtemp(join(tmpdir(), 'functions-'))
    await mkdir(join(folder, 'netlify/functions'), { recursive: true })
    await writeFile(join(folder, 'package.json'), '{"name":"site"}')
    return new FunctionStage(folder, simulator, site)
  }

  async close(): Promise<void> {
    await this.#connection?.close()
    await this.simulator.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true })
    await writeFile(join(this.folder, path), text)
  }

  /** A function of the second version that answers a text. */
  async addFunction(name: string, answer = name): Promise<void> {
    await this.write(
      `netlify/functions/${name}.mjs`,
      `export default async () => new Response('${answer}')\n`,
    )
  }

  desired(spec: Partial<DesiredFunctionSet['spec']> = {}, rest: Partial<Controls> = {}): DesiredFunctionSet {
    return {
      id,
      kind: 'FunctionSet',
      name: 'site',
      labels: {},
      annotations: {},
      spec: { site: 'acme-site', directory: '../netlify/functions', ...spec },
      controls: { ...controls, ...rest },
      origin: { file: join(this.folder, 'manifests/site.yaml'), line: 1, column: 1 },
      unresolved: [],
    }
  }

  /** Forgets the connection, as a restart does; what the store keeps stays. */
  restart(): void {
    this.#connection = undefined
  }

  async connection(): Promise<Connected> {
    this.#connection ??= await connectFunctionSets(this.#context(), this.patience)
    return this.#connection
  }

  async observe(desired: DesiredFunctionSet | undefined, owned?: Owned): Promise<FunctionSetPair> {
    const connection = await this.connection()
    const { readings } = await connection.observe(
      [{ id, desired, owned, unconfirmed: [], resumedAt: this.resumedAt }],
      AbortSignal.timeout(60_000),
    )
    const reading = readings.get(id)
    if (!reading || reading.type === 'unreadable') throw new Error(reading?.message ?? 'not read')
    return {
      id,
      desired,
      observed: reading.value,
      owned,
      mark: this.#mark,
      posture: 'active',
      unconfirmed: [],
    }
  }

  /** What several resources are read as, by their ids. */
  async observeAll(
    wanted: readonly { readonly desired: DesiredFunctionSet; readonly owned?: Owned }[],
  ): Promise<readonly ObservedFunctionSet[]> {
    const connection = await this.connection()
    const asked = wanted.map(({ desired, owned }) => ({ id: desired.id, desired, owned, unconfirmed: [] }))
    const { readings } = await connection.observe(asked, AbortSignal.timeout(60_000))
    return [...readings.values()].map((reading) => {
      if (reading.type !== 'present') throw new Error('not read')
      return reading.value
    })
  }

  get #mark(): Mark {
    return { fleet: this.fleet, environment: '', store: this.store, id, origin: 'adopted', hash: 'h' }
  }

  /** Takes what is wanted, once. */
  async pass(
    desired: DesiredFunctionSet | undefined,
    owned?: Owned,
    signal?: AbortSignal,
  ): Promise<readonly FunctionSetAction[]> {
    return this.applyAll(await this.observe(desired, owned), signal)
  }

  /** Takes what a reading asks for. */
  async applyAll(
    pair: FunctionSetPair,
    signal = AbortSignal.timeout(60_000),
  ): Promise<readonly FunctionSetAction[]> {
    const drift = reconciler.diff(pair)
    const remedy = pair.desired && this.assess(pair).remedy
    const actions = drift.length > 0 ? drift : remedy ? [remedy] : []
    const connection = await this.connection()
    for (const action of actions) {
      if (!action.blocked) await connection.apply(action, signal)
    }
    return actions
  }

  assess(pair: FunctionSetPair): Assessment<FunctionSetAction> {
    return reconciler.assess(pair, { now: Date.now(), samples: [] })
  }

  /** What a visitor gets. */
  async visit(path: string): Promise<string> {
    const response = await fetch(new URL(path, this.site.url))
    return `${response.status} ${await response.text()}`
  }

  /** Names of the published functions. */
  published(): readonly string[] {
    return Object.keys(this.site.published?.functions ?? {}).sort()
  }

  #context(): ConnectContext {
    return {
      fleet: {
        name: this.fleet,
        environment: undefined,
        healthTarget: 80,
        intervals: {},
        deletions: { max: 5, percent: 25 },
        concurrency: {},
        github: { apiUrl: undefined, token: undefined },
        netlify: {
          apiUrl: this.simulator.url,
          token: this.hasToken ? Secret.read('test', 'test-token', 'digest') : undefined,
        },
        pm2: { home: undefined },
        historyKeep: 86_400_000,
        allowedPaths: [],
      },
      env: {
        PATH: process.env.PATH,
        HOME: this.folder,
        // The bundler starts often here.
        NODE_COMPILE_CACHE: join(tmpdir(), 'reconciled-test-data/compile-cache'),
      },
      clock: { ...systemClock, now: () => systemClock.now() + this.ahead },
      random: systemRandom,
      logger: silentLogger,
      store: { id: this.store, location: join(this.folder, '.reconcile/state.db') },
      mayRunCommands: false,
      cache: memoryCache(this.kept),
    }
  }
}
