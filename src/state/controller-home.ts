import type { RecordKey, Store } from '../core/store.ts'
import { decodeEntry, number, object, text, toJson } from './codec.ts'
import type { Fence } from './fence.ts'

/** Where the controller in the background is kept: what the manifests say may have changed since it was started. */
export interface ControllerHome {
  /** PM2_HOME, absolute. */
  readonly home: string
  readonly pid: number
}

const key: RecordKey = { collection: 'controller-home', key: 'fleet' }
const record = object<ControllerHome>({ home: text, pid: number })

/** Undefined: none was ever kept in the background. It may have ended since. */
export async function readControllerHome(store: Store): Promise<ControllerHome | undefined> {
  const entry = await store.get(key)
  return entry && decodeEntry(entry, record)
}

/** Written by the controller itself, when it begins. */
export async function saveControllerHome(store: Store, home: ControllerHome, lease: Fence): Promise<void> {
  await store.commit([{ type: 'put', ...key, value: toJson(home) }], [lease.guard()])
}
