import { messageOf, ReconcileError } from '../../core/errors.ts'
import type { LedgerView, ResourceState } from '../../core/ledger.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Store } from '../../core/store.ts'
import { type SettleResult, settle } from '../../engine/settle.ts'
import type { Manifests } from '../../manifests/read.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { openLastGood } from '../../state/last-good.ts'
import type { LeaseKeeper } from '../../state/lease.ts'
import { openLedger } from '../../state/ledger.ts'
import { type Actor, becomeActorUnlessControlled, liveController, openKeeper } from '../actor.ts'
import { AlertDesk } from '../alert-desk.ts'
import { askController } from '../controller-client.ts'
import { printDiagnostics } from '../diagnostics.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { exitStatusOf, type TakenAction } from '../pass-result.ts'
import { printPass } from '../print-pass.ts'
import { Progress } from '../progress.ts'
import { assertSomethingDeclared, assertWorthAState, readDeclaration } from '../read-declaration.ts'
import { selectResources } from '../selection.ts'
import { openSession } from '../session.ts'
import { typedIn } from '../surroundings.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'

/** How much longer the command takes at most where receivers of alerts do not answer. Its pass is over by then. */
const alertsTake = 10_000

export interface PassOptions {
  readonly timeout: number
  readonly wait: boolean
  readonly allowDeletions?: number
  readonly rebind?: boolean
}

/** What a pass ended with, whoever did it. */
interface PassReport {
  readonly declaration: Manifests
  readonly hasErrors: boolean
  readonly actions: readonly TakenAction[]
  /** Of what the pass was about. */
  readonly states: ReadonlyMap<ResourceId, ResourceState>
  /** Of the whole fleet: the score is the fleet's whatever was selected. */
  readonly known: ReadonlyMap<ResourceId, ResourceState>
  /** What bears the fleet's mark and is neither declared nor known. */
  readonly strays: LedgerView['strays']
  /** The controller that did it; undefined: this process. */
  readonly pid: number | undefined
  /** Has receivers to tell of what was found; undefined: none, or a controller tells them. */
  readonly desk?: AlertDesk | undefined
}

/** `reconcile`: one pass, until everything is healthy or the time is over. A live controller is asked to do it. */
export async function pass(
  call: Invocation,
  common: CommonOptions,
  options: PassOptions,
): Promise<ExitStatus> {
  if (common.output === 'markdown') {
    throw new ReconcileError(
      'UsageInvalid',
      'Cannot print a pass as markdown: that is for plans (`--dry-run`)',
    )
  }
  const workspace = await openWorkspace(call, common)
  const progress = new Progress(call, common)
  await assertWorthAState(workspace)
  const store = await openState(workspace, 'write')
  try {
    const report = await makePass({
      workspace,
      store,
      options,
      progress,
      keeper: openKeeper(workspace, store),
    })
    progress.end()
    printPass(workspace, report)
    if (report.desk) await tellReceivers(workspace, report.desk)
    return exitStatusOf({ ...report, hasWaited: options.wait })
  } finally {
    progress.end()
    await store.close()
  }
}

interface PassInput {
  readonly workspace: Workspace
  readonly store: Store
  readonly options: PassOptions
  readonly progress: Progress
  readonly keeper: LeaseKeeper
}

/** By the controller where one lives, else by us. Who of them it is can change while we ask or wait. */
async function makePass(input: PassInput): Promise<PassReport> {
  const { workspace, store, options, progress, keeper } = input
  const end = workspace.clock.monotonic() + options.timeout
  for (;;) {
    if (await liveController(keeper)) {
      const report = await passByController(input)
      if (report) return report
      progress.say('the controller is gone: this pass is made here')
    }
    const actor = await becomeActorUnlessControlled(workspace, store, {
      role: 'pass',
      waitFor: Math.max(0, end - workspace.clock.monotonic()),
      rebind: options.rebind === true,
      keeper,
    })
    if (actor) return passByUs(input, actor)
  }
}

/** What is to be done, as the manifests say it now. Who only asks for it runs none of the commands that they name. */
async function readTask({ workspace, store }: PassInput, mayRunCommands: boolean) {
  const { declaration, hasErrors } = await readDeclaration(workspace, store, { mayRunCommands })
  printDiagnostics(workspace, declaration.diagnostics)
  assertSomethingDeclared(declaration)
  return { declaration, hasErrors, selection: selectResources(declaration, workspace.common) }
}

/** The manifests are read when it is our turn: what they said before we waited may be undone by now. */
async function passByUs(input: PassInput, actor: Actor): Promise<PassReport> {
  const { workspace, store, options, progress } = input
  try {
    const { declaration, hasErrors, selection } = await readTask(input, true)
    const session = openSession(workspace, {
      declaration,
      store,
      ledger: actor.ledger,
      logger: await logFor(workspace),
      mayRunCommands: true,
      lease: actor.lease,
    })
    try {
      await openLastGood({ store, environment: workspace.environment, lease: actor.lease }).save(declaration)
      const result = await settle(
        session.world,
        {
          declaration,
          selection,
          allowedDeletions: options.allowDeletions,
          wait: options.wait,
          timeout: options.timeout,
          listener: progress,
        },
        AbortSignal.any([workspace.call.signal, actor.lease.signal]),
      )
      const desk = await decideAlerts(input, { actor, declaration, result })
      const actions = result.outcomes.map((outcome) => ({
        id: outcome.id,
        verb: outcome.action.verb,
        summary: outcome.action.summary,
        reason: outcome.action.reason,
        result: outcome.result,
        message: outcome.message ?? null,
      }))
      const { states, last } = result
      const known = selection ? new Map([...last.view.states, ...states]) : states
      return { declaration, hasErrors, actions, states, known, strays: last.strays, pid: undefined, desk }
    } finally {
      await session.close()
    }
  } finally {
    await actor.lease.release()
  }
}

/** Writes down what is to be told of what the pass found, while nobody else may act. */
async function decideAlerts(
  { workspace, store }: PassInput,
  made: {
    readonly actor: Actor
    readonly declaration: Manifests
    readonly result: Pick<SettleResult, 'last' | 'states'>
  },
): Promise<AlertDesk | undefined> {
  const { actor, declaration, result } = made
  if (declaration.alerting.alerts.length === 0) return undefined
  const desk = await AlertDesk.open(workspace, {
    store,
    actor,
    declaration,
    logger: await logFor(workspace),
  })
  desk.note({ states: result.states, view: result.last.view })
  await desk.decideNow()
  return desk
}

/**
 * Tells receivers, within a bounded time, when the pass is over, printed, and its lease let go: one that does not
 * answer holds nobody up. Who could not be told is told later.
 */
async function tellReceivers(workspace: Workspace, desk: AlertDesk): Promise<void> {
  const { call, common } = workspace
  const untold = await desk
    .deliver(alertsTake, call.signal)
    // The pass itself is done and written down.
    .catch((error: unknown) => [`anybody (${messageOf(error)})`])
  if (untold.length > 0 && !common.quiet)
    call.err.write(
      `warning: not told yet: ${sanitise(untold.join(', '))}. ${typedIn(workspace)('events')} says why.\n`,
    )
}

async function logFor({ call, common }: Workspace): Promise<Logger> {
  return common.verbose ? (await import('../log.ts')).openLog(call, common, 'warn') : silentLogger
}

/** Undefined: the controller went before it was done. */
async function passByController(input: PassInput): Promise<PassReport | undefined> {
  const { workspace, store, options, progress, keeper } = input
  const { declaration, hasErrors, selection } = await readTask(input, false)
  let pid: number | undefined
  const actions = await askController(workspace, store, {
    keeper,
    declaration,
    selection,
    allowedDeletions: options.allowDeletions,
    timeout: options.timeout,
    onClaimed: (claimer) => {
      pid = claimer
      progress.say(`the controller with pid ${claimer} makes the pass`)
    },
  })
  if (!actions) return undefined
  const { clock, environment, folder } = workspace
  const view = await openLedger({ store, fleet: folder, environment, clock }).load()
  const states = new Map([...view.states].filter(([id]) => !selection || selection.has(id)))
  return { declaration, hasErrors, actions, states, known: view.states, strays: view.strays, pid }
}
