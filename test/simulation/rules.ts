import type { Action } from '../../src/core/action.ts'
import type { Intent } from '../../src/core/intent.ts'
import type { StoreWrite } from '../../src/core/store.ts'
import type { ModelAction } from '../support/modelled-domain.ts'
import type { Actor } from './actor.ts'
import { checkCommit } from './commit-rules.ts'
import { checkDeletion } from './deletion-rules.ts'
import { checkDispatch, checkEffect } from './effect-rules.ts'
import { peekIntents, peekToken, written } from './peek.ts'
import type { Setting } from './setting.ts'
import { Shadow } from './shadow.ts'

/** More effects than this on one resource in 20 s, without anybody changing anything, are a hot loop. */
const mostStarts = 14
const paceWindow = 20_000

/** What is checked while faults go on. */
export const safetyRules = [
  'a-selection-prunes-nothing',
  'attempts-are-bounded',
  'attempts-are-not-forgotten',
  'attempts-keep-their-pace',
  'deletes-only-by-policy',
  'deletes-only-what-is-owned',
  'deletes-only-what-is-undeclared',
  'deletes-only-what-we-made',
  'deletion-limit',
  'deletions-keep-their-pace',
  'dependencies-first',
  'fleet-down',
  'forgets-only-what-is-gone',
  'healthy-means-running',
  'intent-before-effect',
  'no-hot-loop',
  'no-rival-is-touched',
  'nothing-foreign-is-touched',
  'nothing-is-made-twice',
  'nothing-undeclared-is-touched',
  'observe-only',
  'only-the-holder-acts',
  'only-the-holder-writes',
  'outside-its-window',
  'standby-stands-by',
  'suspended-by-command',
  'suspended-by-manifest',
  'unread-is-not-healthy',
] as const

/** `dry-run-changes-nothing` and `engine-never-breaks` are checked by being told of a breach. */
type Rule =
  | (typeof safetyRules)[number]
  | 'dry-run-changes-nothing'
  | 'engine-never-breaks'
  | 'converges'
  | 'stays-converged'

export interface Violation {
  readonly rule: Rule
  readonly message: string
  readonly at: number
}

/** An effect that happened. */
export interface Deed {
  readonly id: string
  readonly type: string
  readonly at: number
  readonly edition: number
}

/**
 * The rules that hold whatever happens (DESIGN section 4), checked at every effect and every commit against what is
 * really so: the modelled world, the disk, and what each actor was given to read.
 */
export class Rules {
  violation: Violation | undefined
  readonly shadow = new Shadow()
  /** How often each rule was checked. */
  readonly checked = new Map<Rule, number>()
  readonly deeds: Deed[] = []
  /** Virtual times at which the inventory forgot something. */
  readonly forgotten: number[] = []
  /** Virtual time of the last change of a resource by people, by id. */
  readonly disturbed = new Map<string, number>()
  /** Since when a person suspends it by command, by id. */
  readonly suspendedSince = new Map<string, number>()
  /** Since when a thing bears a rival's mark, by outside name. */
  readonly rivalSince = new Map<string, number>()
  downSince: number | undefined
  /** When people last resumed a fleet that was down. */
  lastUp = Number.NEGATIVE_INFINITY
  lastJump = Number.NEGATIVE_INFINITY
  /** When people last changed or resumed anything. */
  lastWord = Number.NEGATIVE_INFINITY
  /** Workflows whose effect was begun under one lease and happened under another: nothing can exclude that. */
  readonly overlapped = new Set<string>()
  /** By id: the times at which recovery was tried with effect since the attempts were forgotten. */
  readonly revivals = new Map<string, number[]>()
  readonly #starts = new Map<string, number[]>()
  readonly #deletionStarts = new Map<string, number>()
  readonly #begun = new Map<string, number>()
  /** By id: when its newest intent was written down. */
  readonly #decided = new Map<string, number>()
  #setting: Setting | undefined

  attach(setting: Setting): void {
    this.#setting = setting
  }

  violate(rule: Rule, message: string): void {
    this.violation ??= { rule, message, at: this.#now() }
  }

  check(rule: Rule, isKept: boolean, message: () => string): void {
    this.checked.set(rule, (this.checked.get(rule) ?? 0) + 1)
    if (!isKept) this.violate(rule, message())
  }

  /** People changed it: what it did before says nothing of what it does now. */
  disturb(id: string): void {
    this.lastWord = this.#now()
    this.disturbed.set(id, this.#now())
    this.#starts.delete(id)
    this.revivals.delete(id)
  }

  /** Whether people changed it since the newest intent on it was written down. */
  wasOverruled(id: string): boolean {
    return (this.#decided.get(id) ?? 0) <= (this.disturbed.get(id) ?? Number.NEGATIVE_INFINITY)
  }

  onEffectStart(actor: Actor, action: Action): void {
    const setting = this.#setting
    if (!setting) return
    const id = idOf(action)
    const token = peekToken(setting.disk)
    this.check(
      'only-the-holder-acts',
      actor.lease?.token === token,
      () => `${actor.pid} began ${action.summary}`,
    )
    const intents = peekIntents(setting.disk)
    this.check(
      'intent-before-effect',
      intents.some((intent) => intent.id === id && intent.actionType === action.type),
      () => `${action.summary} has no open intent`,
    )
    const now = this.#now()
    if (action.verb === 'delete') this.#onDeletionStart(id, now)
    this.#begun.set(`${actor.pid} ${id}`, now)
    const starts = [...(this.#starts.get(id) ?? []).filter((at) => now - at < paceWindow), now]
    this.#starts.set(id, starts)
    this.check('no-hot-loop', starts.length <= mostStarts, () => `${starts.length} effects on ${id} in 20 s`)
  }

  /** What failed to be deleted is tried again after 5 s at the earliest, whoever tries it. */
  #onDeletionStart(id: string, now: number): void {
    // A deletion that was tried ends what was counted while it was declared.
    this.revivals.delete(id)
    const last = this.#deletionStarts.get(id)
    this.#deletionStarts.set(id, now)
    if (last === undefined || last < this.lastJump || last < (this.disturbed.get(id) ?? 0)) return
    this.check('deletions-keep-their-pace', now - last > 4_400, () => `${id} again after ${now - last} ms`)
  }

  onEffect(actor: Actor, action: Action): void {
    const setting = this.#setting
    if (!setting) return
    const id = idOf(action)
    const begun = this.#begun.get(`${actor.pid} ${id}`) ?? this.#now()
    if (!('name' in action)) {
      const isLate = this.#now() - begun > 1_000 || actor.lease?.token !== peekToken(setting.disk)
      if (isLate) this.overlapped.add(id)
      return
    }
    checkEffect(setting, actor, { action, id, begun })
    if (action.type === 'delete') checkDeletion(setting, actor, action as ModelAction)
    const edition = actor.readings.at(-1)?.edition.version ?? 0
    this.deeds.push({ id, type: action.type, at: this.#now(), edition })
  }

  afterEffect(_: Actor, action: Action): void {
    const setting = this.#setting
    if (!setting || 'name' in action) return
    checkDispatch(setting, action)
    this.deeds.push({ id: idOf(action), type: action.type, at: this.#now(), edition: 0 })
  }

  afterCommit(actor: Actor, writes: readonly StoreWrite[]): void {
    if (!this.#setting) return
    for (const write of writes) {
      if (write.collection === 'intent-open' && write.type === 'put') {
        this.#decided.set(written<Intent>(write.value).id, this.#now())
      }
    }
    const before = this.shadow.follow(writes)
    checkCommit(this.#setting, actor, { writes, before })
  }

  #now(): number {
    return this.#setting?.time.now ?? 0
  }
}

export function idOf(action: Action): string {
  return 'id' in action ? String(action.id) : ''
}
