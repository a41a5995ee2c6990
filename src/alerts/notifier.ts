import type { AlertChange, AlertGroup, Alerting, AlertMemory, Notice } from '../core/alert.ts'
import type { Duration } from '../core/duration.ts'
import { isErrorOf, messageOf } from '../core/errors.ts'
import type { Moment } from './decide.ts'
import { type Address, judge, longestRest } from './judge.ts'
import { sayLastWords } from './last-words.ts'
import { makeNotice, noticeKey, takeOver } from './notice.ts'
import { Outbox, type OutboxOptions } from './outbox.ts'
import type { FleetView } from './troubles.ts'

export interface NotifierOptions extends OutboxOptions {
  readonly memory: AlertMemory
}

/** Looks follow each other at most this fast: a storm is one look. Milliseconds. */
const pace: Duration = 200
/** What is being sent when the program is told to end may take so much longer. */
const graceAtEnd: Duration = 2_000
/** After a fault of the store. */
const pauseAfterFault: Duration = 5_000

/**
 * Tells receivers of troubles. What is to be told is written down before it is sent and struck out after: killed in
 * between, it is told once more, and never lost. It works beside the passes and never holds one up.
 */
export class Notifier {
  readonly #options: NotifierOptions
  readonly #groups: Map<string, AlertGroup>
  readonly #outbox: Outbox
  #alerting: Alerting = { alerts: [], receivers: [] }
  #isComplete = false
  #view: FleetView | undefined
  #wake = Promise.withResolvers<void>()

  private constructor(options: NotifierOptions, groups: readonly AlertGroup[], notices: readonly Notice[]) {
    this.#options = options
    this.#groups = new Map(groups.map((group) => [groupKey(group), group]))
    this.#outbox = new Outbox(options, notices, () => this.#wake.resolve())
  }

  /** Goes on where the last one ended. */
  static async open(options: NotifierOptions): Promise<Notifier> {
    const { memory } = options
    return new Notifier(options, await memory.groups(), await memory.notices())
  }

  /** Takes over what the manifests say now. What is no longer declared is forgotten only where all could be read. */
  declare(alerting: Alerting, isComplete: boolean): void {
    this.#alerting = alerting
    this.#isComplete = isComplete
    this.#outbox.address(alerting, this.#view)
    this.#wake.resolve()
  }

  /** Takes over how the fleet is now. Returns at once. */
  see(view: FleetView): void {
    this.#view = view
    this.#outbox.address(this.#alerting, view)
    this.#wake.resolve()
  }

  /** Works until the signal ends it, or the lease is lost. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers()
      let dueAt = clock.now() + longestRest
      try {
        dueAt = await this.#look({ now: clock.now(), isLast: false })
        this.#outbox.sendDue()
      } catch (error) {
        if (isErrorOf(error, 'LeaseLost')) break
        logger.warn({ error: messageOf(error) }, 'alerts could not be decided on')
        await clock.sleep(pauseAfterFault, signal).catch(() => undefined)
        continue
      }
      await this.#rest(Math.min(dueAt - clock.now(), this.#outbox.untilAttempt()), signal)
    }
    await this.#outbox.close('the controller ends', graceAtEnd)
  }

  /** Decides, for a program that ends soon, what is to be told now, and writes it down. */
  async decideNow(): Promise<void> {
    await this.#look({ now: this.#options.clock.now(), isLast: true })
  }

  /**
   * Tells all that was decided and is due, for a program that ends after it; another may act meanwhile. Returns whom
   * it could not tell.
   */
  async deliver(limit: Duration, signal: AbortSignal): Promise<readonly string[]> {
    const { clock } = this.#options
    const outbox = this.#outbox
    const end = clock.monotonic() + limit
    for (let left = limit; !signal.aborted && left > 0; left = end - clock.monotonic()) {
      this.#wake = Promise.withResolvers()
      outbox.sendDue()
      if (!outbox.isSending && outbox.untilAttempt() > left) break
      await this.#rest(Math.min(left, outbox.untilAttempt()), signal)
    }
    await outbox.close('the time for alerts is over', 0)
    return [...new Set(outbox.notices.map(({ receiver }) => `Receiver/${receiver}`))].sort()
  }

  /** Tells that the controller ends because of a fault. Best effort. */
  async sayLastWords(message: string, limit: Duration): Promise<void> {
    const [view, alerting] = [this.#view, this.#alerting]
    if (view) await sayLastWords(this.#options, { message, alerting, view, limit })
  }

  /** Decides about every group, and writes down what came of it. Returns when the next one is due. */
  async #look(moment: Pick<Moment, 'now' | 'isLast'>): Promise<number> {
    const view = this.#view
    if (!view) return moment.now + longestRest
    const [alerting, isComplete] = [this.#alerting, this.#isComplete]
    const groups = [...this.#groups.values()]
    const { changes, addresses, dueAt } = judge({ alerting, isComplete, view, groups }, moment)
    const made = addresses.flatMap((address) => this.#noticesOf(address, moment.now))
    const declared = new Set(alerting.receivers.map(({ name }) => name))
    const isLost = ({ receiver }: Notice) => isComplete && !declared.has(receiver)
    const renewed = new Set(made.map(noticeKey))
    const waiting = this.#outbox.notices.filter((notice) => !renewed.has(noticeKey(notice)))
    const lost = [...waiting, ...made].filter(isLost)
    await this.#commit([
      ...changes,
      ...made.filter((notice) => !isLost(notice)).map(putNotice),
      ...lost.map((notice): AlertChange => ({ type: 'drop-notice', notice })),
    ])
    for (const notice of lost) await this.#outbox.giveUp(notice)
    return dueAt
  }

  #noticesOf({ group, receivers, tell }: Address, now: number): readonly Notice[] {
    return receivers.map((receiver) => {
      const notice = makeNotice(group, { id: this.#options.random.id(), receiver, now, tell })
      return takeOver(notice, this.#outbox.waiting(notice))
    })
  }

  async #commit(changes: readonly AlertChange[]): Promise<void> {
    await this.#options.memory.commit(changes)
    for (const change of changes) {
      if (change.type === 'put-group') this.#groups.set(groupKey(change.group), change.group)
      if (change.type === 'drop-group') this.#groups.delete(groupKey(change.group))
      if (change.type === 'put-notice') this.#outbox.put(change.notice)
      if (change.type === 'drop-notice') this.#outbox.drop(change.notice)
    }
  }

  /** Until something happens or is due, and never shorter than the pace. */
  async #rest(duration: Duration, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const rested = new AbortController()
    const either = AbortSignal.any([signal, rested.signal])
    const quietly = (rest: Duration) => clock.sleep(rest, either).catch(() => undefined)
    await Promise.race([this.#wake.promise, quietly(Math.min(longestRest, Math.max(0, duration)))])
    await quietly(pace)
    rested.abort()
  }
}

function putNotice(notice: Notice): AlertChange {
  return { type: 'put-notice', notice }
}

function groupKey({ alert, id }: Pick<AlertGroup, 'alert' | 'id'>): string {
  return `${alert}/${id}`
}
