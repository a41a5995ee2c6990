import { processIdentity } from '../../clients/host/process-identity.ts'
import type { Declaration } from '../../core/declaration.ts'
import { isErrorOf, ReconcileError } from '../../core/errors.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Json, Store } from '../../core/store.ts'
import type { Liveness } from '../../state/holder.ts'
import type { LeaseKeeper } from '../../state/lease.ts'
import { openPassAsker, type PassAnswer, type PassContext, type PassRequest } from '../../state/requests.ts'
import { liveController } from '../actor.ts'
import { hostOfThisProcess } from '../machine.ts'
import type { Workspace } from '../workspace.ts'
import type { TakenAction } from './pass-result.ts'
import { digestReferences } from './references.ts'

/** What must be the same here and in the controller, so that its answer is about what was asked. */
export function contextOf(workspace: Workspace, declaration: Declaration): PassContext {
  return {
    folder: workspace.folder,
    environment: workspace.environment ?? '',
    programVersion: workspace.call.version,
    references: digestReferences(declaration),
  }
}

/** Whether who asked for a pass waits for it or was killed, as far as this machine can tell. */
export async function judgeAsker({ requestedBy }: PassRequest): Promise<Liveness> {
  if (requestedBy.host !== (await hostOfThisProcess())) return 'unknown'
  return (await processIdentity(requestedBy.pid)) ? 'alive' : 'dead'
}

/**
 * Asks the controller that lives for a pass, and waits for what it did. Undefined: it ended, or fell silent for the
 * time of its lease, so that somebody else may act now.
 */
export async function askController(
  workspace: Workspace,
  store: Store,
  request: {
    readonly keeper: LeaseKeeper
    readonly declaration: Declaration
    readonly selection: ReadonlySet<ResourceId> | undefined
    readonly allowedDeletions: number | undefined
    readonly timeout: number
    readonly onClaimed: (pid: number) => void
  },
): Promise<readonly TakenAction[] | undefined> {
  const { call, clock, random, environment, common } = workspace
  const asker = openPassAsker({ store, environment })
  const requestId = random.id()
  await asker.ask({
    requestId,
    selection: { only: request.selection ? [...request.selection] : [], labels: {} },
    allowances: { deletions: request.allowedDeletions, hosts: common.allowHost, paths: common.allowPath },
    requestedBy: { pid: process.pid, host: await hostOfThisProcess() },
    context: contextOf(workspace, request.declaration),
    at: clock.now(),
  })
  const end = clock.monotonic() + request.timeout
  let isGone = false
  let answer: PassAnswer
  try {
    answer = await asker.follow(requestId, {
      clock,
      signal: call.signal,
      onClaimed: request.onClaimed,
      isHopeless: async () => {
        if (clock.monotonic() > end) return `the controller did not end it within ${request.timeout} ms`
        isGone = (await liveController(request.keeper)) === undefined
        return isGone ? 'the controller ended' : undefined
      },
    })
  } catch (error) {
    if (isGone && isErrorOf(error, 'LeaseLost')) return undefined
    throw error
  }
  if (answer.type === 'refused') {
    throw new ReconcileError(
      'ControllerAlive',
      `The controller that acts for this fleet refused the pass: it differs from this call in ${answer.differs.join(', ')}`,
      {
        hint: 'Call it with the same manifests folder, environment, program and variables, or stop the controller first.',
      },
    )
  }
  return toActions(answer.result)
}

function toActions(result: Json): readonly TakenAction[] {
  return Array.isArray(result) ? (result as unknown[] as readonly TakenAction[]) : []
}
