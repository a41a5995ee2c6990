import { ReconcileError } from '../../core/errors.ts'
import type { ResourceState } from '../../core/ledger.ts'
import { silentLogger } from '../../core/logger.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Store } from '../../core/store.ts'
import { settle } from '../../engine/settle.ts'
import type { Manifests } from '../../manifests/read.ts'
import { openLastGood } from '../../state/last-good.ts'
import { openLedger } from '../../state/ledger.ts'
import { becomeActor, liveHolder } from '../actor.ts'
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
import { openState, openWorkspace, type Workspace } from '../workspace.ts'

export interface PassOptions {
  readonly timeout: number
  readonly wait: boolean
  readonly allowDeletions?: number
  readonly rebind?: boolean
}

/** What a pass ended with, whoever did it. */
interface PassReport {
  readonly actions: readonly TakenAction[]
  readonly states: ReadonlyMap<ResourceId, ResourceState>
  /** The controller that did it; undefined: this process. */
  readonly pid: number | undefined
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
    const { declaration, hasErrors } = await readDeclaration(workspace, store, { mayRunCommands: true })
    printDiagnostics(workspace, declaration.diagnostics)
    assertSomethingDeclared(declaration)
    const selection = selectResources(declaration, common)
    const holder = await liveHolder(workspace, store)
    const request = { workspace, store, declaration, selection, options, progress }
    const report = holder?.role === 'controller' ? await passByController(request) : await passByUs(request)
    progress.end()
    printPass(workspace, { declaration, ...report })
    return exitStatusOf({ ...report, hasErrors, hasWaited: options.wait })
  } finally {
    progress.end()
    await store.close()
  }
}

interface PassInput {
  readonly workspace: Workspace
  readonly store: Store
  readonly declaration: Manifests
  readonly selection: ReadonlySet<ResourceId> | undefined
  readonly options: PassOptions
  readonly progress: Progress
}

async function passByUs(input: PassInput): Promise<PassReport> {
  const { workspace, store, declaration, selection, options, progress } = input
  const actor = await becomeActor(workspace, store, {
    role: 'pass',
    waitFor: options.timeout,
    rebind: options.rebind === true,
  })
  const logger = workspace.common.verbose
    ? (await import('../log.ts')).openLog(workspace.call, workspace.common, 'warn')
    : silentLogger
  const session = openSession(workspace, {
    declaration,
    store,
    ledger: actor.ledger,
    logger,
    mayRunCommands: true,
    lease: actor.lease,
  })
  try {
    await openLastGood({ store, environment: workspace.environment, lease: actor.lease }).save(
      declaration.texts,
    )
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
    const actions = result.outcomes.map((outcome) => ({
      id: outcome.id,
      verb: outcome.action.verb,
      summary: outcome.action.summary,
      reason: outcome.action.reason,
      result: outcome.result,
      message: outcome.message ?? null,
    }))
    return { actions, states: result.states, pid: undefined }
  } finally {
    await session.close()
    await actor.lease.release()
  }
}

async function passByController(input: PassInput): Promise<PassReport> {
  const { workspace, store, declaration, selection, options, progress } = input
  let pid: number | undefined
  const actions = await askController(workspace, store, {
    declaration,
    selection,
    allowedDeletions: options.allowDeletions,
    timeout: options.timeout,
    onClaimed: (claimer) => {
      pid = claimer
      progress.say(`the controller with pid ${claimer} makes the pass`)
    },
  })
  const { clock, environment, folder } = workspace
  const view = await openLedger({ store, fleet: folder, environment, clock }).load()
  const states = new Map([...view.states].filter(([id]) => !selection || selection.has(id)))
  return { actions, states, pid }
}
