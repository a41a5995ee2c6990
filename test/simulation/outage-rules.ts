import type { FleetEvent } from '../../src/core/event.ts'
import type { StoreWrite } from '../../src/core/store.ts'
import type { Actor } from './actor.ts'
import { peekToken, written } from './peek.ts'
import type { Outage, Setting } from './setting.ts'

/** So long after the first failed reading it has been told that a domain is out, in ms. */
const toldWithin = 4_000

/** What one actor meets of an outage. */
export class OutageCount {
  #outage: Outage | undefined
  #readings = 0
  #since = 0
  #told = 0

  /** One reading in vain of an outage that goes on. */
  readInVain(setting: Setting, actor: Actor, outage: Outage): void {
    if (this.#outage !== outage) {
      this.#outage = outage
      this.#readings = 0
      this.#told = 0
      this.#since = setting.time.now
    }
    this.#readings += 1
    if (actor.role !== 'controller') return
    const most = mostReadings + 2 * this.#told
    setting.rules.check(
      'outages-are-met-at-a-pace',
      this.#readings <= most,
      () => `${actor.pid} read ${outage.kind} ${this.#readings} times in vain, told ${this.#told} times`,
    )
  }

  /** It was told of something, and may look at once. */
  told(): void {
    this.#told += 1
  }

  /** How long it knows of this outage. */
  knownFor(outage: Outage, now: number): number {
    return this.#outage === outage ? now - this.#since : 0
  }
}

/** Readings in vain within the longest outage: eleven doublings of 5 ms for each of seven keys, none with another. */
const mostReadings = 80

/** What people were told of each domain. */
export class OutageEvents {
  readonly #last = new Map<string, string>()

  /** An outage is one event when it begins and one when it ends. */
  follow({ rules }: Setting, writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      if (write.collection !== 'event' || write.type !== 'put') continue
      const { reason, message } = written<FleetEvent>(write.value)
      if (reason !== 'DomainUnreadable' && reason !== 'DomainReadable') continue
      const kind = message.split(' ')[0] ?? ''
      const expected = this.#last.get(kind) === 'DomainUnreadable' ? 'DomainReadable' : 'DomainUnreadable'
      rules.check('an-outage-is-two-events', reason === expected, () => `${reason} of ${kind} again`)
      this.#last.set(kind, reason)
    }
  }

  isOut(kind: string): boolean {
    return this.#last.get(kind) === 'DomainUnreadable'
  }

  /** At the end of an outage: who could not read for a while has said so. */
  checkEnd(setting: Setting, outage: Outage): void {
    const { rules, time, disk, actors } = setting
    if (outage.ids) return
    for (const actor of actors) {
      const isHindered = Math.max(actor.pausedUntil, actor.refusedAt) > time.now - 2 * toldWithin
      if (isHindered || actor.isStopping || actor.lease?.token !== peekToken(disk)) continue
      if (actor.outage.knownFor(outage, time.now) < toldWithin) continue
      rules.check(
        'an-outage-is-told',
        this.isOut(outage.kind),
        () => `nobody heard that ${outage.kind} was out`,
      )
    }
  }
}
