import { ReconcileError } from '../core/errors.ts'
import type { RecordKey, Store } from '../core/store.ts'
import { decodeEntry, object, text, toJson } from './codec.ts'
import type { Fence } from './fence.ts'

/** What a store belongs to: with another one its inventory would look like things to be deleted. */
export interface Binding {
  /** The manifests folder, absolute. */
  readonly folder: string
  /** Empty: the base, no environment. */
  readonly environment: string
}

const key: RecordKey = { collection: 'binding', key: 'fleet' }
const binding = object<Binding>({ folder: text, environment: text })

/** Undefined: the store belongs to nothing yet. */
export async function readBinding(store: Store): Promise<Binding | undefined> {
  const entry = await store.get(key)
  return entry && decodeEntry(entry, binding)
}

/** Rejects with `StoreBound` where the store belongs to another folder or environment. Writes nothing. */
export async function checkBinding(store: Store, wanted: Binding): Promise<void> {
  const bound = await readBinding(store)
  if (!bound) return
  const differences = [
    ...(bound.folder === wanted.folder ? [] : [`the manifests folder ${bound.folder}, not ${wanted.folder}`]),
    ...(bound.environment === wanted.environment
      ? []
      : [`${environmentText(bound.environment)}, not ${environmentText(wanted.environment)}`]),
  ]
  if (differences.length === 0) return
  throw new ReconcileError(
    'StoreBound',
    `Cannot use the state ${store.location}: it belongs to ${differences.join(', and to ')}`,
    { hint: 'Name another state with --state, or say with --rebind that this one is meant.' },
  )
}

/** Remembers what the store belongs to, as an actor; the first time, or when a person said `--rebind`. */
export async function bindStore(store: Store, wanted: Binding, lease: Fence): Promise<void> {
  const bound = await readBinding(store)
  if (bound && bound.folder === wanted.folder && bound.environment === wanted.environment) return
  await store.commit([{ type: 'put', ...key, value: toJson(wanted) }], [lease.guard()])
}

function environmentText(environment: string): string {
  return environment ? `the environment ${environment}` : 'no environment'
}
