import { resolve } from 'node:path'
import { ReconcileError } from '../../core/errors.ts'
import { silentLogger } from '../../core/logger.ts'
import { type Plan, planOutcome } from '../../core/plan.ts'
import { shown } from '../../core/shown.ts'
import type { Store } from '../../core/store.ts'
import { draftPass } from '../../engine/pass.ts'
import type { ApiUse } from '../../reports/plan-api.ts'
import { planDocument } from '../../reports/plan-json.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { savedPlan } from '../../reports/saved-plan.ts'
import { openLedger } from '../../state/ledger.ts'
import { assertBound } from '../actor.ts'
import { printDiagnostics } from '../diagnostics.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { apiUseOf } from '../plan/api-use.ts'
import { printPlan } from '../plan/print-plan.ts'
import { writeSavedPlan } from '../plan/saved-plan-file.ts'
import { assertSomethingDeclared, readDeclaration } from '../read-declaration.ts'
import { selectResources } from '../selection.ts'
import { openSession } from '../session.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'

export interface PlanOptions {
  readonly detailedExitcode?: boolean
  readonly allowDeletions?: number
  readonly rebind?: boolean
  /** The file to save it in. */
  readonly out?: string
}

/** `reconcile plan` and `reconcile --dry-run`: what a pass would do. It stops after the plan; there is no lease, no
 * write and no daemon that it could start. */
export async function plan(
  call: Invocation,
  common: CommonOptions,
  options: PlanOptions,
): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common)
  const store = await openState(workspace, 'read')
  const { clock, environment, folder } = workspace
  try {
    const { declaration, hasErrors } = await readDeclaration(workspace, store, { mayRunCommands: false })
    printDiagnostics(workspace, declaration.diagnostics)
    assertSomethingDeclared(declaration, options.allowDeletions)
    const session = openSession(workspace, {
      declaration,
      store,
      ledger: openLedger({ store, fleet: folder, environment, clock }),
      logger: silentLogger,
      mayRunCommands: common.runCommands,
      lease: undefined,
    })
    try {
      const selection = selectResources(declaration, common)
      await session.anticipate(selection)
      if (options.rebind !== true) await assertBound(workspace, store)
      const draft = await draftPass(
        session.world,
        {
          declaration,
          selection,
          allowedDeletions: options.allowDeletions,
        },
        call.signal,
      )
      const api = await apiUseOf(draft.plan, session.world)
      if (options.out !== undefined)
        await save(workspace, store, { plan: draft.plan, api, hasErrors, options })
      await printPlan(call, common, { plan: draft.plan, api })
      return statusOf(draft.plan, hasErrors, options)
    } finally {
      await session.close()
    }
  } finally {
    await store.close()
  }
}

/** A plan of what is broken is looked at, and not kept. */
async function save(
  workspace: Workspace,
  store: Store,
  made: {
    readonly plan: Plan
    readonly api: ApiUse
    readonly hasErrors: boolean
    readonly options: PlanOptions
  },
): Promise<void> {
  const { call, common, paths, folder, statePath } = workspace
  const { plan, api, hasErrors, options } = made
  if (hasErrors) {
    throw new ReconcileError(
      'ManifestsInvalid',
      'Cannot save the plan: manifests have errors; they stand above',
    )
  }
  const path = resolve(call.cwd, options.out ?? '')
  // What a vendor or a process said may repeat a secret; a file is masked as what is printed.
  const document = shown(planDocument(plan, { workingDirectory: call.cwd, api }), call.mask)
  await writeSavedPlan(
    path,
    savedPlan(plan, document, {
      programVersion: call.version,
      paths,
      folder,
      statePath,
      store: store.id === '' ? null : store.id,
      only: common.only,
      labels: common.label,
      allowDeletions: options.allowDeletions ?? null,
      rebind: options.rebind === true,
      ranCommands: common.runCommands,
    }),
  )
  if (!common.quiet) call.err.write(`Saved. \`reconcile apply ${sanitise(options.out ?? '')}\` does it.\n`)
}

/**
 * Without `--detailed-exitcode` a plan that could be made, and that no policy denies, is a success, even where it says
 * `unknown`.
 */
function statusOf(made: Plan, hasErrors: boolean, options: PlanOptions): ExitStatus {
  const isDenied = made.resources.some(({ holds }) => holds.some(({ reason }) => reason === 'PolicyDenied'))
  if (hasErrors || isDenied) return 1
  if (options.detailedExitcode !== true) return 0
  const outcomes = made.resources.map(planOutcome)
  if (outcomes.includes('unknown')) return 1
  return outcomes.every((outcome) => outcome === 'unchanged') ? 0 : 2
}
