import type { Clock, Random } from '../../src/core/clock.ts'
import type { Declaration } from '../../src/core/declaration.ts'
import type { FleetSettings } from '../../src/core/fleet.ts'
import type { Ledger } from '../../src/core/ledger.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { AnyConnection, AnyReconciler } from '../../src/core/reconciler.ts'
import { type Controls, type Resource, type ResourceId, resourceId } from '../../src/core/resource.ts'
import type { Store } from '../../src/core/store.ts'
import type { World } from '../../src/engine/world.ts'
import { openLedger, type StoredLedger } from '../../src/state/ledger.ts'
import { createMemoryDisk, type MemoryDisk, openMemoryStore } from '../../src/state/memory.ts'
import { type ModelFaults, noFaults } from './model-faults.ts'
import { dispatchReconciler } from './modelled-dispatch.ts'
import { type ModelSpec, modelReconciler } from './modelled-domain.ts'
import { ModelledWorld } from './modelled-world.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimulatedTime } from './simulated-clock.ts'

/** The fields that every kind has, with the documented defaults. */
export const defaultControls: Controls = Object.freeze<Controls>({
  dependsOn: [],
  critical: false,
  managementPolicy: 'Manage',
  deletionPolicy: undefined,
  adopt: false,
  suspend: undefined,
  interval: undefined,
  recovery: {
    maxAttempts: 5,
    backoff: { initial: 5_000, max: 300_000, factor: 2 },
    stableFor: 60_000,
  },
  fallback: [],
  fallbackAfter: 5,
  ignore: [],
  windows: [],
})

export const defaultFleet: FleetSettings = Object.freeze<FleetSettings>({
  name: 'acme',
  environment: undefined,
  healthTarget: 80,
  intervals: {},
  deletions: { max: 5, percent: 25 },
  concurrency: {},
  github: { apiUrl: undefined, token: undefined },
  netlify: { apiUrl: undefined, token: undefined },
  pm2: { home: undefined },
  historyKeep: 86_400_000,
  allowedPaths: [],
})

export function modelId(name: string): ResourceId {
  return resourceId('Model', name)
}

export function resourceOf<Spec>(
  kind: string,
  name: string,
  spec: Spec,
  controls: Partial<Controls> = {},
): Resource<Spec> {
  return {
    id: resourceId(kind, name),
    kind,
    name,
    labels: {},
    annotations: {},
    spec,
    controls: { ...defaultControls, ...controls },
    origin: { file: `/fleet/manifests/${name}.yaml`, line: 1, column: 1 },
    unresolved: [],
  }
}

export function model(
  name: string,
  spec: Partial<ModelSpec> = {},
  controls: Partial<Controls> = {},
): Resource<ModelSpec> {
  return resourceOf('Model', name, { program: `${name}.mjs`, ...spec }, controls)
}

export function declare(
  resources: readonly Resource[],
  options: Partial<Omit<Declaration, 'resources'>> = {},
): Declaration {
  return {
    fleet: defaultFleet,
    diagnostics: [],
    missing: [],
    isComplete: true,
    isWhole: true,
    folder: '/fleet/manifests',
    ...options,
    resources: [...resources].sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}

/** A fleet on a modelled world, with virtual time and a memory of its own. */
export interface ModelledFleet {
  readonly time: SimulatedTime
  readonly clock: Clock
  readonly outside: ModelledWorld
  readonly disk: MemoryDisk
  readonly ledger: Ledger
  readonly world: World
}

export interface ModelledFleetOptions {
  readonly seed?: number
  readonly faults?: Partial<ModelFaults>
  readonly deadlines?: World['deadlines']
  readonly disk?: MemoryDisk
  readonly outside?: ModelledWorld
  readonly time?: SimulatedTime
  readonly environment?: string
  readonly ledger?: (ledger: StoredLedger) => Ledger
  /** What stands between the ledger and the disk. */
  readonly store?: (store: Store) => Store
}

/** Nobody holds the lease, and everybody may write: for tests of the engine alone. */
const noLease = { guard: () => ({ collection: 'lease-token', key: 'fleet', revision: 0 }) }

export function modelledFleet(options: ModelledFleetOptions = {}): ModelledFleet {
  const random = new SeededRandom(options.seed ?? 1)
  const time = options.time ?? new SimulatedTime()
  const clock = time.clock()
  const outside = options.outside ?? new ModelledWorld(() => time.now)
  const disk = options.disk ?? createMemoryDisk({ id: 'store-1' })
  outside.livingStores.add(disk.id)
  const environment = options.environment
  const store = openMemoryStore(disk)
  const opened = openLedger({
    store: options.store?.(store) ?? store,
    fleet: 'acme',
    environment,
    lease: noLease,
    clock,
  })
  const ledger = options.ledger?.(opened) ?? opened
  const context = { world: outside, clock, faults: { ...noFaults, ...options.faults } }
  const reconcilers = new Map<string, AnyReconciler>([
    ['Model', modelReconciler(context)],
    ['Dispatch', dispatchReconciler(context)],
  ])
  const world = modelledEngineWorld({ clock, random, ledger, reconcilers, storeId: disk.id, environment })
  return {
    time,
    clock,
    outside,
    disk,
    ledger,
    world: options.deadlines ? { ...world, deadlines: options.deadlines } : world,
  }
}

/** What the engine acts in, over given parts. */
export function modelledEngineWorld(parts: {
  readonly clock: Clock
  readonly random: Random
  readonly ledger: Ledger
  readonly reconcilers: ReadonlyMap<string, AnyReconciler>
  readonly storeId: string
  readonly environment: string | undefined
}): World {
  const connections = new Map<string, Promise<AnyConnection>>()
  const { clock, random, ledger, reconcilers, environment } = parts
  return {
    fleet: { name: 'acme', environment },
    store: { id: parts.storeId, location: 'memory' },
    ledger,
    reconcilers,
    connect(kind) {
      const known = connections.get(kind)
      if (known) return known
      const reconciler = reconcilers.get(kind)
      if (!reconciler) return Promise.reject(new TypeError(`No domain for ${kind}`))
      const connection: Promise<AnyConnection> = reconciler.connect({
        fleet: defaultFleet,
        env: {},
        clock,
        random,
        logger: silentLogger,
        store: { id: parts.storeId, location: 'memory' },
        mayRunCommands: true,
      })
      connections.set(kind, connection)
      return connection
    },
    clock,
    random,
    logger: silentLogger,
    deadlines: { observe: 20_000, apply: 120_000 },
  }
}
