import { processIdentity } from '../clients/host/process-identity.ts'
import type { Declaration } from '../core/declaration.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Json, Store } from '../core/store.ts'
import type { Controller } from '../engine/controller.ts'
import type { PassOrder } from '../engine/pass-order.ts'
import { differingContext, openPassInbox, type PassRequest } from '../state/requests.ts'
import { openSuspensions } from '../state/suspensions.ts'
import type { Actor } from './actor.ts'
import { contextOf } from './controller-client.ts'
import { hostOfThisProcess } from './machine.ts'
import type { Workspace } from './workspace.ts'

export interface PassServiceOptions {
  readonly workspace: Workspace
  readonly store: Store
  readonly actor: Actor
  readonly controller: Controller
  readonly declaration: () => Declaration
}

/**
 * Serves the passes that people ask for while the controller lives, and wakes what they suspended or resumed. What
 * somebody allowed for his pass ends with his waiting for it.
 */
export class PassService {
  readonly #options: PassServiceOptions
  readonly #inbox: ReturnType<typeof openPassInbox>
  /** Requests that are under way; with their order from when there is one. */
  readonly #taken = new Map<string, PassOrder | undefined>()
  readonly #stopWatching: () => void
  #looking: Promise<void> = Promise.resolve()
  #word = ''

  constructor(options: PassServiceOptions) {
    const { store, workspace, actor } = options
    this.#options = options
    this.#inbox = openPassInbox({ store, environment: workspace.environment, lease: actor.lease })
    this.#stopWatching = store.watch(() => {
      // One after the other, or an old list would bring back what was answered meanwhile.
      this.#looking = this.#looking.then(() => this.#look()).catch(() => undefined)
    })
  }

  /** Drops what askers who were killed left behind long ago. */
  async clean(): Promise<void> {
    await this.#inbox.clean(this.#options.workspace.clock.now())
  }

  stop(): void {
    this.#stopWatching()
  }

  async #look(): Promise<void> {
    const { store, workspace, controller } = this.#options
    const word = await openSuspensions({ store, environment: workspace.environment }).word()
    if (word !== this.#word && this.#word !== '') controller.wake()
    this.#word = word
    const pending = await this.#inbox.pending()
    this.#endWithdrawn(new Set(pending.map(({ requestId }) => requestId)))
    for (const request of pending) {
      if (this.#taken.has(request.requestId)) continue
      if (await isAbandoned(request)) {
        await this.#inbox.drop(request.requestId)
        continue
      }
      this.#taken.set(request.requestId, undefined)
      void this.#serve(request).catch(() => this.#taken.delete(request.requestId))
    }
  }

  /** Who waits no longer allows nothing any more. */
  #endWithdrawn(pending: ReadonlySet<string>): void {
    for (const [requestId, order] of this.#taken) {
      if (pending.has(requestId)) continue
      order?.end()
      this.#taken.delete(requestId)
    }
  }

  async #serve(request: PassRequest): Promise<void> {
    const { workspace, controller, declaration } = this.#options
    const { requestId } = request
    if (!(await this.#inbox.claim(requestId, process.pid))) return
    await controller.reread()
    const differs = differingContext(request.context, contextOf(workspace, declaration()))
    if (differs.length > 0) {
      await this.#inbox.answer(requestId, { type: 'refused', differs })
      return
    }
    const ids = request.selection.only as readonly ResourceId[]
    const order = await controller.orderPass({
      selection: ids.length > 0 ? new Set(ids) : undefined,
      allowedDeletions: request.allowances.deletions,
    })
    if (this.#taken.has(requestId)) this.#taken.set(requestId, order)
    else order.end()
    const outcomes = await order.settled
    const result: Json = outcomes.map((outcome) => ({
      id: outcome.id,
      verb: outcome.action.verb,
      summary: outcome.action.summary,
      reason: outcome.action.reason,
      result: outcome.result,
      message: outcome.message ?? null,
    }))
    await this.#inbox.answer(requestId, { type: 'done', exitCode: 0, result })
  }
}

/** Whether its asker was killed, as far as this machine can tell. */
async function isAbandoned({ requestedBy }: PassRequest): Promise<boolean> {
  if (requestedBy.host !== (await hostOfThisProcess())) return false
  return (await processIdentity(requestedBy.pid)) === undefined
}
