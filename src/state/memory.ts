import { ReconcileError } from '../core/errors.ts'
import type { Precondition, Store, StoreWrite } from '../core/store.ts'
import { conflict } from './conflict.ts'
import { assertRecordKey } from './record-key.ts'
import { RowSet } from './row-set.ts'

/** What outlives a store that is closed or dropped: the disk of a simulated machine. */
export interface MemoryDisk {
  readonly id: string
  readonly secretKey: string
  readonly collections: Map<string, RowSet>
  readonly watchers: Set<() => void>
  revision: number
}

export function createMemoryDisk(
  identity: { readonly id?: string; readonly secretKey?: string } = {},
): MemoryDisk {
  return {
    id: identity.id ?? 'memory',
    secretKey: identity.secretKey ?? '00'.repeat(32),
    collections: new Map(),
    watchers: new Set(),
    revision: 0,
  }
}

/**
 * A store that lives in memory, held to the same contract as the one on disk. Several may be opened on one
 * `MemoryDisk`: they are to each other what two programs on one state file are.
 */
export function openMemoryStore(disk: MemoryDisk = createMemoryDisk()): Store {
  const ownWatchers = new Set<() => void>()
  let isClosed = false

  function assertOpen(): void {
    if (isClosed)
      throw new ReconcileError('StoreUnavailable', 'Cannot use the state in memory: it was closed')
  }

  return {
    id: disk.id,
    secretKey: disk.secretKey,
    location: 'memory',
    async get(key) {
      assertOpen()
      return disk.collections.get(key.collection)?.get(key.key)
    },
    async list(query) {
      assertOpen()
      return disk.collections.get(query.collection)?.list(query) ?? []
    },
    async revision() {
      assertOpen()
      return disk.revision
    },
    async commit(writes, preconditions = []) {
      assertOpen()
      for (const key of [...writes, ...preconditions]) assertRecordKey(key)
      checkRevisions(disk, writes, preconditions)
      if (writes.length === 0) return disk.revision
      disk.revision += 1
      for (const write of writes) applyWrite(disk, write)
      // A microtask later, as with every other store: nobody is called back in the middle of his own commit.
      for (const watcher of disk.watchers) queueMicrotask(() => disk.watchers.has(watcher) && watcher())
      return disk.revision
    },
    watch(onChange) {
      assertOpen()
      const watcher = () => onChange()
      ownWatchers.add(watcher)
      disk.watchers.add(watcher)
      return () => {
        ownWatchers.delete(watcher)
        disk.watchers.delete(watcher)
      }
    },
    async close() {
      isClosed = true
      for (const watcher of ownWatchers) disk.watchers.delete(watcher)
      ownWatchers.clear()
    },
  }
}

function checkRevisions(
  disk: MemoryDisk,
  writes: readonly StoreWrite[],
  preconditions: readonly Precondition[],
): void {
  const checks = writes.flatMap(({ collection, key, expected }) =>
    expected === undefined ? [] : [{ collection, key, revision: expected }],
  )
  for (const { collection, key, revision } of [...checks, ...preconditions]) {
    const actual = disk.collections.get(collection)?.get(key)?.revision ?? 0
    if (actual !== revision) throw conflict({ collection, key }, revision, actual)
  }
}

function applyWrite(disk: MemoryDisk, write: StoreWrite): void {
  const { collection, key } = write
  const rows = disk.collections.get(collection) ?? new RowSet(collection)
  disk.collections.set(collection, rows)
  if (write.type === 'delete') rows.delete(key)
  else rows.put(key, write.value, disk.revision)
}
