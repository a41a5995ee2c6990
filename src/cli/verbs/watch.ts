import type { Declaration } from '../../core/declaration.ts'
import { messageOf } from '../../core/errors.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Json, Store } from '../../core/store.ts'
import { Controller } from '../../engine/controller.ts'
import type { PassResult } from '../../engine/pass.ts'
import type { Manifests } from '../../manifests/read.ts'
import { watchManifests } from '../../manifests/watch.ts'
import { openLastGood } from '../../state/last-good.ts'
import { differingContext, openPassInbox, type PassRequest } from '../../state/requests.ts'
import { openSuspensions } from '../../state/suspensions.ts'
import { type Actor, becomeActor } from '../actor.ts'
import { contextOf } from '../controller-client.ts'
import { printDiagnostics } from '../diagnostics.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import { openLog } from '../log.ts'
import type { CommonOptions } from '../options.ts'
import { assertSomethingDeclared, assertWorthAState, readDeclaration } from '../read-declaration.ts'
import { openSession } from '../session.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'

/** A controller that just ended may hold its lease for this long; then another acts, and we say so. */
const patience = 20_000
/** How often old events, outcomes and samples are dropped. */
const housekeepingEvery = 3_600_000

/** `reconcile watch`: the controller, until SIGTERM or SIGINT. What it manages keeps running after it. */
export async function watch(
  call: Invocation,
  common: CommonOptions,
  options: { readonly rebind?: boolean },
): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common)
  const log = openLog(call, common, 'info')
  await assertWorthAState(workspace)
  const store = await openState(workspace, 'write')
  try {
    const first = await readDeclaration(workspace, store, { mayRunCommands: true })
    printDiagnostics(workspace, first.declaration.diagnostics)
    assertSomethingDeclared(first.declaration)
    const actor = await becomeActor(workspace, store, {
      role: 'controller',
      waitFor: patience,
      rebind: options.rebind === true,
    })
    const session = openSession(workspace, {
      declaration: first.declaration,
      store,
      ledger: actor.ledger,
      logger: log,
      mayRunCommands: true,
      lease: actor.lease,
    })
    const signal = AbortSignal.any([call.signal, actor.lease.signal])
    let declaration: Manifests = first.declaration
    let shownFaults = faultsOf(first.declaration)
    const read = async () => {
      const next = (await readDeclaration(workspace, store, { mayRunCommands: true })).declaration
      // An emptied folder says nothing: what was declared last still holds.
      declaration =
        next.resources.length === 0 && !next.isComplete
          ? { ...declaration, isComplete: false, diagnostics: next.diagnostics }
          : next
      await openLastGood({ store, environment: workspace.environment, lease: actor.lease }).save(
        declaration.texts,
      )
      return declaration
    }
    const controller = new Controller(session.world, {
      read,
      onDeclaration: (next) => {
        const faults = faultsOf(next)
        if (faults !== shownFaults) printDiagnostics(workspace, next.diagnostics)
        shownFaults = faults
        log.info({ resources: next.resources.length, complete: next.isComplete }, 'manifests read')
      },
      onPass: (result) => logPass(log, result),
    })
    const stopWatching = await watchManifests({
      paths: workspace.paths,
      clock: workspace.clock,
      onChange: () =>
        void controller
          .reread()
          .catch((error) => log.error({ error: messageOf(error) }, 'manifests could not be read')),
    })
    const stopListening = listen(workspace, store, actor, controller, () => declaration)
    const keeping = keepHouse(workspace, actor, declaration.fleet.historyKeep, signal)
    log.info({ pid: process.pid, fleet: declaration.fleet.name, state: store.location }, 'controller started')
    try {
      await controller.run(signal)
    } finally {
      stopListening()
      await stopWatching()
      await session.close()
      await keeping
      await actor.lease.release()
    }
    if (actor.lease.signal.aborted && !call.signal.aborted) throw actor.lease.signal.reason
    log.info({}, 'controller ended; what it manages keeps running')
    return 0
  } finally {
    await store.close()
  }
}

function faultsOf(declaration: Declaration): string {
  return declaration.diagnostics
    .map(({ code, position, message }) => `${position.file}:${position.line} ${code} ${message}`)
    .join('\n')
}

function logPass(log: ReturnType<typeof openLog>, result: PassResult): void {
  for (const { id, action, result: fate, message } of result.outcomes) {
    const fields = {
      id,
      action: action.type,
      reason: action.reason,
      summary: action.summary,
      ...(message && { error: message }),
    }
    if (fate === 'succeeded') log.info(fields, 'acted')
    else log.warn({ ...fields, outcome: fate }, 'action did not succeed')
  }
  for (const finding of result.findings) {
    const status = result.states.get(finding.id)?.status
    const before = finding.state?.status
    if (!status || (before?.health === status.health && before.reason === status.reason)) continue
    const fields = {
      id: finding.id,
      health: status.health,
      sync: status.sync,
      reason: status.reason,
      message: status.message,
    }
    if (status.health === 'Degraded' || status.health === 'Unknown') log.warn(fields, 'health changed')
    else log.info(fields, 'health changed')
  }
}

/** Serves the passes that people ask for while the controller lives, and wakes what they suspended or resumed. */
function listen(
  workspace: Workspace,
  store: Store,
  actor: Actor,
  controller: Controller,
  declaration: () => Declaration,
): () => void {
  const inbox = openPassInbox({ store, environment: workspace.environment, lease: actor.lease })
  const taken = new Set<string>()
  const serve = async (request: PassRequest) => {
    if (!(await inbox.claim(request.requestId, process.pid))) return
    await controller.reread()
    const differs = differingContext(request.context, contextOf(workspace, declaration()))
    if (differs.length > 0) {
      await inbox.answer(request.requestId, { type: 'refused', differs })
      return
    }
    const ids = request.selection.only as readonly ResourceId[]
    const order = await controller.orderPass({
      selection: ids.length > 0 ? new Set(ids) : undefined,
      allowedDeletions: request.allowances.deletions,
    })
    const outcomes = await order.settled
    const result: Json = outcomes.map((outcome) => ({
      id: outcome.id,
      verb: outcome.action.verb,
      summary: outcome.action.summary,
      reason: outcome.action.reason,
      result: outcome.result,
      message: outcome.message ?? null,
    }))
    await inbox.answer(request.requestId, { type: 'done', exitCode: 0, result })
  }
  const suspensions = openSuspensions({ store, environment: workspace.environment })
  let spoken = ''
  const look = async () => {
    const word = await suspensions.word()
    if (word !== spoken && spoken !== '') controller.wake()
    spoken = word
    for (const request of await inbox.pending()) {
      if (taken.has(request.requestId)) continue
      taken.add(request.requestId)
      void serve(request).catch(() => taken.delete(request.requestId))
    }
  }
  return store.watch(() => void look().catch(() => undefined))
}

async function keepHouse(
  workspace: Workspace,
  actor: Actor,
  keep: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await actor.ledger.prune(keep)
      await workspace.clock.sleep(housekeepingEvery, signal)
    } catch {
      // Ended, or the lease is gone, which the controller says itself.
      return
    }
  }
}
