import { ReconcileError } from '../core/errors.ts'
import type { RecordKey, Store } from '../core/store.ts'
import { decodeEntry, object, text, toJson } from './codec.ts'
import type { Fence } from './fence.ts'
import { scopeOf } from './record-key.ts'

/** What a store belongs to: with another folder its inventory would look like things to be deleted. */
export interface Binding {
  /** The manifests folder, absolute; or `git:URL#BRANCH:PATH` where the manifests are fetched. */
  readonly folder: string
  /** Empty: the base, no environment. */
  readonly environment: string
}

const collection = 'binding'
/** Where a store that knew one environment alone kept it. */
const soleKey: RecordKey = { collection, key: 'fleet' }
const binding = object<Binding>({ folder: text, environment: text })

/** One for each environment that it keeps, the base first; none: it belongs to nothing yet. */
export async function readBindings(store: Store): Promise<readonly Binding[]> {
  const entries = await store.list({ collection })
  return entries
    .map((entry) => decodeEntry(entry, binding))
    .sort((a, b) => (a.environment < b.environment ? -1 : 1))
}

/** What a store that belongs to something belongs to instead of what is wanted; undefined: it may be used. */
export function bindingDifference(bound: readonly Binding[], wanted: Binding): string | undefined {
  if (bound.length === 0) return undefined
  const same = bound.filter(({ environment }) => environment === wanted.environment)
  const folders = new Set((same.length > 0 ? same : bound).map(({ folder }) => folder))
  const differences = [
    ...(folders.has(wanted.folder) ? [] : [placeDifference([...folders], wanted.folder)]),
    ...(same.length > 0
      ? []
      : [
          `${bound.map(({ environment }) => environmentText(environment)).join(' and ')}, not ${environmentText(wanted.environment)}`,
        ]),
  ]
  return differences.length === 0 ? undefined : differences.join(', and to ')
}

/** Rejects with `StoreBound` where the store belongs to another folder, or to other environments. Writes nothing. */
export async function checkBinding(store: Store, wanted: Binding): Promise<void> {
  const bound = await readBindings(store)
  const difference = bindingDifference(bound, wanted)
  if (difference === undefined) return
  const isAddition = bound.some(({ folder }) => folder === wanted.folder)
  throw new ReconcileError(
    'StoreBound',
    `Cannot use the state ${store.location}: it belongs to ${difference}`,
    {
      hint: isAddition
        ? 'Say --rebind once to add this one to it, each is kept apart; or name another environment, or another state with --state.'
        : 'Was the folder moved? Say --rebind once, and the state goes with it. Otherwise name another state with --state.',
    },
  )
}

/**
 * Remembers what the store belongs to, as an actor; the first time, or when a person said `--rebind`. What it knows of
 * other environments stays.
 */
export async function bindStore(store: Store, wanted: Binding, lease: Fence): Promise<void> {
  if ((await readBindings(store)).some((bound) => isSame(bound, wanted))) return
  const sole = await store.get(soleKey)
  const isReplaced = sole && decodeEntry(sole, binding).environment === wanted.environment
  await store.commit(
    [
      { type: 'put', collection, key: scopeOf(wanted.environment), value: toJson(wanted) },
      ...(isReplaced ? [{ type: 'delete' as const, ...soleKey }] : []),
    ],
    [lease.guard()],
  )
}

/** Takes that back, as an actor: what it was bound to turned out to be nothing. */
export async function unbindStore(store: Store, wanted: Binding, lease: Fence): Promise<void> {
  if (!(await readBindings(store)).some((bound) => isSame(bound, wanted))) return
  await store.commit([{ type: 'delete', collection, key: scopeOf(wanted.environment) }], [lease.guard()])
}

function isSame(a: Binding, b: Binding): boolean {
  return a.folder === b.folder && a.environment === b.environment
}

const fetched = 'git:'

/** What is fetched begins with the word that says so, which no absolute path does. */
function placeDifference(bound: readonly string[], wanted: string): string {
  const isFetched = (place: string) => place.startsWith(fetched)
  if (![...bound, wanted].some(isFetched)) return `the manifests folder ${bound.join(' and ')}, not ${wanted}`
  const named = (place: string) =>
    isFetched(place) ? `the repository ${place.slice(fetched.length)}` : `the manifests folder ${place}`
  return `${bound.map(named).join(' and ')}, not ${named(wanted)}`
}

function environmentText(environment: string): string {
  return environment ? `the environment ${environment}` : 'no environment'
}
