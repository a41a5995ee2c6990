import { isErrorOf } from '../core/errors.ts'
import type { Store } from '../core/store.ts'
import { type Binding, bindStore, checkBinding } from '../state/binding.ts'
import type { Holder } from '../state/holder.ts'
import { type Lease, type LeaseKeeper, openLeaseKeeper } from '../state/lease.ts'
import { openLedger, type StoredLedger } from '../state/ledger.ts'
import { holderOfThisProcess, judgeHolder } from './machine.ts'
import { bringWorkTree } from './source/work-tree.ts'
import type { Workspace } from './workspace.ts'

/** The right to act for a fleet, with the memory that only its holder may write. */
export interface Actor {
  readonly lease: Lease
  readonly ledger: StoredLedger
}

/** What the store of a workspace must belong to. */
export function bindingOf({
  environment,
  folder,
  followed,
}: Pick<Workspace, 'environment' | 'folder' | 'followed'>): Binding {
  return { folder: followed?.origin ?? folder, environment: environment ?? '' }
}

/** What is planned against a store is what a pass would do with it: it refuses another's as a pass does. Writes nothing. */
export async function assertBound(workspace: Workspace, store: Store): Promise<void> {
  await checkBinding(store, bindingOf(workspace))
}

export function openKeeper(workspace: Workspace, store: Store): LeaseKeeper {
  return openLeaseKeeper({ store, clock: workspace.clock, isAlive: judgeHolder })
}

/** The controller that can be asked for a pass. One that is dead, or silent for the time of its lease, cannot. */
export async function liveController(keeper: LeaseKeeper): Promise<Holder | undefined> {
  const sight = await keeper.look()
  return sight && !sight.isOver && sight.holder.role === 'controller' ? sight.holder : undefined
}

export interface ActorRequest {
  readonly role: Holder['role']
  readonly waitFor: number
  readonly rebind: boolean
}

/** Waits for the lease, checks that the store belongs to these manifests, and opens the ledger for writing. */
export async function becomeActor(
  workspace: Workspace,
  store: Store,
  request: ActorRequest & { readonly keeper: LeaseKeeper; readonly givesWayTo?: (holder: Holder) => boolean },
): Promise<Actor> {
  const { clock, call, environment, folder } = workspace
  const { role, waitFor, rebind, keeper, givesWayTo } = request
  const binding = bindingOf(workspace)
  if (!rebind) await checkBinding(store, binding)
  const holder = await holderOfThisProcess(role, clock.now())
  const lease = await keeper.acquire({
    holder,
    waitFor,
    signal: call.signal,
    ...(givesWayTo && { givesWayTo }),
  })
  try {
    // Whoever acted while we waited may have bound it to something else.
    if (!rebind) await checkBinding(store, binding)
    await bindStore(store, binding, lease)
    if (role === 'pass') await bringWorkTree(workspace, store)
  } catch (error) {
    await lease.release().catch(() => undefined)
    throw error
  }
  const isKept = role === 'controller'
  return { lease, ledger: openLedger({ store, fleet: folder, environment, lease, isKept, clock }) }
}

/** The same for a pass, which gives way to a controller that came meanwhile: undefined, it is to be asked. */
export async function becomeActorUnlessControlled(
  workspace: Workspace,
  store: Store,
  request: ActorRequest & { readonly keeper: LeaseKeeper },
): Promise<Actor | undefined> {
  try {
    const givesWayTo = (holder: Holder) => holder.role === 'controller'
    return await becomeActor(workspace, store, { ...request, givesWayTo })
  } catch (error) {
    if (isErrorOf(error, 'LeaseHeld') && (await liveController(request.keeper))) return undefined
    throw error
  }
}
