import type { Alert, Alerting, AlertMemory, Notice } from '../core/alert.ts'
import type { Clock, Random } from '../core/clock.ts'
import type { Courier, Delivery } from '../core/courier.ts'
import type { Duration } from '../core/duration.ts'
import { messageOf } from '../core/errors.ts'
import type { FleetEvent } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'
import { resourceId } from '../core/resource.ts'
import { encode } from './encode.ts'
import { longestRest } from './judge.ts'
import { noticeKey } from './notice.ts'
import { afterFailure, waitOf } from './retry.ts'
import { type Sender, say } from './words.ts'

export interface OutboxOptions {
  readonly memory: Pick<AlertMemory, 'claim' | 'conclude'>
  readonly courier: Courier
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Writes down that something was told, or could not be. */
  readonly note: (event: Omit<FleetEvent, 'count' | 'firstAt'>) => Promise<void>
}

/** Nobody else sends what is being sent: longer than any message may take. After a crash it is sent again then. */
const claimLasts: Duration = 15_000

/** What receivers are still to be told, and its way to them: struck out when it arrived, tried again when it did not. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #notices: Map<string, Notice>
  /** Called when one more is through, or failed. */
  readonly #onProgress: () => void
  /** By receiver: each is told one thing after the other, and none waits for another. */
  readonly #sending = new Map<string, Promise<void>>()
  readonly #cut = new AbortController()
  #alerting: Alerting = { alerts: [], receivers: [] }
  #sender: Sender = { fleet: '', environment: undefined }

  constructor(options: OutboxOptions, notices: readonly Notice[], onProgress: () => void) {
    this.#options = options
    this.#notices = new Map(notices.map((notice) => [noticeKey(notice), notice]))
    this.#onProgress = onProgress
  }

  /** Who is told in which words from now on, and in whose name. */
  address(alerting: Alerting, sender: Sender | undefined): void {
    this.#alerting = alerting
    if (sender) this.#sender = sender
  }

  get notices(): readonly Notice[] {
    return [...this.#notices.values()]
  }

  /** What a receiver is still to be told about a group. */
  waiting(notice: Pick<Notice, 'receiver' | 'alert' | 'groupId'>): Notice | undefined {
    return this.#notices.get(noticeKey(notice))
  }

  put(notice: Notice): void {
    this.#notices.set(noticeKey(notice), notice)
  }

  drop(notice: Pick<Notice, 'receiver' | 'alert' | 'groupId'>): void {
    this.#notices.delete(noticeKey(notice))
  }

  /** Writes down that a notice is given up because its receiver is gone. */
  async giveUp(notice: Notice): Promise<void> {
    const { clock, note } = this.#options
    const { title } = say(notice, this.#wordsOf(notice), this.#sender)
    const message = `${notice.alert}: it is no longer declared; given up: ${title}`
    const id = resourceId('Receiver', notice.receiver)
    await note({ at: clock.now(), type: 'Warning', reason: 'AlertGivenUp', id, message })
  }

  /** Milliseconds until something may be sent that is not being sent. */
  untilAttempt(): Duration {
    const now = this.#options.clock.now()
    const waiting = this.notices.filter(({ receiver }) => !this.#sending.has(receiver))
    return Math.min(Number.POSITIVE_INFINITY, ...waiting.map((notice) => waitOf(notice, now)))
  }

  get isSending(): boolean {
    return this.#sending.size > 0
  }

  /** Begins to send all that is due. Returns at once. */
  sendDue(): void {
    for (const { receiver } of this.notices) {
      if (this.#sending.has(receiver) || !this.#dueFor(receiver)) continue
      const work = this.#deliver(receiver)
        .catch((error) => {
          if (this.#cut.signal.aborted) return
          this.#options.logger.warn({ receiver, error: messageOf(error) }, 'an alert could not be recorded')
        })
        .finally(() => {
          this.#sending.delete(receiver)
          this.#onProgress()
        })
      this.#sending.set(receiver, work)
    }
  }

  /** Resolves when nothing is being sent any more; what does not come to an end within the grace is cut off. */
  async close(reason: string, grace: Duration): Promise<void> {
    const rested = new AbortController()
    const over = this.#options.clock.sleep(grace, rested.signal).catch(() => undefined)
    await Promise.race([Promise.allSettled(this.#sending.values()), over])
    rested.abort()
    this.#cut.abort(new Error(reason))
    await Promise.allSettled(this.#sending.values())
  }

  #dueFor(receiver: string): Notice | undefined {
    const now = this.#options.clock.now()
    return this.notices
      .filter((notice) => notice.receiver === receiver && waitOf(notice, now) === 0)
      .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt || (a.id < b.id ? -1 : 1))[0]
  }

  async #deliver(receiver: string): Promise<void> {
    const { memory, clock } = this.#options
    for (let due = this.#dueFor(receiver); due; due = this.#dueFor(receiver)) {
      if (this.#cut.signal.aborted) return
      const { isOurs, notice } = await memory.claim(due, clock.now() + claimLasts)
      // A newer one may have been decided on while we asked: that one is looked at next.
      this.#replace(due, notice)
      if (isOurs && notice) await this.#conclude(notice, await this.#send(notice))
    }
  }

  /** Unless a newer one has taken its place meanwhile, which is still to be told. */
  #replace(notice: Notice, next: Notice | undefined): void {
    if (this.waiting(notice)?.id !== notice.id) return
    if (next) this.put(next)
    else this.drop(notice)
  }

  async #send(notice: Notice): Promise<Delivery> {
    const { courier, clock } = this.#options
    const receiver = this.#alerting.receivers.find(({ name }) => name === notice.receiver)
    const failed = (reason: string): Delivery => ({ type: 'failed', reason, retryAfter: undefined })
    if (!receiver) return failed('it is not declared at the moment')
    if (receiver.unusable !== undefined) return failed(receiver.unusable)
    const message = encode(notice, receiver, {
      alert: this.#wordsOf(notice),
      sender: this.#sender,
      now: clock.now(),
    })
    return courier.send(message, this.#cut.signal)
  }

  /** Strikes out what was told, or says when it is tried again. The memory of this process comes first. */
  async #conclude(notice: Notice, delivery: Delivery): Promise<void> {
    const { clock, random, memory, note, logger } = this.#options
    const now = clock.now()
    const next =
      delivery.type === 'failed'
        ? afterFailure(notice, { now, retryAfter: delivery.retryAfter, chance: random.next() })
        : undefined
    this.#replace(notice, next)
    const isCurrent = await memory.conclude(notice, next)
    const { title } = say(notice, this.#wordsOf(notice), this.#sender)
    const id = resourceId('Receiver', notice.receiver)
    const fields = { receiver: notice.receiver, alert: notice.alert, status: notice.status }
    if (delivery.type === 'delivered') {
      logger.info(fields, 'alert sent')
      await note({ at: now, type: 'Normal', reason: 'AlertSent', id, message: title })
      return
    }
    logger.warn({ ...fields, error: delivery.reason }, 'alert not sent')
    const isOver = isCurrent && !next
    const message = `${notice.alert}: ${delivery.reason}${isOver ? `; given up: ${title}` : ''}`
    await note({ at: now, type: 'Warning', reason: isOver ? 'AlertGivenUp' : 'AlertDelayed', id, message })
  }

  #wordsOf({ alert }: Notice): Pick<Alert, 'title' | 'text' | 'repeatInterval'> {
    const declared = this.#alerting.alerts.find(({ name }) => name === alert)
    return declared ?? { title: undefined, text: undefined, repeatInterval: longestRest }
  }
}
