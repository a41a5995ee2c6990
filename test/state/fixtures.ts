import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Random } from '../../src/core/clock.ts'
import { type ResourceId, resourceId } from '../../src/core/resource.ts'
import type { Store } from '../../src/core/store.ts'
import type { Fence } from '../../src/state/fence.ts'
import { openSqliteStore } from '../../src/state/sqlite.ts'

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (duration, signal) => {
    await sleep(duration, undefined, signal ? { signal } : {})
  },
}

export const realRandom: Random = {
  next: () => randomBytes(4).readUInt32BE() / 2 ** 32,
  id: () => `${Date.now().toString(36)}${randomBytes(6).toString('hex')}`,
}

/** A folder of its own; `remove` it after. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'reconciled-state-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export function openFile(path: string, mode: 'write' | 'read' = 'write'): Promise<Store> {
  return openSqliteStore({ path, mode, clock: realClock, random: realRandom })
}

/** The right to write without a keeper: the token record alone. */
export async function takeFence(store: Store): Promise<Fence> {
  const key = { collection: 'lease-token', key: 'fleet' }
  const revision = await store.commit([{ type: 'put', ...key, value: 'test' }])
  return { guard: () => ({ ...key, revision }) }
}

export function process(name: string): ResourceId {
  return resourceId('Process', name)
}
