import type { LedgerView } from '../core/ledger.ts'
import type { Manifests } from '../manifests/read.ts'
import { openLedger, type StoredLedger } from '../state/ledger.ts'
import { printDiagnostics } from './diagnostics.ts'
import type { ExitStatus, Invocation } from './invocation.ts'
import type { CommonOptions } from './options.ts'
import { readDeclaration } from './read-declaration.ts'
import { openState, openWorkspace, type Workspace } from './workspace.ts'

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
  const store = await openState(workspace, 'read')
  try {
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
    printDiagnostics(workspace, declaration.diagnostics)
    const { folder, environment, clock } = workspace
    const ledger = openLedger({ store, fleet: folder, environment, clock })
    return await work({ workspace, declaration, ledger, view: await ledger.load(), store })
  } finally {
    await store.close()
  }
}
