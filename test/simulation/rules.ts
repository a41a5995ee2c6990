import type { Action } from '../../src/core/action.ts'
import type { Intent } from '../../src/core/intent.ts'
import type { StoreWrite } from '../../src/core/store.ts'
import type { DispatchAction } from '../support/modelled-dispatch.ts'
import type { ModelAction } from '../support/modelled-domain.ts'
import type { Actor } from './actor.ts'
import { checkCommit } from './commit-rules.ts'
import { checkDeletion, checkStillDue } from './deletion-rules.ts'
import { checkDispatch, checkEffect } from './effect-rules.ts'
import { Stability } from './fallback-rules.ts'
import { LeaseWatch } from './lease-rules.ts'
import { OutageEvents } from './outage-rules.ts'
import { peekIntents, peekToken, written } from './peek.ts'
import type { Setting } from './setting.ts'
import { Shadow } from './shadow.ts'
import { slack } from './slack.ts'

/** A rival is met three times at once, and then after 1, 2, 4 and 8 s: not more often than this in 20 s. */
const mostCorrections = 10

/** More effects than this on one resource in 20 s, without anybody changing anything, are a hot loop. */
const mostStarts = 14
const paceWindow = 20_000

/** What is checked while faults go on. */
export const safetyRules = [
  'a-deletion-is-still-due',
  'a-living-holder-keeps-the-lease',
  'a-pass-ends-in-time',
  'a-pass-looks-at-what-it-did',
  'a-selection-prunes-nothing',
  'a-stop-ends',
  'an-outage-is-told',
  'an-outage-is-two-events',
  'asked-passes-are-answered',
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
  'fallbacks-do-not-flap',
  'fallbacks-in-order',
  'fleet-down',
  'forgets-no-field-that-is-there',
  'forgets-only-what-is-gone',
  'healthy-means-running',
  'hears-what-it-is-told',
  'independent-resources-go-on',
  'intent-before-effect',
  'its-own-clock-ends-a-lease',
  'no-hot-loop',
  'no-rival-is-touched',
  'nothing-foreign-is-touched',
  'nothing-is-made-twice',
  'nothing-undeclared-is-touched',
  'observe-only',
  'only-the-holder-acts',
  'only-the-holder-writes',
  'outages-are-met-at-a-pace',
  'outside-its-window',
  'rivals-are-met-at-a-pace',
  'standby-stands-by',
  'suspended-by-command',
  'suspended-by-manifest',
  'takes-back-only-what-is-there',
  'tells-only-of-what-came-back',
  'the-old-stays-until-the-new-is-there',
  'unread-is-not-healthy',
] as const

/** `dry-run-changes-nothing` and `engine-never-breaks` are checked by being told of a breach. */
type Rule =
  | (typeof safetyRules)[number]
  | 'dry-run-changes-nothing'
  | 'engine-never-breaks'
  | 'a-no-op-writes-nothing'
  | 'converges'
  | 'stays-converged'

export interface Violation {
  readonly rule: Rule
  readonly message: string
  readonly at: number
}

/** So many deletions that people said are meant, for as long as they wait for them. */
export interface Allowance {
  readonly count: number
  readonly from: number
  until: number
}

/** An effect that happened. */
export interface Deed {
  readonly id: string
  readonly type: string
  readonly at: number
  readonly edition: number
  /** Whether the manifests were found empty, whatever their edition says: that is another word of theirs. */
  readonly isEmptied: boolean
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
  /** Virtual time at which the inventory last forgot a thing of that outside name, by name. */
  readonly lastOwned = new Map<string, number>()
  /** Outside names of what was made although its vendor said that it was not, or not yet. */
  readonly denied = new Set<string>()
  /** Numbers of things of people that their vendor brought back under a name that was ours by then. */
  readonly replaced = new Set<number>()
  /** Outside names of what was left on purpose when the inventory forgot it, and was not owned since. */
  readonly leftOnPurpose = new Set<string>()
  /** Virtual time of the last change of a resource by people, by id. */
  readonly disturbed = new Map<string, number>()
  /** Since when and until what wall time a person suspends it by command, by id. */
  readonly suspended = new Map<string, { readonly since: number; readonly until: number | undefined }>()
  /** Deletions that somebody allowed beyond the limit, and until what virtual time. */
  readonly allowances: Allowance[] = []
  readonly lease = new LeaseWatch()
  readonly outages = new OutageEvents()
  readonly stability = new Stability()
  /** While nothing changes any more, so that nothing new may be written down: of whom that cannot be said. */
  unsettled: ReadonlySet<string> | undefined
  /** The wall time at which each was last resumed, by id. */
  readonly resumedAt = new Map<string, number>()
  /** Since when a thing bears a rival's mark, by outside name. */
  readonly rivalSince = new Map<string, number>()
  downSince: number | undefined
  /** When people last resumed a fleet that was down. */
  lastUp = Number.NEGATIVE_INFINITY
  lastJump = Number.NEGATIVE_INFINITY
  /** The last jump ahead of the clock. */
  lastLeap = Number.NEGATIVE_INFINITY
  /** When people last changed or resumed anything. */
  lastWord = Number.NEGATIVE_INFINITY
  /** Workflows whose effect was begun under one lease and happened under another: nothing can exclude that. */
  readonly overlapped = new Set<string>()
  /** By id: the times at which recovery was tried with effect since the attempts were forgotten. */
  readonly revivals = new Map<string, number[]>()
  readonly #starts = new Map<string, number[]>()
  readonly #corrections = new Map<string, readonly number[]>()
  readonly #deletionStarts = new Map<string, number>()
  readonly #begun = new Map<string, number>()
  /** By id: when the reading on which its newest intent rests was begun. */
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

  expire(allowance: Allowance): void {
    allowance.until = Math.min(allowance.until, this.#now())
  }

  /** What anybody allowed within the last `span` ms. */
  allowedWithin(span: number): readonly Allowance[] {
    return this.allowances.filter(({ count, until }) => count > 0 && until >= this.#now() - span)
  }

  /** Whether a person suspended it by command long enough ago for everybody to know, and it is not over. */
  isSuspended(id: string): boolean {
    const suspension = this.suspended.get(id)
    return suspension !== undefined && this.isKept(suspension.since, suspension.until)
  }

  /** Whether a suspension since then and until then is known to everybody. */
  isKept(since: number, until: number | undefined): boolean {
    const setting = this.#setting
    if (!setting || this.#now() - since < slack) return false
    return until === undefined || (until > setting.wall() && this.#now() - this.lastJump > slack)
  }

  /** People changed it: what it did before says nothing of what it does now. */
  disturb(id: string): void {
    this.lastWord = this.#now()
    this.disturbed.set(id, this.#now())
    this.#starts.delete(id)
    this.beginAnew(id)
  }

  /** What was tried was forgotten with its state, or is of another thing: whatever bears its id from now on begins anew. */
  beginAnew(id: string): void {
    this.#corrections.delete(id)
    this.revivals.delete(id)
  }

  /** It was judged as declared: that it goes once more is another decision, and not the last one tried again. */
  noteDeclared(id: string): void {
    this.#deletionStarts.delete(id)
  }

  /** Whether people changed it since the reading began on which the newest intent on it rests. */
  wasOverruled(id: string): boolean {
    return (this.#decided.get(id) ?? 0) <= (this.disturbed.get(id) ?? Number.NEGATIVE_INFINITY)
  }

  /**
   * Whether a person resumed it at a time that is still to come: the clock was set back since, and nothing tells what
   * was tried before that from what was tried after it.
   */
  isResumedInFuture(id: string): boolean {
    return (this.resumedAt.get(id) ?? 0) > (this.#setting?.wall() ?? 0)
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
    if (action.verb === 'delete') {
      const intent = intents.find((one) => one.id === id && one.verb === 'delete')
      // Who is paused between the two begins late, and whoever follows knows only when he meant to.
      this.#onDeletionStart(
        id,
        now,
        Math.min(now, (intent?.at ?? Number.POSITIVE_INFINITY) - setting.wall() + now),
      )
    } else this.noteDeclared(id)
    if (action.type === 'update') this.#onCorrectionStart(id, now)
    this.#begun.set(`${actor.pid} ${id}`, now)
    const starts = [...(this.#starts.get(id) ?? []).filter((at) => now - at < paceWindow), now]
    this.#starts.set(id, starts)
    this.check('no-hot-loop', starts.length <= mostStarts, () => `${starts.length} effects on ${id} in 20 s`)
  }

  #onCorrectionStart(id: string, now: number): void {
    // A clock that is set ahead ends every wait.
    const counted = (at: number) => now - at < paceWindow && at >= this.lastLeap + slack
    const corrections = [...(this.#corrections.get(id) ?? []).filter(counted), now]
    this.#corrections.set(id, corrections)
    this.check(
      'rivals-are-met-at-a-pace',
      corrections.length <= mostCorrections,
      () => `${corrections.length} corrections of ${id} in 20 s`,
    )
  }

  /** What failed to be deleted is tried again after 5 s at the earliest, whoever tries it. */
  #onDeletionStart(id: string, now: number, meantAt: number): void {
    // A deletion that was tried ends what was counted while it was declared.
    this.beginAnew(id)
    const last = this.#deletionStarts.get(id)
    this.#deletionStarts.set(id, meantAt)
    // A clock that is set ahead ends every wait.
    if (last === undefined || last < this.lastLeap + slack || last < (this.disturbed.get(id) ?? 0)) return
    this.check('deletions-keep-their-pace', now - last > 4_400, () => `${id} again after ${now - last} ms`)
  }

  onEffect(actor: Actor, action: Action): void {
    const setting = this.#setting
    if (!setting) return
    const id = idOf(action)
    const begun = this.#begun.get(`${actor.pid} ${id}`) ?? this.#now()
    if (!('name' in action)) {
      const isLate = this.#now() - begun > 1_000 || actor.lease?.token !== peekToken(setting.disk)
      if (isLate) this.overlapped.add((action as DispatchAction).workflow)
      return
    }
    checkEffect(setting, actor, { action, id, begun })
    if (action.type === 'delete') {
      checkDeletion(setting, actor, action as ModelAction)
      // It was not declared: what is made under its name from now on is another one.
      this.#starts.delete(id)
      this.#corrections.delete(id)
    }
    const reading = actor.readings.at(-1)
    const edition = reading?.edition.version ?? 0
    const isEmptied = reading?.declaration.resources.length === 0
    this.deeds.push({ id, type: action.type, at: this.#now(), edition, isEmptied })
  }

  afterEffect(_: Actor, action: Action): void {
    const setting = this.#setting
    if (!setting || 'name' in action) return
    checkDispatch(setting, action)
    this.deeds.push({ id: idOf(action), type: action.type, at: this.#now(), edition: 0, isEmptied: false })
  }

  /** `token` is that of whoever held the lease when it took effect. */
  afterCommit(
    actor: Actor,
    { writes, token }: { readonly writes: readonly StoreWrite[]; readonly token: number },
  ): void {
    if (!this.#setting) return
    for (const write of writes) {
      if (write.collection === 'intent-open' && write.type === 'put') {
        const intent = written<Intent>(write.value)
        this.#decided.set(intent.id, actor.readingBegan.get(intent.id) ?? this.#now())
        if (intent.verb === 'delete') checkStillDue(this.#setting, actor, intent.id)
      }
    }
    this.lease.follow(this.#setting, actor, writes)
    this.outages.follow(this.#setting, writes)
    const before = this.shadow.follow(writes)
    checkCommit(this.#setting, actor, { writes, before, token })
  }

  #now(): number {
    return this.#setting?.time.now ?? 0
  }
}

export function idOf(action: Action): string {
  return 'id' in action ? String(action.id) : ''
}
