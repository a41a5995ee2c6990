import { ReconcileError } from '../core/errors.ts'
import type { LedgerView } from '../core/ledger.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Store } from '../core/store.ts'
import type { Manifests } from '../manifests/read.ts'
import { sanitise } from '../reports/sanitise.ts'
import { bindingDifference, readBindings } from '../state/binding.ts'
import { openLedger, type StoredLedger } from '../state/ledger.ts'
import { bindingOf } from './actor.ts'
import { printDiagnostics } from './diagnostics.ts'
import type { ExitStatus, Invocation } from './invocation.ts'
import type { CommonOptions } from './options.ts'
import { readDeclaration } from './read-declaration.ts'
import { idHint } from './selection.ts'
import { assertEnvironmentExists, openState, openWorkspace, type Workspace } from './workspace.ts'

/** What the store and the manifests say, for verbs that only read. */
export interface StoredFleet {
  readonly workspace: Workspace
  readonly declaration: Manifests
  readonly ledger: StoredLedger
  readonly view: LedgerView
  readonly store: Awaited<ReturnType<typeof openState>>
}

/** Opens the store for reading, does the work and closes it. */
export async function withStoredFleet(
  call: Invocation,
  common: CommonOptions,
  work: (fleet: StoredFleet) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common)
  await assertEnvironmentExists(workspace)
  const store = await openState(workspace, 'read')
  try {
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
    printDiagnostics(workspace, declaration.diagnostics)
    await tellOtherBinding(workspace, store)
    const { folder, environment, clock } = workspace
    const ledger = openLedger({ store, fleet: folder, environment, clock })
    return await work({ workspace, declaration, ledger, view: await ledger.load(), store })
  } finally {
    await store.close()
  }
}

/** Rejects where nothing at all is known of what a person typed: silence would pass for peace. */
export function assertKnown({ declaration, view }: StoredFleet, resource: string): void {
  const id = resource as ResourceId
  if (declaration.resources.some((declared) => declared.id === id)) return
  if (view.states.has(id) || view.inventory.has(id)) return
  throw new ReconcileError('NotFound', `Nothing is known of ${resource}`, {
    hint: idHint(resource, [
      ...declaration.resources.map((declared) => declared.id),
      ...view.inventory.keys(),
    ]),
  })
}

/** What is not known may be known of another environment: a forgotten `--env` is not a fleet that is down. */
async function tellOtherBinding(workspace: Workspace, store: Store): Promise<void> {
  const difference = bindingDifference(await readBindings(store), bindingOf(workspace))
  if (difference === undefined) return
  workspace.call.err.write(
    `${sanitise(`The state ${store.location} belongs to ${difference}: of these manifests it knows nothing. --env names an environment, --state another state.`)}\n`,
  )
}
