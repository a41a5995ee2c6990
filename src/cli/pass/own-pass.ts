import { messageOf } from '../../core/errors.ts'
import type { LedgerView, ResourceState } from '../../core/ledger.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Store } from '../../core/store.ts'
import type { Permit } from '../../engine/permit.ts'
import { type SettleResult, settle } from '../../engine/settle.ts'
import type { Manifests } from '../../manifests/read.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { takeHousekeeping } from '../../state/housekeeping.ts'
import { openLastGood } from '../../state/last-good.ts'
import type { Actor } from '../actor.ts'
import { AlertDesk } from '../alert-desk.ts'
import { openSession } from '../session.ts'
import { typedIn } from '../surroundings.ts'
import type { Workspace } from '../workspace.ts'
import { type TakenAction, takenActionOf } from './pass-result.ts'
import type { Progress } from './progress.ts'

/** How much longer the command takes at most where receivers of alerts do not answer. Its pass is over by then. */
const alertsTake = 10_000

/** What a pass ended with, whoever did it. */
export interface PassReport {
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

/** Who makes a pass, and with what. */
export interface PassMaker {
  readonly workspace: Workspace
  readonly store: Store
  readonly actor: Actor
  readonly progress: Progress
}

/** What is to be done. */
export interface PassTask {
  readonly declaration: Manifests
  readonly hasErrors: boolean
  readonly selection: ReadonlySet<ResourceId> | undefined
  readonly wait: boolean
  readonly timeout: number
  readonly allowDeletions: number | undefined
  /** What alone may be done; default: all that is due. */
  readonly permit?: Permit
}

/** A pass that this process makes itself, under the lease that it holds. */
export async function makeOwnPass(maker: PassMaker, task: PassTask): Promise<PassReport> {
  const { workspace, store, actor, progress } = maker
  const { declaration, hasErrors, selection, wait, timeout, permit } = task
  const session = openSession(workspace, {
    declaration,
    store,
    ledger: actor.ledger,
    logger: await logFor(workspace),
    mayRunCommands: true,
    lease: actor.lease,
  })
  try {
    await session.anticipate(selection)
    await openLastGood({ store, environment: workspace.environment, lease: actor.lease }).save(declaration)
    const result = await settle(
      session.world,
      {
        declaration,
        selection,
        allowedDeletions: task.allowDeletions,
        ...(permit && { permit }),
        wait,
        timeout,
        listener: progress,
      },
      AbortSignal.any([workspace.call.signal, actor.lease.signal]),
    )
    const desk = await decideAlerts(maker, declaration, result)
    await keepHouse(maker, declaration)
    const actions = result.outcomes.map(takenActionOf)
    const { states, last } = result
    const known = selection ? new Map([...last.view.states, ...states]) : states
    return { declaration, hasErrors, actions, states, known, strays: last.strays, pid: undefined, desk }
  } finally {
    await session.close()
  }
}

/** Bounds what the store keeps of the past, where no controller does. The pass is over: nothing depends on it. */
async function keepHouse({ workspace, store, actor }: PassMaker, { fleet }: Manifests): Promise<void> {
  const { environment, clock, call, common } = workspace
  const { lease, ledger } = actor
  try {
    if (await takeHousekeeping({ store, environment, lease, now: clock.now() }))
      await ledger.prune(fleet.historyKeep, call.signal)
  } catch (error) {
    if (!common.quiet && !call.signal.aborted)
      call.err.write(`warning: old records could not be dropped (${sanitise(messageOf(error))}).\n`)
  }
}

/** Writes down what is to be told of what the pass found, while nobody else may act. */
async function decideAlerts(
  { workspace, store, actor }: PassMaker,
  declaration: Manifests,
  result: Pick<SettleResult, 'last' | 'states'>,
): Promise<AlertDesk | undefined> {
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
export async function tellReceivers(workspace: Workspace, desk: AlertDesk): Promise<void> {
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
