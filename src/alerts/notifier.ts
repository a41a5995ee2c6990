import type {
  Alert,
  AlertChange,
  AlertGroup,
  Alerting,
  AlertMemory,
  Notice,
  Receiver,
} from '../core/alert.ts'
import type { Clock, Random } from '../core/clock.ts'
import type { Courier, Delivery } from '../core/courier.ts'
import type { Duration } from '../core/duration.ts'
import { isErrorOf, messageOf } from '../core/errors.ts'
import type { FleetEvent } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'
import { resourceId } from '../core/resource.ts'
import { decide, type Moment, type Telling } from './decide.ts'
import { encode } from './encode.ts'
import { gather, selects } from './groups.ts'
import { afterFailure, waitOf } from './retry.ts'
import { type FleetView, findTroubles, keyOf, stillOpen } from './troubles.ts'
import { type Sender, say } from './words.ts'

export interface NotifierOptions {
  readonly memory: AlertMemory
  readonly courier: Courier
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Writes down that something was told, or could not be. */
  readonly note: (event: Omit<FleetEvent, 'count' | 'firstAt'>) => Promise<void>
}

/** Looks follow each other at most this fast: a storm is one look. Milliseconds. */
const pace: Duration = 200
/** What is being sent when the program is told to end may take so much longer. */
const graceAtEnd: Duration = 2_000
/** After a fault of the store. */
const pauseAfterFault: Duration = 5_000
/** Nobody else sends what is being sent: longer than any message may take. After a crash it is sent again then. */
const claimLasts: Duration = 15_000
/** Timers are set no further ahead; then it is looked again. */
const longestRest: Duration = 3_600_000

/**
 * Tells receivers of troubles. What is to be told is written down before it is sent and struck out after: killed in
 * between, it is told once more, and never lost. It works beside the passes and never holds one up.
 */
export class Notifier {
  readonly #options: NotifierOptions
  readonly #groups: Map<string, AlertGroup>
  readonly #notices: Map<string, Notice>
  /** By receiver: each is told one thing after the other, and none waits for another. */
  readonly #sending = new Map<string, Promise<void>>()
  readonly #cut = new AbortController()
  #alerting: Alerting = { alerts: [], receivers: [] }
  #isComplete = false
  #view: FleetView | undefined
  #wake = Promise.withResolvers<void>()

  private constructor(options: NotifierOptions, groups: readonly AlertGroup[], notices: readonly Notice[]) {
    this.#options = options
    this.#groups = new Map(groups.map((group) => [groupKey(group), group]))
    this.#notices = new Map(notices.map((notice) => [noticeKey(notice), notice]))
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
    this.#wake.resolve()
  }

  /** Takes over how the fleet is now. Returns at once. */
  see(view: FleetView): void {
    this.#view = view
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
        this.#deliverAll()
      } catch (error) {
        if (isErrorOf(error, 'LeaseLost')) break
        logger.warn({ error: messageOf(error) }, 'alerts could not be decided on')
        await clock.sleep(pauseAfterFault, signal).catch(() => undefined)
        continue
      }
      await this.#rest(Math.min(dueAt - clock.now(), this.#untilAttempt()), signal)
    }
    await this.#end()
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
    const end = clock.monotonic() + limit
    for (let left = limit; !signal.aborted && left > 0; left = end - clock.monotonic()) {
      this.#wake = Promise.withResolvers()
      this.#deliverAll()
      if (this.#sending.size === 0 && this.#untilAttempt() > left) break
      await this.#rest(Math.min(left, this.#untilAttempt()), signal)
    }
    this.#cut.abort(new Error('the time for alerts is over'))
    await Promise.allSettled(this.#sending.values())
    return [...new Set([...this.#notices.values()].map(({ receiver }) => `Receiver/${receiver}`))].sort()
  }

  /** Tells that the controller ends because of a fault, past the store, which may be the fault. Best effort. */
  async sayLastWords(message: string, limit: Duration): Promise<void> {
    const { clock, random, courier } = this.#options
    const view = this.#view
    if (!view) return
    const now = clock.now()
    const trouble = {
      type: 'ControllerError',
      id: undefined,
      severity: 'critical',
      message,
      since: now,
    } as const
    const signal = AbortSignal.any([this.#cut.signal])
    const sends = this.#alerting.alerts
      .filter((alert) => selects(alert, trouble, view.labels))
      .flatMap((alert) =>
        alert.receivers.flatMap((name) => {
          const receiver = this.#receiver(name)
          if (!receiver || receiver.unusable !== undefined) return []
          const notice = makeNotice(
            alert,
            { id: 'end', name: '', since: now },
            {
              id: random.id(),
              receiver: name,
              now,
              tell: { status: 'firing', firing: [trouble], resolved: [] },
            },
          )
          return courier.send(encode(notice, receiver, { alert, sender: view, now }), signal)
        }),
      )
    await Promise.race([Promise.allSettled(sends), clock.sleep(limit)])
  }

  /** Decides about every group, and writes down what came of it. Returns when the next one is due. */
  async #look(moment: Moment): Promise<number> {
    const view = this.#view
    if (!view) return moment.now + longestRest
    const troubles = findTroubles(view)
    const changes: AlertChange[] = this.#isComplete ? this.#forgetUndeclared() : []
    let dueAt = moment.now + longestRest
    for (const alert of this.#alerting.alerts) {
      const known = [...this.#groups.values()].filter((group) => group.alert === alert.name)
      const told = known.flatMap((group) => group.told)
      const found = gather(alert, [...troubles, ...stillOpen(told, view)], view.labels)
      for (const id of new Set([...known.map((group) => group.id), ...found.keys()])) {
        const before = known.find((group) => group.id === id)
        const verdict = decide(alert, before, found.get(id), moment)
        if (verdict.dueAt !== undefined) dueAt = Math.min(dueAt, verdict.dueAt)
        changes.push(...changeOf(before, verdict.group))
        const group = verdict.group ?? before
        if (verdict.tell && group) changes.push(...this.#noticesOf(alert, group, verdict.tell, moment.now))
      }
    }
    await this.#commit(changes)
    return dueAt
  }

  #forgetUndeclared(): AlertChange[] {
    const alerts = new Set(this.#alerting.alerts.map(({ name }) => name))
    const receivers = new Set(this.#alerting.receivers.map(({ name }) => name))
    return [
      ...[...this.#groups.values()]
        .filter((group) => !alerts.has(group.alert))
        .map((group): AlertChange => ({ type: 'drop-group', group })),
      ...[...this.#notices.values()]
        .filter((notice) => !receivers.has(notice.receiver))
        .map((notice): AlertChange => ({ type: 'drop-notice', notice })),
    ]
  }

  /** One a receiver; it takes the place of what the receiver was not told yet, so that nothing piles up. */
  #noticesOf(alert: Alert, group: AlertGroup, tell: Telling, now: number): readonly AlertChange[] {
    return alert.receivers.map((receiver): AlertChange => {
      const notice = makeNotice(alert, group, { id: this.#options.random.id(), receiver, now, tell })
      const waiting = this.#notices.get(noticeKey(notice))
      const firing = new Set(tell.firing.map(keyOf))
      const ended = new Map(
        [...(waiting?.resolved ?? []), ...(waiting?.firing ?? []), ...tell.resolved].map((trouble) => [
          keyOf(trouble),
          trouble,
        ]),
      )
      const resolved = [...ended.values()].filter((trouble) => !firing.has(keyOf(trouble)))
      const nextAttemptAt = now + (waiting ? waitOf(waiting, now) : 0)
      return { type: 'put-notice', notice: { ...notice, resolved, nextAttemptAt } }
    })
  }

  async #commit(changes: readonly AlertChange[]): Promise<void> {
    await this.#options.memory.commit(changes)
    for (const change of changes) {
      if (change.type === 'put-group') this.#groups.set(groupKey(change.group), change.group)
      if (change.type === 'drop-group') this.#groups.delete(groupKey(change.group))
      if (change.type === 'put-notice') this.#notices.set(noticeKey(change.notice), change.notice)
      if (change.type === 'drop-notice') this.#notices.delete(noticeKey(change.notice))
    }
  }

  /** Milliseconds until something may be sent. */
  #untilAttempt(): Duration {
    const now = this.#options.clock.now()
    const waiting = [...this.#notices.values()].filter(({ receiver }) => !this.#sending.has(receiver))
    return Math.min(Number.POSITIVE_INFINITY, ...waiting.map((notice) => waitOf(notice, now)))
  }

  #deliverAll(): void {
    for (const { receiver } of this.#notices.values()) {
      if (this.#sending.has(receiver) || !this.#dueFor(receiver)) continue
      const work = this.#deliver(receiver)
        .catch((error) => {
          if (this.#cut.signal.aborted) return
          this.#options.logger.warn({ receiver, error: messageOf(error) }, 'an alert could not be recorded')
        })
        .finally(() => {
          this.#sending.delete(receiver)
          this.#wake.resolve()
        })
      this.#sending.set(receiver, work)
    }
  }

  #dueFor(receiver: string): Notice | undefined {
    const now = this.#options.clock.now()
    return [...this.#notices.values()]
      .filter((notice) => notice.receiver === receiver && waitOf(notice, now) === 0)
      .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt || (a.id < b.id ? -1 : 1))[0]
  }

  async #deliver(receiver: string): Promise<void> {
    const { memory, clock } = this.#options
    for (let due = this.#dueFor(receiver); due; due = this.#dueFor(receiver)) {
      if (this.#cut.signal.aborted) return
      const { isOurs, notice } = await memory.claim(due, clock.now() + claimLasts)
      // A newer one may have been decided on while we asked: that one is looked at next.
      if (this.#notices.get(noticeKey(due))?.id === due.id) {
        if (notice) this.#notices.set(noticeKey(due), notice)
        else this.#notices.delete(noticeKey(due))
      }
      if (isOurs && notice) await this.#conclude(notice, await this.#send(notice))
    }
  }

  async #send(notice: Notice): Promise<Delivery> {
    const receiver = this.#receiver(notice.receiver)
    const failed = (reason: string): Delivery => ({ type: 'failed', reason, retryAfter: undefined })
    if (!receiver) return failed('it is not declared at the moment')
    if (receiver.unusable !== undefined) return failed(receiver.unusable)
    const { courier, clock } = this.#options
    const message = encode(notice, receiver, {
      alert: this.#wordsOf(notice),
      sender: this.#sender(),
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
    // Meanwhile a newer one may have taken its place: that one is still to be told.
    if (this.#notices.get(noticeKey(notice))?.id === notice.id) {
      if (next) this.#notices.set(noticeKey(notice), next)
      else this.#notices.delete(noticeKey(notice))
    }
    const isCurrent = await memory.conclude(notice, next)
    const { title } = say(notice, this.#wordsOf(notice), this.#sender())
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

  #receiver(name: string): Receiver | undefined {
    return this.#alerting.receivers.find((receiver) => receiver.name === name)
  }

  #wordsOf({ alert }: Notice): Pick<Alert, 'title' | 'text' | 'repeatInterval'> {
    const declared = this.#alerting.alerts.find(({ name }) => name === alert)
    return declared ?? { title: undefined, text: undefined, repeatInterval: longestRest }
  }

  #sender(): Sender {
    return this.#view ?? { fleet: '', environment: undefined }
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

  async #end(): Promise<void> {
    const rested = new AbortController()
    const grace = this.#options.clock.sleep(graceAtEnd, rested.signal).catch(() => undefined)
    await Promise.race([Promise.allSettled(this.#sending.values()), grace])
    rested.abort()
    this.#cut.abort(new Error('the controller ends'))
    await Promise.allSettled(this.#sending.values())
  }
}

function makeNotice(
  alert: Alert,
  group: Pick<AlertGroup, 'id' | 'name' | 'since'>,
  made: { readonly id: string; readonly receiver: string; readonly now: number; readonly tell: Telling },
): Notice {
  return {
    id: made.id,
    receiver: made.receiver,
    alert: alert.name,
    groupId: group.id,
    groupName: group.name,
    ...made.tell,
    at: made.now,
    since: group.since,
    attempts: 0,
    nextAttemptAt: made.now,
  }
}

function changeOf(before: AlertGroup | undefined, after: AlertGroup | undefined): readonly AlertChange[] {
  if (!after) return before ? [{ type: 'drop-group', group: before }] : []
  return before && JSON.stringify(before) === JSON.stringify(after)
    ? []
    : [{ type: 'put-group', group: after }]
}

function groupKey({ alert, id }: Pick<AlertGroup, 'alert' | 'id'>): string {
  return `${alert}/${id}`
}

function noticeKey({ receiver, alert, groupId }: Pick<Notice, 'receiver' | 'alert' | 'groupId'>): string {
  return `${receiver}/${alert}/${groupId}`
}
