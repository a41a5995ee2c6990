import type {
  Commit,
  GitSettings,
  HookAddress,
  SignaturePolicy,
  SourcePin,
  SourceRecord,
  SourceTrouble,
} from '../core/source.ts'
import type { RecordKey, Store } from '../core/store.ts'
import { type Decoder, decodeEntry, list, number, object, oneOf, optional, text, toJson } from './codec.ts'
import type { Fence } from './fence.ts'
import { scopeOf } from './record-key.ts'

const recordCollection = 'source'
const pinCollection = 'source-pin'

const commit = object<Commit>({ id: text, subject: text, author: text, at: number })

const signatures: Decoder<SignaturePolicy> = (value) => {
  const { type, allowedSigners } = object<{ type: 'ssh' | 'gpg'; allowedSigners: string | undefined }>({
    type: oneOf(['ssh', 'gpg']),
    allowedSigners: optional(text),
  })(value)
  return type === 'ssh' ? { type, allowedSigners: allowedSigners ?? '' } : { type }
}

const settings = object<GitSettings>({
  url: text,
  branch: text,
  path: text,
  interval: number,
  webhook: optional(object<HookAddress>({ host: text, port: number })),
  signatures: optional(signatures),
})

const record = object<SourceRecord>({
  git: settings,
  saidBy: oneOf(['flags', 'fleet']),
  from: text,
  folder: text,
  applied: optional(commit),
  appliedAt: number,
  tip: optional(text),
  refused: optional(object<NonNullable<SourceRecord['refused']>>({ commit, message: text, since: number })),
  trouble: optional(
    object<SourceTrouble>({
      reason: oneOf(['BranchMissing', 'SourceUnreadable', 'SourceFailed']),
      message: text,
      since: number,
    }),
  ),
  good: list(commit),
  verifiedBy: optional(text),
})

const pin = object<SourcePin>({ commit: text, by: optional(text), at: number })

interface Place {
  readonly store: Store
  readonly environment: string | undefined
}

function keyOf(collection: string, environment: string | undefined): RecordKey {
  return { collection, key: `${scopeOf(environment)}fleet` }
}

/** What is known of the repository that a fleet follows; undefined: it follows none. */
export async function readSource({ store, environment }: Place): Promise<SourceRecord | undefined> {
  const entry = await store.get(keyOf(recordCollection, environment))
  return entry && decodeEntry(entry, record)
}

/** Written by whoever acts for the fleet. */
export async function saveSource(
  { store, environment }: Place,
  value: SourceRecord,
  lease: Fence,
): Promise<void> {
  await store.commit(
    [{ type: 'put', ...keyOf(recordCollection, environment), value: toJson(value) }],
    [lease.guard()],
  )
}

/** The fleet follows no repository any more: what is known of one, and where a person held it, is forgotten. */
export async function forgetSource({ store, environment }: Place, lease: Fence): Promise<void> {
  const keys = [recordCollection, pinCollection].map((collection) => keyOf(collection, environment))
  const known = await Promise.all(keys.map((key) => store.get(key)))
  if (known.every((entry) => entry === undefined)) return
  await store.commit(
    keys.map((key) => ({ type: 'delete' as const, ...key })),
    [lease.guard()],
  )
}

/** Where a person holds the fleet; undefined: it follows its branch. */
export async function readPin({ store, environment }: Place): Promise<SourcePin | undefined> {
  const entry = await store.get(keyOf(pinCollection, environment))
  return entry && decodeEntry(entry, pin)
}

/** Said by a person: written without the lease, because he must be heard while a controller acts. */
export async function savePin({ store, environment }: Place, value: SourcePin): Promise<void> {
  await store.commit([{ type: 'put', ...keyOf(pinCollection, environment), value: toJson(value) }])
}

/** Lets the fleet follow its branch again; returns where it was held. */
export async function liftPin({ store, environment }: Place): Promise<SourcePin | undefined> {
  const held = await readPin({ store, environment })
  if (held) await store.commit([{ type: 'delete', ...keyOf(pinCollection, environment) }])
  return held
}
