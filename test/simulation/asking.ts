import { isErrorOf, messageOf, ReconcileError } from '../../src/core/errors.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { openPassAsker, type PassAnswer, type PassContext } from '../../src/state/requests.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { Setting } from './setting.ts'

/** What every program of this machine is called with. */
export const context: PassContext = Object.freeze({
  folder: '/fleet/manifests',
  environment: '',
  programVersion: '1',
  references: '',
})

/** A pass in calm weather is answered within this, in virtual ms. */
const answersWithin = 12_000

interface Asked {
  readonly requestId: string
  readonly pid: number
  readonly only: readonly string[]
  readonly deletions: number | undefined
  readonly isOther: boolean
}

/** People who ask the controller that lives for a pass, through the store. */
export class Asking {
  readonly #setting: Setting
  readonly #random: SeededRandom
  #count = 0

  constructor(setting: Setting) {
    this.#setting = setting
    this.#random = setting.random.fork()
  }

  /** Asks for a pass over some or all, follows it for a while, and is killed sometimes meanwhile. */
  async ask(): Promise<void> {
    const { manifests, weather, time, rules, dead } = this.#setting
    const random = this.#random
    const isNarrow = random.isLucky(0.3)
    const ids = manifests.edition.resources.map(({ id }) => id).filter(() => isNarrow && random.isLucky(0.5))
    const deletions = random.isLucky(0.4) ? random.between(1, 6) : undefined
    const isOther = random.isLucky(0.15)
    const patience = random.between(1_000, 12_000)
    const isKilled = weather.strikes('asker-killed')
    const { requestId, pid } = this.#next()
    const allowed = ids.length > 0 ? 0 : (deletions ?? 0)
    const allowance = { count: allowed, from: time.now, until: Number.POSITIVE_INFINITY }
    rules.allowances.push(allowance)
    this.#setting.note(`people: ask for ${ids.join(' ') || 'all'}, ${deletions ?? 'no'} deletions`)
    const request = { requestId, pid, only: ids, deletions, isOther }
    const end = (): void => {
      allowance.until = time.now
    }
    if (isKilled) {
      await this.#send(request)
      await time.sleep(patience)
      // On another machine nobody can tell that it is dead: its allowance ends with what it asked for.
      if (this.#setting.livenessOf(0) !== 'unknown') end()
      dead.add(pid)
      this.#setting.note(`kill asker ${pid}`)
      return
    }
    const answer = await this.#follow(request, patience)
    end()
    if (!answer) return
    const expected = isOther ? 'refused' : 'done'
    rules.check(
      'asked-passes-are-answered',
      answer.type === expected,
      () => `${requestId} was ${answer.type}`,
    )
  }

  /** In calm weather a controller answers, and soon. */
  async check(): Promise<void> {
    const request = { ...this.#next(), only: [], deletions: undefined, isOther: false }
    const answer = await this.#follow(request, answersWithin)
    this.#setting.rules.check('asked-passes-are-answered', answer?.type === 'done', () => {
      return `${request.requestId} was ${answer?.type ?? 'not answered'} in calm weather`
    })
  }

  #next(): { readonly requestId: string; readonly pid: number } {
    this.#count += 1
    return { requestId: `q${String(this.#count).padStart(4, '0')}`, pid: 100_000 + this.#count }
  }

  get #asker() {
    return openPassAsker({ store: openMemoryStore(this.#setting.disk), environment: undefined })
  }

  async #send(request: Asked): Promise<void> {
    const { requestId, pid, only, deletions, isOther } = request
    await this.#asker.ask({
      requestId,
      selection: { only, labels: {} },
      allowances: { deletions, hosts: [], paths: [] },
      requestedBy: { pid, host: 'here' },
      context: isOther ? { ...context, programVersion: '2' } : context,
      at: this.#setting.wall(),
    })
  }

  /** Undefined: its patience was over. */
  async #follow(request: Asked, patience: number): Promise<PassAnswer | undefined> {
    const { time, rules } = this.#setting
    const end = time.now + patience
    await this.#send(request)
    try {
      return await this.#asker.follow(request.requestId, {
        clock: time.clock(),
        isHopeless: async () => (time.now >= end ? 'patience is over' : undefined),
      })
    } catch (error) {
      const isNamed =
        error instanceof ReconcileError && (isErrorOf(error, 'LeaseLost') || isErrorOf(error, 'NotFound'))
      if (!isNamed) rules.violate('engine-never-breaks', `following a pass: ${messageOf(error)}`)
      return undefined
    }
  }
}
