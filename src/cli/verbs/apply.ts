import { resolve } from 'node:path'
import { ReconcileError } from '../../core/errors.ts'
import { silentLogger } from '../../core/logger.ts'
import type { Basis, Plan } from '../../core/plan.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Store } from '../../core/store.ts'
import { draftPass } from '../../engine/pass.ts'
import { Permit } from '../../engine/permit.ts'
import type { Manifests } from '../../manifests/read.ts'
import { sanitise } from '../../reports/sanitise.ts'
import type { SavedPlan } from '../../reports/saved-plan.ts'
import { openLedger } from '../../state/ledger.ts'
import { assertBound, becomeActorUnlessControlled, liveController, openKeeper } from '../actor.ts'
import { printDiagnostics } from '../diagnostics.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { makeOwnPass, type PassReport, tellReceivers } from '../pass/own-pass.ts'
import { exitStatusOf } from '../pass/pass-result.ts'
import { printPass } from '../pass/print-pass.ts'
import { Progress } from '../pass/progress.ts'
import { changesSince } from '../plan/plan-changes.ts'
import { assertSamePlace, assertSameProgram, assertSameStore, commonOf } from '../plan/planned-place.ts'
import { printPlan } from '../plan/print-plan.ts'
import { readSavedPlan } from '../plan/saved-plan-file.ts'
import { readDeclaration } from '../read-declaration.ts'
import { selectResources } from '../selection.ts'
import { openSession } from '../session.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'

export interface ApplyOptions {
  readonly file: string
  readonly dryRun?: boolean
  readonly timeout: number
  readonly wait: boolean
}

/**
 * `reconcile apply PLAN`: what a saved plan says, each action once, and nothing more. It is refused where the manifests,
 * the state or the world are not those that it was made from, and while a controller lives, who would act beside it.
 */
export async function apply(
  call: Invocation,
  common: CommonOptions,
  options: ApplyOptions,
): Promise<ExitStatus> {
  const saved = await readSavedPlan(resolve(call.cwd, options.file))
  assertSameProgram(call, saved)
  const workspace = await openWorkspace(call, commonOf(common, saved))
  assertSamePlace(workspace, saved)
  const store = await openState(workspace, options.dryRun === true ? 'read' : 'write')
  const progress = new Progress(call, common)
  try {
    assertSameStore(store, saved)
    if (options.dryRun === true) return await previewed({ workspace, store, saved })
    const report = await applied({ workspace, store, saved }, { ...options, progress })
    progress.end()
    await printPass(workspace, report)
    if (report.desk) await tellReceivers(workspace, report.desk)
    return exitStatusOf({ ...report, hasWaited: options.wait })
  } finally {
    progress.end()
    await store.close()
  }
}

interface Application {
  readonly workspace: Workspace
  readonly store: Store
  readonly saved: SavedPlan
}

async function previewed(application: Application): Promise<ExitStatus> {
  const { workspace, store, saved } = application
  const { call, common } = workspace
  if (!saved.saved.rebind) await assertBound(workspace, store)
  await assertNoController(application)
  const { plan } = await redraft(application, asPlanned(saved))
  assertCurrent(application, changesSince(saved.saved.basis, plan.basis))
  await printPlan(call, common, { plan, api: saved.api })
  return 0
}

async function applied(
  application: Application,
  options: ApplyOptions & { readonly progress: Progress },
): Promise<PassReport> {
  const { workspace, store, saved } = application
  const { basis, rebind, allowDeletions } = saved.saved
  const keeper = openKeeper(workspace, store)
  await assertNoController(application)
  const { timeout: waitFor, progress, wait, timeout } = options
  const request = { role: 'pass', waitFor, rebind, keeper } as const
  const actor = await becomeActorUnlessControlled(workspace, store, request)
  if (!actor) throw controllerAlive()
  try {
    const { plan } = await redraft(application, asPlanned(saved))
    assertCurrent(application, changesSince(basis, plan.basis))
    // What only a command tells is known from here on, and must lead to nothing else than what was planned.
    const { declaration, ...now } = await redraft(application, { mayRunCommands: true, isKeyless: false })
    assertCurrent(application, changesByCommands(basis, now.plan))
    const selection = selectResources(declaration, workspace.common)
    const permit = new Permit(plannedActions(saved))
    return await makeOwnPass(
      { workspace, store, actor, progress },
      {
        declaration,
        hasErrors: !declaration.isComplete,
        selection,
        wait,
        timeout,
        allowDeletions: allowDeletions ?? undefined,
        permit,
      },
    )
  } finally {
    await actor.lease.release()
  }
}

/** How the plan saw the manifests: where there was no state there was no key, and no digest of a secret. */
function asPlanned({ saved: { ranCommands, store } }: SavedPlan) {
  return { mayRunCommands: ranCommands, isKeyless: store === null }
}

/** The manifests and the world as they are now. */
async function redraft(
  { workspace, store, saved }: Application,
  reading: { readonly mayRunCommands: boolean; readonly isKeyless: boolean },
): Promise<{ readonly declaration: Manifests; readonly plan: Plan }> {
  const { clock, environment, folder, call, common } = workspace
  const { allowDeletions } = saved.saved
  const { declaration } = await readDeclaration(workspace, store, reading)
  if (!declaration.isComplete) printDiagnostics(workspace, declaration.diagnostics)
  const session = openSession(workspace, {
    declaration,
    store,
    ledger: openLedger({ store, fleet: folder, environment, clock }),
    logger: silentLogger,
    mayRunCommands: reading.mayRunCommands,
    lease: undefined,
  })
  try {
    const { plan } = await draftPass(
      session.world,
      {
        declaration,
        selection: selectResources(declaration, common),
        allowedDeletions: allowDeletions ?? undefined,
      },
      call.signal,
    )
    return { declaration, plan }
  } finally {
    await session.close()
  }
}

/** What the plan does, by resource. What waits for another there comes when that one is ready, as the plan says. */
function plannedActions({ resources, saved }: SavedPlan): ReadonlyMap<ResourceId, string> {
  const done = resources.filter(
    ({ actions, held, unknown }) =>
      actions.length > 0 && unknown === null && held.every(({ reason }) => reason === 'DependencyNotReady'),
  )
  return new Map(done.map(({ id }) => [id as ResourceId, saved.basis[id]?.actions ?? '']))
}

/** Resources to which something else is to be done, now that what commands print is known. */
function changesByCommands(basis: Readonly<Record<string, Basis>>, plan: Plan): readonly string[] {
  return [...plan.basis]
    .filter(([id, { actions }]) => basis[id]?.actions !== actions)
    .map(([id]) => `${id}: what its commands print changes what is to be done; plan with --run-commands`)
}

function assertCurrent({ workspace, saved }: Application, changes: readonly string[]): void {
  if (changes.length === 0) return
  for (const change of changes) workspace.call.err.write(`${sanitise(change)}\n`)
  throw new ReconcileError(
    'PlanOutdated',
    `Cannot apply the plan of ${saved.observedAt}: what it was made from has changed, as said above. Nothing was done`,
    { hint: 'Make a new one with `reconcile plan --out FILE`, and look at it.' },
  )
}

async function assertNoController({ workspace, store }: Application): Promise<void> {
  if (await liveController(openKeeper(workspace, store))) throw controllerAlive()
}

function controllerAlive(): ReconcileError {
  return new ReconcileError(
    'ControllerAlive',
    'Cannot apply a saved plan while a controller is running: it acts by itself',
    {
      hint: 'Stop it first (`reconcile stop`, or end its `watch`), and make the plan anew.',
    },
  )
}
