import type { StoreWrite } from '../../src/core/store.ts'
import type { Fence } from '../../src/state/fence.ts'
import type { Holder } from '../../src/state/holder.ts'
import type { Actor } from './actor.ts'
import { written } from './peek.ts'
import type { Setting } from './setting.ts'

/** How long a lease lasts without a sign of life, in ms. */
export const leaseTtl = 4_000
/** For what share of it its holder may rely on it: what he sends last must arrive before another can take over. */
const reliedOn = 0.8

/** Who holds the lease, and when he last said that he lives; as the store saw it. */
export class LeaseWatch {
  #holder: { readonly pid: number; readonly at: number } | undefined

  /** Somebody took it away: nobody knows of it, and who comes next takes it from nobody. */
  forget(): void {
    this.#holder = undefined
  }

  /** Follows a commit: whoever takes the lease takes it from nobody, from a dead one, or from one silent for its ttl. */
  follow(setting: Setting, actor: Actor, writes: readonly StoreWrite[]): void {
    const token = writes.find(({ collection }) => collection === 'lease-token')
    const record = writes.find(({ collection }) => collection === 'lease')
    if (!record) return
    const { rules, time, livenessOf } = setting
    if (record.type === 'delete') {
      this.#holder = undefined
      return
    }
    const before = this.#holder
    if (token && before) {
      const silence = time.now - before.at
      rules.check(
        'a-living-holder-keeps-the-lease',
        silence >= leaseTtl || livenessOf(before.pid) === 'dead',
        () =>
          `${actor.pid} took it from ${before.pid}, who gave a sign of life ${Math.round(silence)} ms ago`,
      )
    }
    this.#holder = { pid: written<{ readonly holder: Holder }>(record.value).holder.pid, at: time.now }
  }
}

/** The actor's own lease: whoever relies on it must have given a sign of life that was sent well within its ttl. */
export function watchedFence(setting: Setting, actor: Actor, lease: Fence): Fence {
  return {
    guard() {
      const precondition = lease.guard()
      const silence = setting.time.now - actor.signSentAt
      setting.rules.check(
        'its-own-clock-ends-a-lease',
        silence <= leaseTtl * reliedOn + 1,
        () => `${actor.pid} relies on a lease that it last renewed ${Math.round(silence)} ms ago`,
      )
      return precondition
    },
  }
}
