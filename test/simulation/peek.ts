import type { Intent } from '../../src/core/intent.ts'
import type { ResourceState } from '../../src/core/ledger.ts'
import type { Owned } from '../../src/core/ownership.ts'
import type { Json } from '../../src/core/store.ts'
import type { MemoryDisk } from '../../src/state/memory.ts'

/** What stands on the disk at this very moment, past every lock, fault and latency. */
export function peek<T>(disk: MemoryDisk, collection: string): ReadonlyMap<string, T> {
  const rows = disk.collections.get(collection)?.rows ?? new Map<string, { readonly value: Json }>()
  return new Map([...rows].map(([key, { value }]) => [key.slice(key.indexOf('/') + 1), value as T]))
}

/** One record; ids are keys below the base environment. */
export function peekOne<T>(disk: MemoryDisk, collection: string, id: string): T | undefined {
  const row = disk.collections.get(collection)?.rows.get(`/${id}`)
  return row && (row.value as T)
}

export function peekOwned(disk: MemoryDisk, id: string): Owned | undefined {
  return peekOne<Owned>(disk, 'inventory', id)
}

export function peekInventory(disk: MemoryDisk): readonly Owned[] {
  return [...peek<Owned>(disk, 'inventory').values()]
}

export function peekState(disk: MemoryDisk, id: string): ResourceState | undefined {
  return peekOne<ResourceState>(disk, 'resource-state', id)
}

export function peekIntents(disk: MemoryDisk): readonly Intent[] {
  return [...peek<Intent>(disk, 'intent-open').values()]
}

/** What a write puts. */
export function written<T>(value: Json): T {
  return value as T
}

/** The token of whoever holds the lease; 0: nobody. */
export function peekToken(disk: MemoryDisk): number {
  return disk.collections.get('lease-token')?.rows.get('fleet')?.revision ?? 0
}
