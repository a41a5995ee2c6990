import type { Store } from '../core/store.ts'
import { bindStore, checkBinding } from '../state/binding.ts'
import type { Holder } from '../state/holder.ts'
import { type Lease, openLeaseKeeper } from '../state/lease.ts'
import { openLedger, type StoredLedger } from '../state/ledger.ts'
import { holderOfThisProcess, judgeHolder } from './machine.ts'
import type { Workspace } from './workspace.ts'

/** The right to act for a fleet, with the memory that only its holder may write. */
export interface Actor {
  readonly lease: Lease
  readonly ledger: StoredLedger
}

/** Who acts already, where it is not us: provably alive, or on another machine. */
export async function liveHolder(workspace: Workspace, store: Store): Promise<Holder | undefined> {
  const keeper = openLeaseKeeper({ store, clock: workspace.clock, isAlive: judgeHolder })
  const holder = await keeper.holder()
  if (!holder || (await judgeHolder(holder)) === 'dead') return undefined
  return holder
}

/** Waits for the lease, checks that the store belongs to these manifests, and opens the ledger for writing. */
export async function becomeActor(
  workspace: Workspace,
  store: Store,
  options: { readonly role: Holder['role']; readonly waitFor: number; readonly rebind: boolean },
): Promise<Actor> {
  const { clock, call, environment, folder } = workspace
  const binding = { folder, environment: environment ?? '' }
  if (!options.rebind) await checkBinding(store, binding)
  const keeper = openLeaseKeeper({ store, clock, isAlive: judgeHolder })
  const holder = await holderOfThisProcess(options.role, clock.now())
  const lease = await keeper.acquire({ holder, waitFor: options.waitFor, signal: call.signal })
  await bindStore(store, binding, lease)
  return { lease, ledger: openLedger({ store, fleet: folder, environment, lease, clock }) }
}
