import type { ResourceState } from '../../src/core/ledger.ts'
import type { Owned } from '../../src/core/ownership.ts'
import type { StoreWrite } from '../../src/core/store.ts'

/** The rows that a commit replaced, as they were. */
export interface RowsBefore {
  readonly owned: ReadonlyMap<string, Owned>
  readonly states: ReadonlyMap<string, ResourceState>
}

/** What was written of inventory and states, by id: quicker to look at than the disk. */
export class Shadow {
  readonly owned = new Map<string, Owned>()
  readonly states = new Map<string, ResourceState>()

  /** Follows a commit, and gives what it replaced. */
  follow(writes: readonly StoreWrite[]): RowsBefore {
    const before = { owned: new Map<string, Owned>(), states: new Map<string, ResourceState>() }
    for (const write of writes) {
      if (write.collection === 'inventory') replace(this.owned, before.owned, write)
      if (write.collection === 'resource-state') replace(this.states, before.states, write)
    }
    return before
  }
}

function replace<Row>(rows: Map<string, Row>, before: Map<string, Row>, write: StoreWrite): void {
  const id = write.key.slice(1)
  const row = rows.get(id)
  if (row !== undefined) before.set(id, row)
  // What the ledger writes is what it reads back; its codec is tested elsewhere.
  if (write.type === 'put') rows.set(id, write.value as Row)
  else rows.delete(id)
}
