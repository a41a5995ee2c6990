import type { FleetEvent } from '../core/event.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Store } from '../core/store.ts'
import { decodeEntry, decodeValue, toJson } from './codec.ts'
import type { Draft } from './draft.ts'
import { fleetEvent } from './ledger-codec.ts'
import { lastPart, sortable } from './record-key.ts'

/** The events themselves, by running number: newest last. */
export const eventCollection = 'event'
/** For each resource the numbers of its events; the value says nothing. */
export const eventIndexCollection = 'event-of'

/** Equal events of one resource within this time are one row that counts: Kubernetes' aggregation uses 10 min. */
const aggregationWindow = 600_000

export type NewEvent = Omit<FleetEvent, 'count' | 'firstAt'>

interface Numbered {
  readonly sequence: number
  readonly event: FleetEvent
}

/**
 * Adds events to a draft. One that repeats the last of its resource replaces it with a higher count and a new
 * number, so that the order stays that of the last time.
 */
export class EventLog {
  readonly #store: Store
  readonly #draft: Draft
  readonly #scope: string
  readonly #last = new Map<ResourceId | undefined, Numbered | undefined>()
  #next: number | undefined

  constructor(store: Store, draft: Draft, scope: string) {
    this.#store = store
    this.#draft = draft
    this.#scope = scope
  }

  async add(event: NewEvent): Promise<void> {
    const { at, type, reason, id } = event
    // The last one was kept without its secrets: only so can the two be compared.
    const { message } = this.#store.kept?.({ message: event.message }) ?? event
    const last = await this.#lastOf(id)
    const repeated = last && isRepeat(last.event, { ...event, message }) ? last : undefined
    if (repeated) this.#remove(repeated)
    const count = (repeated?.event.count ?? 0) + 1
    const row: FleetEvent = { at, type, reason, id, message, count, firstAt: repeated?.event.firstAt ?? at }
    const sequence = await this.#takeNumber()
    this.#draft.put({ collection: eventCollection, key: eventKey(this.#scope, sequence) }, toJson(row))
    this.#draft.put({ collection: eventIndexCollection, key: indexKey(this.#scope, id, sequence) }, null)
    this.#last.set(id, { sequence, event: row })
  }

  async #lastOf(id: ResourceId | undefined): Promise<Numbered | undefined> {
    if (this.#last.has(id)) return this.#last.get(id)
    const [index] = await this.#store.list({
      collection: eventIndexCollection,
      prefix: indexPrefix(this.#scope, id),
      reverse: true,
      limit: 1,
    })
    const last = index && (await this.#read(Number(lastPart(index.key))))
    this.#last.set(id, last)
    return last
  }

  async #read(sequence: number): Promise<Numbered | undefined> {
    const key = { collection: eventCollection, key: eventKey(this.#scope, sequence) }
    const value = await this.#draft.read(key)
    return value === undefined ? undefined : { sequence, event: decodeValue(key, value, fleetEvent) }
  }

  async #takeNumber(): Promise<number> {
    this.#next ??= (await newestNumber(this.#store, this.#scope)) + 1
    // Somebody may take the same number at the same time: one that is seen to be taken is passed over, and what was
    // read as free must still be so when this is committed. No event overwrites another.
    while ((await this.#draft.read(this.#keyOf(this.#next))) !== undefined) this.#next += 1
    const number = this.#next
    this.#next += 1
    return number
  }

  #keyOf(sequence: number) {
    return { collection: eventCollection, key: eventKey(this.#scope, sequence) }
  }

  #remove({ sequence, event }: Numbered): void {
    this.#draft.delete({ collection: eventCollection, key: eventKey(this.#scope, sequence) })
    this.#draft.delete({ collection: eventIndexCollection, key: indexKey(this.#scope, event.id, sequence) })
  }
}

function isRepeat(last: FleetEvent, event: NewEvent): boolean {
  const isEqual = last.type === event.type && last.reason === event.reason && last.message === event.message
  return isEqual && event.at - last.at <= aggregationWindow
}

/** The number of the newest event; 0 where there is none. */
export async function newestNumber(store: Store, scope: string): Promise<number> {
  const [newest] = await store.list({ collection: eventCollection, prefix: scope, reverse: true, limit: 1 })
  return newest ? Number(lastPart(newest.key)) : 0
}

/** Newest first. */
export async function readEvents(
  store: Store,
  scope: string,
  query: { readonly id?: ResourceId; readonly limit: number },
): Promise<readonly FleetEvent[]> {
  const { id, limit } = query
  if (id === undefined) {
    const entries = await store.list({ collection: eventCollection, prefix: scope, reverse: true, limit })
    return entries.map((entry) => decodeEntry(entry, fleetEvent))
  }
  const prefix = indexPrefix(scope, id)
  const index = await store.list({ collection: eventIndexCollection, prefix, reverse: true, limit })
  const entries = await Promise.all(
    index.map(({ key }) => store.get({ collection: eventCollection, key: `${scope}${lastPart(key)}` })),
  )
  return entries.flatMap((entry) => (entry ? [decodeEntry(entry, fleetEvent)] : []))
}

function eventKey(scope: string, sequence: number): string {
  return `${scope}${sortable(sequence)}`
}

export function indexKey(scope: string, id: ResourceId | undefined, sequence: number): string {
  return `${indexPrefix(scope, id)}${sortable(sequence)}`
}

function indexPrefix(scope: string, id: ResourceId | undefined): string {
  return `${scope}${id ?? ''}/`
}
