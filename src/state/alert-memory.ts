import {
  type AlertGroup,
  type AlertMemory,
  type Notice,
  severities,
  type Trouble,
  troubleTypes,
} from '../core/alert.ts'
import { assertNever } from '../core/assert-never.ts'
import { isErrorOf } from '../core/errors.ts'
import type { Json, RecordKey, Store, StoreWrite } from '../core/store.ts'
import {
  boolean,
  decodeEntry,
  list,
  number,
  object,
  oneOf,
  optional,
  resourceIdText,
  text,
  toJson,
} from './codec.ts'
import type { Fence } from './fence.ts'
import { scopeOf } from './record-key.ts'

const groupCollection = 'alert-group'
const noticeCollection = 'alert-notice'

type Claim = Awaited<ReturnType<AlertMemory['claim']>>

/** Others write at the same time; each try reads anew. */
const mostTries = 10

const trouble = object<Trouble>({
  type: oneOf(troubleTypes),
  id: optional(resourceIdText),
  severity: oneOf(severities),
  message: text,
  since: number,
})

/** An earlier version wrote none. */
const troublesIfAny = (value: Json | undefined) => optional(list(trouble))(value) ?? []

const alertGroup = object<AlertGroup>({
  alert: text,
  id: text,
  name: text,
  since: number,
  told: list(trouble),
  toldAt: optional(number),
  quietSince: optional(number),
  receivers: optional(list(text)),
  sendResolved: optional(boolean),
})

const notice = object<Notice>({
  id: text,
  receiver: text,
  alert: text,
  groupId: text,
  groupName: text,
  status: oneOf(['firing', 'resolved', 'test']),
  firing: list(trouble),
  resolved: list(trouble),
  withdrawn: troublesIfAny,
  at: number,
  since: number,
  attempts: number,
  nextAttemptAt: number,
})

/** The alerts' part of a store. `lease` absent: it is read and never written. */
export function openAlertMemory(options: {
  readonly store: Store
  readonly environment: string | undefined
  readonly lease?: Fence
}): AlertMemory {
  const { store, lease } = options
  const scope = scopeOf(options.environment)
  const groupKey = (group: Pick<AlertGroup, 'alert' | 'id'>): RecordKey => ({
    collection: groupCollection,
    key: `${scope}${group.alert}/${group.id}`,
  })
  const noticeKey = (one: Pick<Notice, 'receiver' | 'alert' | 'groupId'>): RecordKey => ({
    collection: noticeCollection,
    key: `${scope}${one.receiver}/${one.alert}/${one.groupId}`,
  })
  /** Changes one notice as it is now, by its revision: nobody else changed it in between. */
  async function revise<T>(
    one: Notice,
    change: (stored: Notice | undefined) => { readonly result: T; readonly write?: Notice | 'drop' },
  ): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const entry = await store.get(noticeKey(one))
      const { result, write } = change(entry && decodeEntry(entry, notice))
      if (!entry || write === undefined) return result
      const expected = entry.revision
      const key = noticeKey(one)
      try {
        await store.commit([
          write === 'drop'
            ? { type: 'delete', ...key, expected }
            : { type: 'put', ...key, value: toJson(write), expected },
        ])
        return result
      } catch (error) {
        if (!isErrorOf(error, 'ConflictingRevision') || tries === mostTries) throw error
      }
    }
  }
  return {
    claim: (one, until) =>
      revise<Claim>(one, (stored) => {
        const isKnown = stored?.id === one.id && stored.nextAttemptAt === one.nextAttemptAt
        if (!isKnown) return { result: { isOurs: false, notice: stored } }
        const claimed = { ...stored, nextAttemptAt: until }
        return { result: { isOurs: true, notice: claimed }, write: claimed }
      }),
    conclude: (one, next) =>
      revise(one, (stored) =>
        stored?.id === one.id ? { result: true, write: next ?? 'drop' } : { result: false },
      ),
    async groups() {
      const entries = await store.list({ collection: groupCollection, prefix: scope })
      return entries.map((entry) => decodeEntry(entry, alertGroup))
    },
    async notices() {
      const entries = await store.list({ collection: noticeCollection, prefix: scope })
      return entries.map((entry) => decodeEntry(entry, notice))
    },
    async commit(changes) {
      if (!lease) throw new TypeError('Expected a lease to write what alerts remember, got none')
      if (changes.length === 0) return
      const writes = changes.map((change): StoreWrite => {
        switch (change.type) {
          case 'put-group':
            return { type: 'put', ...groupKey(change.group), value: toJson(change.group) }
          case 'drop-group':
            return { type: 'delete', ...groupKey(change.group) }
          case 'put-notice':
            return { type: 'put', ...noticeKey(change.notice), value: toJson(change.notice) }
          case 'drop-notice':
            return { type: 'delete', ...noticeKey(change.notice) }
          default:
            return assertNever(change)
        }
      })
      await store.commit(writes, [lease.guard()])
    },
  }
}
