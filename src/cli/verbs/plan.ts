import { silentLogger } from '../../core/logger.ts'
import { type Plan, planOutcome } from '../../core/plan.ts'
import { draftPass } from '../../engine/pass.ts'
import type { ApiUse } from '../../reports/plan-api.ts'
import { planDocument } from '../../reports/plan-json.ts'
import { planMarkdown } from '../../reports/plan-markdown.ts'
import { planText } from '../../reports/plan-text.ts'
import { openLedger } from '../../state/ledger.ts'
import { assertBound } from '../actor.ts'
import { apiUseOf } from '../api-use.ts'
import { printDiagnostics } from '../diagnostics.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { assertSomethingDeclared, readDeclaration } from '../read-declaration.ts'
import { selectResources } from '../selection.ts'
import { openSession } from '../session.ts'
import { openState, openWorkspace } from '../workspace.ts'

export interface PlanOptions {
  readonly detailedExitcode?: boolean
  readonly allowDeletions?: number
  readonly rebind?: boolean
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
    assertSomethingDeclared(declaration)
    if (options.rebind !== true) await assertBound(workspace, store)
    const session = openSession(workspace, {
      declaration,
      store,
      ledger: openLedger({ store, fleet: folder, environment, clock }),
      logger: silentLogger,
      mayRunCommands: common.runCommands,
      lease: undefined,
    })
    try {
      const draft = await draftPass(
        session.world,
        {
          declaration,
          selection: selectResources(declaration, common),
          allowedDeletions: options.allowDeletions,
        },
        call.signal,
      )
      print(call, common, { made: draft.plan, api: await apiUseOf(draft.plan, session.world) })
      return statusOf(draft.plan, hasErrors, options)
    } finally {
      await session.close()
    }
  } finally {
    await store.close()
  }
}

function print(
  call: Invocation,
  common: CommonOptions,
  { made, api }: { readonly made: Plan; readonly api: ApiUse },
): void {
  const { output } = common
  if (output === 'json' || output === 'yaml') {
    printDocument(call, output, planDocument(made, { workingDirectory: call.cwd, api }))
    return
  }
  const text =
    output === 'markdown'
      ? planMarkdown(made, { isDryRun: true })
      : planText(made, { ...pageOf(call, common, call.out), isDryRun: true, api })
  call.out.write(text)
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
