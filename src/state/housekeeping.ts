import type { Duration } from '../core/duration.ts'
import type { Store } from '../core/store.ts'
import { decodeEntry, number } from './codec.ts'
import type { Fence } from './fence.ts'
import { scopeOf } from './record-key.ts'

/** How often old events, outcomes and samples are dropped. */
export const housekeepingEvery: Duration = 3_600_000

/**
 * Whether old records are to be dropped now: at most once an hour, whichever processes pass. It is written down before
 * it is done, so that what fails is not tried with every pass.
 */
export async function takeHousekeeping(options: {
  readonly store: Store
  readonly environment: string | undefined
  readonly lease: Fence
  /** Epoch milliseconds. */
  readonly now: number
}): Promise<boolean> {
  const { store, lease, now } = options
  const key = { collection: 'housekeeping', key: `${scopeOf(options.environment)}taken` }
  const entry = await store.get(key)
  const last = entry && decodeEntry(entry, number)
  // What lies ahead is of a clock that was set back since.
  if (last !== undefined && last <= now && now - last < housekeepingEvery) return false
  await store.commit([{ type: 'put', ...key, value: now }], [lease.guard()])
  return true
}
