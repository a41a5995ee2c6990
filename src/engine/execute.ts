import type { Action } from '../core/action.ts'
import { isErrorOf, messageOf, ReconcileError } from '../core/errors.ts'
import type { LedgerEntry } from '../core/ledger.ts'
import type { Owned } from '../core/ownership.ts'
import type { Observation, Tell } from '../core/reconciler.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import { withDeadline } from './deadline.ts'
import { examine } from './examine.ts'
import { type Finding, isActionable } from './finding.ts'
import { observeKind } from './observe.ts'
import type { Outcome } from './outcome.ts'
import { ownedFields } from './owned-fields.ts'
import { endReplaced, lastingPolicy, settlement } from './record.ts'
import type { Slots } from './slots.ts'
import { reconcilerOf, type World } from './world.ts'
import type { WriteBreaker } from './write-breaker.ts'

/** Told while a pass acts, for progress on a terminal. */
export interface ExecutionListener {
  started?(finding: Finding, action: Action): void
  /** How far an action is that takes its time. */
  progressed?(finding: Finding, progress: string): void
  ended?(outcome: Outcome): void
}

export interface ExecutionOptions {
  readonly slots: Slots
  readonly breaker?: WriteBreaker
  /** Asked when its turn has come, which may be long after it was decided, and after a last reading; default: always. */
  readonly isStillDue?: (finding: Finding) => boolean
  /**
   * Whether it is read and decided anew before anything further that is only due by its own schedule: that takes its
   * time, and a controller must see what people say meanwhile. Default: all that was planned is done.
   */
  readonly pausesInRoutine?: boolean
  readonly listener?: ExecutionListener
}

/**
 * Takes the actions of all findings that nothing holds: what is declared first, then what goes. One resource's
 * actions run one after another and stop at the first that fails; independent resources go on.
 * Rejects only where the lease was lost or the store fails: then nothing more is done at all.
 */
export async function execute(
  world: World,
  findings: readonly Finding[],
  options: ExecutionOptions,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const actionable = findings.filter(isActionable)
  const staying = actionable.filter((finding) => finding.desired)
  const going = actionable.filter((finding) => !finding.desired)
  const first = await executePhase(world, staying, options, signal)
  const absent = await findMissing(world, { staying, going, outcomes: first }, signal)
  // What was to make room for something that then did not come stays where it is.
  const replaced = going.filter(({ successor }) => !successor || !absent.has(successor.id))
  const second = await executePhase(world, replaced, options, signal)
  return [...first, ...second]
}

/** What was acted upon and did not come, of all that something makes room for: its vendor's word alone is not enough. */
async function findMissing(
  world: World,
  decided: {
    readonly staying: readonly Finding[]
    readonly going: readonly Finding[]
    readonly outcomes: readonly Outcome[]
  },
  signal: AbortSignal,
): Promise<ReadonlySet<ResourceId>> {
  const { staying, going, outcomes } = decided
  const failed = new Set(outcomes.filter(({ result }) => result !== 'succeeded').map(({ id }) => id))
  const awaited = new Set(going.map(({ successor }) => successor?.id))
  const acted = staying.filter(({ id }) => awaited.has(id))
  const looked = await Promise.all(
    acted.map(async (finding) => {
      if (failed.has(finding.id)) return [finding.id]
      const seen = (await observeAgain(world, finding, signal))?.readings.get(finding.id)
      return seen?.type === 'present' ? [] : [finding.id]
    }),
  )
  return new Set(looked.flat())
}

async function executePhase(
  world: World,
  findings: readonly Finding[],
  options: ExecutionOptions,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  let failure: { readonly error: unknown } | undefined
  const work = findings.map((finding) =>
    options.slots.take(kindOf(finding.id), async () => {
      if (failure) return []
      try {
        return await executeOne(world, finding, options, signal)
      } catch (error) {
        failure ??= { error }
        return []
      }
    }),
  )
  const outcomes = (await Promise.all(work)).flat()
  if (failure) throw failure.error
  return outcomes
}

/**
 * Takes one resource's actions, each journalled before. An outcome is written together with the next intent, and
 * the last one together with the state that counts it: killed anywhere between, no attempt is forgotten.
 */
async function executeOne(
  world: World,
  finding: Finding,
  options: ExecutionOptions,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const { breaker } = options
  const isDue = () => options.isStillDue?.(finding) !== false
  const isAdmitted = isDue() && breaker?.admits(finding.id) !== false
  try {
    const decided = finding.desired ? finding.actions : undefined
    const actions = isAdmitted ? (decided ?? (await readAgain(world, finding, signal))) : undefined
    if (!actions || !isDue()) return finding.actions.map((action) => superseded(world, finding, action))
    return await takeActions(world, { ...finding, actions }, options, signal)
  } finally {
    breaker?.leave(finding.id)
  }
}

async function takeActions(
  world: World,
  finding: Finding,
  { breaker, listener, pausesInRoutine }: ExecutionOptions,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const action of finding.actions) {
    if (signal.aborted) break
    if (pausesInRoutine === true && outcomes.length > 0 && action.isRoutine === true) break
    const intentId = world.random.id()
    const begunAt = world.clock.now()
    const tried = [...outcomes.map((outcome) => outcome.action), action]
    await world.ledger.commit([
      ...outcomes.slice(-1).flatMap((outcome) => settlement(world, outcome)),
      ...ownershipBefore(world, finding, { begunAt, tried }),
      intentEntry(world, finding, { action, intentId, begunAt }),
    ])
    listener?.started?.(finding, action)
    const tell: Tell = (progress) => listener?.progressed?.(finding, progress)
    const taken = await applyOne(world, finding, { action, intentId, begunAt, tell }, signal)
    const outcome = breaker?.note(taken) ? { ...taken, isToldByDomain: true } : taken
    listener?.ended?.(outcome)
    outcomes.push(outcome)
    if (outcome.result !== 'succeeded') break
  }
  return outcomes
}

/**
 * A deletion rests on a fresh read of that one thing, and acts on what that read found. Undefined: it changed
 * meanwhile, and is decided anew.
 */
async function readAgain(
  world: World,
  finding: Finding,
  signal: AbortSignal,
): Promise<readonly Action[] | undefined> {
  const { id } = finding
  const observation = await observeAgain(world, finding, signal)
  if (!observation) return undefined
  const reading = observation.readings.get(id)
  if (reading?.type !== 'present') return undefined
  const again = examine(world, { ...finding, reading }, { now: observation.observedAt, samples: [] })
  const removed = (actions: readonly Action[]) => actions.reduce((sum, action) => sum + action.removes, 0)
  // More than was decided on would not have been counted against the limit.
  if (again.stance !== finding.stance || removed(again.actions) > removed(finding.actions)) return undefined
  if (again.actions.some((action) => action.blocked)) return undefined
  return again.actions.some((action) => action.verb === 'delete') ? again.actions : undefined
}

/** Reads one thing by itself. Undefined: told to end; nothing is sent, and what else was done is still written down. */
async function observeAgain(
  world: World,
  { id, desired, owned, unconfirmed, resumedAt }: Finding,
  signal: AbortSignal,
): Promise<Observation<unknown> | undefined> {
  const asked = [{ id, desired, owned, unconfirmed, resumedAt }]
  return observeKind(world, kindOf(id), asked, signal).catch((error: unknown) => {
    if (signal.aborted) return undefined
    throw error
  })
}

async function applyOne(
  world: World,
  finding: Finding,
  intended: Intended,
  signal: AbortSignal,
): Promise<Outcome> {
  const { action } = intended
  const what = `${finding.id}: ${action.summary}`
  try {
    const connection = await world.connect(kindOf(finding.id))
    const duration = Math.max(world.deadlines.apply, action.timeLimit ?? 0)
    await withDeadline({ clock: world.clock, duration, what, signal }, (inner) =>
      connection.apply(action, inner, intended.tell),
    )
    return outcomeOf(world, finding, { ...intended, result: 'succeeded' })
  } catch (error) {
    if (isErrorOf(error, 'LeaseLost')) throw error
    // What was cut off by a deadline, a signal or a broken connection may have happened all the same.
    const isUnknown =
      signal.aborted || isErrorOf(error, 'OutcomeUnknown') || isErrorOf(error, 'OperationTimedOut')
    return outcomeOf(world, finding, { ...intended, result: isUnknown ? 'unknown' : 'failed', error })
  }
}

interface Intended {
  readonly action: Action
  readonly intentId: string
  readonly begunAt: number
  readonly tell: Tell
}

function superseded(world: World, finding: Finding, action: Action): Outcome {
  const ended = { action, intentId: undefined, begunAt: world.clock.now(), result: 'superseded' as const }
  return outcomeOf(world, finding, ended)
}

function outcomeOf(
  world: World,
  finding: Finding,
  ended: Pick<Outcome, 'action' | 'intentId' | 'begunAt' | 'result'> & { readonly error?: unknown },
): Outcome {
  const { action, intentId, begunAt, result, error } = ended
  return {
    id: finding.id,
    intentId,
    action,
    result,
    message: error === undefined ? undefined : messageOf(error),
    code: error instanceof ReconcileError ? error.code : undefined,
    begunAt,
    next: error === undefined ? undefined : error instanceof ReconcileError ? error.next : 'retry',
    ...(error instanceof ReconcileError && !error.isAttempt && { isAttempt: false }),
    at: world.clock.now(),
  }
}

function intentEntry(world: World, finding: Finding, intended: Omit<Intended, 'tell'>): LedgerEntry {
  const { action, intentId, begunAt } = intended
  return {
    type: 'intend',
    intent: {
      intentId,
      id: finding.id,
      actionType: action.type,
      verb: action.verb,
      summary: action.summary,
      externalName: externalNameOf(world, finding),
      repeatable: action.repeatable,
      at: begunAt,
    },
  }
}

/**
 * Owning is written before the act: killed in between, the next pass knows what may be ours. The fields are
 * those we set before together with those that we set now, so that none is forgotten whatever becomes of it. What the
 * domain remembers of the reading that decided on the act is written, too: the next reading sees what came of it.
 */
function ownershipBefore(
  world: World,
  finding: Finding,
  { begunAt, tried }: { readonly begunAt: number; readonly tried: readonly Action[] },
): readonly LedgerEntry[] {
  const { desired } = finding
  if (!desired) return []
  const before = finding.ownership
  const owned: Owned = {
    id: finding.id,
    externalName: externalNameOf(world, finding),
    origin: before?.origin ?? (finding.stance === 'adopted' ? 'adopted' : 'created'),
    deletionPolicy: lastingPolicy(desired),
    fields: { ...before?.fields, ...ownedFields(world, desired) },
    memory: Object.assign(
      { ...before?.memory, ...finding.assessment.remember },
      ...tried.map(({ remembers }) => remembers),
    ),
    since: before?.since ?? begunAt,
  }
  return [{ type: 'own', owned }, ...endReplaced(finding)]
}

function externalNameOf(world: World, finding: Finding): string {
  if (finding.desired) return reconcilerOf(world, finding.desired.kind).externalName(finding.desired)
  return finding.owned?.externalName ?? ''
}
