import type { Declaration } from '../core/declaration.ts'
import type { Duration } from '../core/duration.ts'
import type { ResourceState } from '../core/ledger.ts'
import type { ResourceId } from '../core/resource.ts'
import type { ExecutionListener } from './execute.ts'
import type { Outcome } from './outcome.ts'
import { concludePass, draftPass, type PassRequest, type PassResult, runPass } from './pass.ts'
import { findPending, nextLook } from './pending.ts'
import type { Permit } from './permit.ts'
import { Slots } from './slots.ts'
import { reconcilerOf, type World } from './world.ts'
import { WriteBreaker } from './write-breaker.ts'

export interface SettleRequest {
  readonly declaration: Declaration
  readonly selection: ReadonlySet<ResourceId> | undefined
  readonly allowedDeletions: number | undefined
  /** What alone may be done, each once; default: all that is due. */
  readonly permit?: Permit
  /** False: act once, look once more, and do not wait for health. */
  readonly wait: boolean
  /** How long to wait for health; default of the command line 2 min. */
  readonly timeout: Duration
  readonly listener?: SettleListener
}

export interface SettleListener extends ExecutionListener {
  /** After every round: what it found, and for whom it still waits. */
  round?(result: PassResult, pending: ReadonlySet<ResourceId>): void
}

export interface SettleResult {
  /** The last round. */
  readonly last: PassResult
  /** The first round's plan is what was asked for; the rest followed from it. */
  readonly first: PassResult
  readonly outcomes: readonly Outcome[]
  readonly states: ReadonlyMap<ResourceId, ResourceState>
  /** Those that were still on their way when the time was over. */
  readonly pending: ReadonlySet<ResourceId>
}

/** Rounds follow each other at most this fast and at least this often, in ms; a probe or a start-up sets the pace. */
const pace = { least: 20, most: 1000 } as const

/**
 * Runs passes until nothing is left that waiting could change, or the time is over: a dependant starts in the
 * round after its dependency became healthy, a revival follows its back-off. A round that is under way when the time is
 * over is finished, and what it did is looked at once more.
 */
export async function settle(
  world: World,
  request: SettleRequest,
  signal: AbortSignal,
): Promise<SettleResult> {
  const { declaration, selection, allowedDeletions, permit, listener } = request
  const slots = new Slots(
    (kind) => declaration.fleet.concurrency[kind] ?? reconcilerOf(world, kind).defaultConcurrency,
  )
  const breaker = new WriteBreaker(world.clock, () => world.random.next())
  const asked = { declaration, selection, allowedDeletions, permit, breaker }
  const end = world.clock.monotonic() + request.timeout
  const outcomes: Outcome[] = []
  const states = new Map<ResourceId, ResourceState>()
  let first: PassResult | undefined
  let isLook = false
  for (;;) {
    const result = isLook
      ? await lookOnce(world, asked, signal)
      : await runPass(world, asked, { slots, breaker, ...(listener && { listener }) }, signal)
    first ??= result
    outcomes.push(...result.outcomes)
    permit?.use(result.outcomes)
    for (const { id } of result.findings) states.delete(id)
    for (const [id, state] of result.states) states.set(id, state)
    const now = world.clock.now()
    const left = end - world.clock.monotonic()
    const pending = findPending(result.findings, result.outcomes, {
      states: new Map([...result.view.states, ...states]),
      resources: declaration.resources,
      now,
      until: now + left,
    })
    listener?.round?.(result, pending)
    const mayGoOn = request.wait && left > 0
    const hasActed = result.outcomes.some((outcome) => outcome.result !== 'superseded')
    // What was done is never told without having been looked at, though doing it took longer than there was time.
    const isConfirmed = isLook || (request.wait ? !hasActed : result.outcomes.length === 0)
    if (pending.size === 0 || (!mayGoOn && isConfirmed))
      return { first, last: result, outcomes, states, pending }
    isLook = !mayGoOn
    const relevant = result.findings.filter((finding) => pending.has(finding.id))
    const rest = hasActed ? pace.least : nextLook(relevant, now, pace)
    await world.clock.sleep(Math.min(rest, Math.max(0, left)), signal)
  }
}

/** The last look of a pass that waits no longer: it confirms what was done and does nothing. */
async function lookOnce(world: World, asked: PassRequest, signal: AbortSignal): Promise<PassResult> {
  const draft = await draftPass(world, asked, signal)
  return concludePass(world, draft, { findings: draft.findings, outcomes: [], isFirst: true })
}
