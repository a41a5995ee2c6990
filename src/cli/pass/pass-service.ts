import type { Clock } from '../../core/clock.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Json, Store } from '../../core/store.ts'
import type { Controller } from '../../engine/controller.ts'
import type { PassOrder } from '../../engine/pass-order.ts'
import type { Fence } from '../../state/fence.ts'
import {
  differingContext,
  type JudgeAsker,
  openPassInbox,
  type PassContext,
  type PassRequest,
} from '../../state/requests.ts'
import { openSuspensions } from '../../state/suspensions.ts'
import { takenActionOf } from './pass-result.ts'

export interface PassServiceOptions {
  readonly store: Store
  readonly environment: string | undefined
  readonly lease: Fence
  readonly clock: Clock
  readonly controller: Controller
  /** Of the program that serves. */
  readonly pid: number
  /** What a request's context must be equal to, by what was read last. */
  readonly context: () => PassContext
  /** What the controller looks after; undefined: the whole fleet. */
  readonly selects: ((id: ResourceId) => boolean) | undefined
  readonly judgeAsker: JudgeAsker
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
    const { store } = options
    this.#options = options
    this.#inbox = openPassInbox(options)
    this.#stopWatching = store.watch(() => {
      // One after the other, or an old list would bring back what was answered meanwhile.
      this.#looking = this.#looking.then(() => this.#look()).catch(() => undefined)
    })
  }

  /** Drops what askers who were killed left behind long ago. */
  async clean(): Promise<void> {
    const { clock, judgeAsker } = this.#options
    await this.#inbox.clean(clock.now(), judgeAsker)
  }

  stop(): void {
    this.#stopWatching()
  }

  async #look(): Promise<void> {
    const { controller, judgeAsker } = this.#options
    const word = await openSuspensions(this.#options).word()
    if (word !== this.#word && this.#word !== '') controller.wake()
    this.#word = word
    const pending = await this.#inbox.pending()
    this.#endWithdrawn(new Set(pending.map(({ requestId }) => requestId)))
    for (const request of pending) {
      // Also one that was taken up: who is dead does not wait any longer than who went away.
      if ((await judgeAsker(request)) === 'dead') {
        await this.#inbox.drop(request.requestId)
        this.#endOrder(request.requestId)
        continue
      }
      if (this.#taken.has(request.requestId)) continue
      this.#taken.set(request.requestId, undefined)
      void this.#serve(request).catch(() => this.#taken.delete(request.requestId))
    }
  }

  /** Who waits no longer allows nothing any more. */
  #endWithdrawn(pending: ReadonlySet<string>): void {
    for (const requestId of [...this.#taken.keys()]) if (!pending.has(requestId)) this.#endOrder(requestId)
  }

  #endOrder(requestId: string): void {
    this.#taken.get(requestId)?.end()
    this.#taken.delete(requestId)
  }

  async #serve(request: PassRequest): Promise<void> {
    const { controller, context, pid, selects } = this.#options
    const { requestId } = request
    if (!(await this.#inbox.claim(requestId, pid))) return
    await controller.reread()
    const ids = request.selection.only as readonly ResourceId[]
    const isBeyond = selects !== undefined && (ids.length === 0 || !ids.every(selects))
    const differs = [
      ...differingContext(request.context, context()),
      ...(isBeyond ? ['what it looks after'] : []),
    ]
    if (differs.length > 0) {
      await this.#inbox.answer(requestId, { type: 'refused', differs })
      return
    }
    const order = await controller.orderPass({
      selection: ids.length > 0 ? new Set(ids) : undefined,
      allowedDeletions: request.allowances.deletions,
    })
    if (this.#taken.has(requestId)) this.#taken.set(requestId, order)
    else order.end()
    const outcomes = await order.settled
    const result: Json = outcomes.map((outcome) => ({ ...takenActionOf(outcome) }))
    await this.#inbox.answer(requestId, { type: 'done', exitCode: 0, result })
  }
}
