import type { Clock } from '../../core/clock.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import type { Json } from '../../core/store.ts'
import type { VendorClock } from '../vendor/vendor-clock.ts'
import { Budget } from './budget.ts'

/** The budgets of a credential, one an account: a token is one, each installation of a GitHub App is another. */
export class Budgets {
  readonly #clock: Clock
  readonly #vendorClock: VendorClock
  readonly #cache: DomainCache | undefined
  readonly #prefix: string
  readonly #budgets = new Map<string, Promise<Budget>>()
  readonly #known = new Map<string, Budget>()

  constructor(options: {
    readonly clock: Clock
    readonly vendorClock: VendorClock
    readonly cache: DomainCache | undefined
    /** Names the credential. */
    readonly owner: string
  }) {
    this.#clock = options.clock
    this.#vendorClock = options.vendorClock
    this.#cache = options.cache
    this.#prefix = `budget/2/${options.owner}/`
  }

  /** With what an earlier start learned of it. */
  of(account: string): Promise<Budget> {
    const known = this.#budgets.get(account)
    if (known) return known
    const made = (async () => {
      const budget = new Budget(this.#clock, this.#vendorClock)
      this.#known.set(account, budget)
      budget.recall(await this.#cache?.get(this.#prefix + account))
      return budget
    })()
    this.#budgets.set(account, made)
    return made
  }

  /** Calls that counted against any limit. */
  get used(): number {
    return [...this.#known.values()].reduce((sum, budget) => sum + budget.used, 0)
  }

  /** Calls that the scarcest account has left; undefined: not told yet. */
  get remaining(): number | undefined {
    const told = [...this.#known.values()].map(({ remaining }) => remaining)
    const counts = told.filter((count) => count !== undefined)
    return counts.length === 0 ? undefined : Math.min(...counts)
  }

  async save(): Promise<void> {
    const entries = [...this.#known].map(
      ([account, budget]) => [this.#prefix + account, budget.toJson()] as [string, Json],
    )
    await this.#cache?.put(new Map(entries))
  }
}
