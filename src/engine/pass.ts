import type { Declaration } from '../core/declaration.ts'
import type { LedgerEntry, LedgerView, ResourceState } from '../core/ledger.ts'
import type { Stray } from '../core/ownership.ts'
import type { Plan } from '../core/plan.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import { confirm } from './confirm.ts'
import { warningsOf } from './deny.ts'
import { examine } from './examine.ts'
import { type ExecutionOptions, execute } from './execute.ts'
import type { Finding, Subject } from './finding.ts'
import { partWithFormer } from './former.ts'
import { guard } from './guard.ts'
import { observe } from './observe.ts'
import { order } from './order.ts'
import { outageEvents } from './outage.ts'
import type { Outcome } from './outcome.ts'
import { chooseScope, movedRows, pairUp, type Scope } from './pair.ts'
import type { Permit } from './permit.ts'
import { toPlan } from './plan.ts'
import { isForgotten, recordOf, recordOfLeftovers } from './record.ts'
import { samplePass } from './sample-pass.ts'
import { findStrays, recordStrays } from './strays.ts'
import { summarise } from './summarise.ts'
import type { World } from './world.ts'
import type { WriteBreaker } from './write-breaker.ts'

export interface PassRequest {
  readonly declaration: Declaration
  /** Undefined: the whole fleet. A selection prunes nothing, unless `prune` says so. */
  readonly selection: ReadonlySet<ResourceId> | undefined
  /** Whether what is no longer declared is part of the pass; default: where the whole fleet is. */
  readonly prune?: boolean
  /** Prunes things of this kind alone; undefined: of all kinds. */
  readonly kind?: string
  /** Whether dependencies outside the selection are read too, or believed as they were last seen. */
  readonly readDependencies?: boolean
  readonly allowedDeletions: number | undefined
  /** What alone may be done; default: all that is due. */
  readonly permit?: Permit | undefined
  /** What is known of domains whose writes all fail; default: nothing. */
  readonly breaker?: WriteBreaker
  /** Whether somebody acts on it, so that what is written of it is not true any more. Default: on none. */
  readonly isBusy?: (id: ResourceId) => boolean
}

/** A plan with what it was made from. */
export interface Draft {
  /** Made when it is first asked for: a controller looks at findings and prints no plan. */
  readonly plan: Plan
  readonly findings: readonly Finding[]
  readonly view: LedgerView
  /** What bears our mark and is neither declared nor owned, by kind. */
  readonly strays: ReadonlyMap<string, readonly Stray[]>
  /** What a pass writes before it does anything: things that have another outside name now. */
  readonly renames: readonly LedgerEntry[]
  readonly declaration: Declaration
  readonly now: number
  /** Monotonic milliseconds at which it was begun. */
  readonly begunAt: number
  readonly isWhole: boolean
  /** Whether what is not declared may be forgotten: all manifests were read, and there are some. */
  readonly mayForget: boolean
  readonly breaker: WriteBreaker | undefined
}

export interface PassResult extends Draft {
  readonly outcomes: readonly Outcome[]
  readonly states: ReadonlyMap<ResourceId, ResourceState>
}

/** Reads, compares and decides; changes nothing. A dry run ends here. */
export async function draftPass(world: World, request: PassRequest, signal: AbortSignal): Promise<Draft> {
  const { declaration, selection } = request
  const begunAt = world.clock.monotonic()
  const isWhole = selection === undefined && declaration.isWhole
  const stored = await world.ledger.load()
  const isBusy = request.isBusy ?? (() => false)
  const parted = { now: world.clock.now(), kind: request.kind, isBusy }
  const renamed = partWithFormer(world, declaration, stored, parted)
  const { view } = renamed
  request.breaker?.learn(view)
  const scope = chooseScope(declaration, view, selection, {
    prune: (request.prune ?? isWhole) && declaration.isWhole,
    readDependencies: request.readDependencies ?? true,
    kind: request.kind,
  })
  const observations = await observe(world, { declaration, view, scope }, signal)
  const now = world.clock.now()
  const strays = findStrays(world, declaration, view, { observations, now })
  const subjects = pairUp(world, { declaration, view, scope, observations, now })
  const judge = (subject: Subject, at: number) =>
    examine(world, subject, {
      now: at,
      samples: view.recentSamples.get(subject.id) ?? [],
      isDown: view.isDown,
    })
  const isEmptied = declaration.resources.length === 0 && request.allowedDeletions === undefined
  const mayForget = declaration.isComplete && !isEmptied
  const confirmed = await confirm(world, subjects, { judge, now, mayForget, signal })
  const guarded = guard(confirmed, {
    view,
    fleet: declaration.fleet,
    missing: declaration.missing,
    isComplete: declaration.isComplete,
    isAnythingDeclared: declaration.resources.length > 0,
    allowedDeletions: request.allowedDeletions,
    isBusy,
    otherRemovals: countOtherRemovals(world, declaration, view, scope),
    refusalOf: (kind) => request.breaker?.refusalOf(kind),
    judge: declaration.judge,
    permit: request.permit,
    now,
  })
  const findings = order(guarded)
  let plan: Plan | undefined
  return {
    get plan() {
      plan ??= toPlan(world, findings, {
        view,
        now,
        chance: 0,
        strays: [...strays.values()].flat(),
        warnings: warningsOf(findings, declaration.judge, now),
      })
      return plan
    },
    findings,
    view,
    strays,
    renames: renamed.entries,
    declaration,
    now,
    begunAt,
    isWhole,
    mayForget,
    breaker: request.breaker,
  }
}

/** One pass, whole: what the draft decided is done, judged and written down. */
export async function runPass(
  world: World,
  request: PassRequest,
  execution: ExecutionOptions,
  signal: AbortSignal,
): Promise<PassResult> {
  const draft = await draftPass(world, request, signal)
  await recordRenames(world, draft)
  const outcomes = await execute(world, draft.findings, execution, signal)
  return concludePass(world, draft, { findings: draft.findings, outcomes, isFirst: true })
}

/** Whose outside name changed is written down before anything is done, or its new row would take the place of the old. */
export async function recordRenames({ ledger }: World, { renames }: Draft): Promise<void> {
  if (renames.length > 0) await ledger.commit(renames)
}

/** Summarises and persists what became of some or all findings of a draft; the confirmation is the next reading. */
export async function concludePass(
  world: World,
  draft: Draft,
  concluded: {
    readonly findings: readonly Finding[]
    readonly outcomes: readonly Outcome[]
    /** Whether nothing of this draft was concluded yet: then it is told which domains could be read. */
    readonly isFirst: boolean
  },
): Promise<PassResult> {
  const { view, declaration, mayForget } = draft
  const { findings } = concluded
  const now = world.clock.now()
  const states = new Map<ResourceId, ResourceState>()
  const outcomesOf = Map.groupBy(concluded.outcomes, ({ id }) => id)
  const entries = findings.flatMap((finding) => {
    const outcomes = outcomesOf.get(finding.id) ?? []
    const state = summarise(finding, outcomes, { view, now, chance: world.random.next() })
    if (!finding.isContext && !isForgotten(finding, mayForget)) states.set(finding.id, state)
    return recordOf(world, finding, { state, outcomes, view, now, mayForget })
  })
  const leftovers = draft.isWhole && mayForget ? recordOfLeftovers(declaration, view) : []
  const outages = concluded.isFirst
    ? outageEvents(draft.findings, view, { declared: idsOf(declaration), now })
    : []
  const measured = concluded.isFirst ? await samplePass(world, draft) : []
  const strays = concluded.isFirst ? recordStrays(view.strays, draft.strays, now) : []
  await commitWithNews(world, draft, [...leftovers, ...entries, ...outages, ...strays, ...measured])
  return {
    get plan() {
      return draft.plan
    },
    findings,
    outcomes: concluded.outcomes,
    states,
    view,
    strays: draft.strays,
    renames: draft.renames,
    declaration,
    now: draft.now,
    begunAt: draft.begunAt,
    isWhole: draft.isWhole,
    mayForget,
    breaker: draft.breaker,
  }
}

/** Writes it down together with what is to be told of a domain: whoever comes first takes that along. */
async function commitWithNews(
  { ledger }: World,
  { breaker }: Draft,
  entries: readonly LedgerEntry[],
): Promise<void> {
  const news = breaker?.takeNews() ?? []
  if (entries.length + news.length === 0) return
  try {
    await ledger.commit([...entries, ...news])
  } catch (error) {
    breaker?.putBack(news)
    throw error
  }
}

function idsOf({ resources }: Declaration): ReadonlySet<ResourceId> {
  return new Set(resources.map(({ id }) => id))
}

/** What a draft says of each resource, where nothing is to be done about it. */
export function statesOf({ findings, view, now }: Draft): ReadonlyMap<ResourceId, ResourceState> {
  const shown = findings.filter((finding) => !finding.isContext)
  return new Map(shown.map((finding) => [finding.id, summarise(finding, [], { view, now, chance: 0 })]))
}

/** Deletions that are due but not in this scope: the limit is the fleet's, however the work is cut up. */
function countOtherRemovals(world: World, declaration: Declaration, view: LedgerView, scope: Scope): number {
  const inScope = new Set(scope.targets)
  const declared = new Set(declaration.resources.map((resource) => resource.id))
  const moved = movedRows(world, declaration, view).takenFrom
  return [...view.inventory.values()].filter((owned) => {
    if (inScope.has(owned.id) || declared.has(owned.id) || moved.has(owned.id)) return false
    const policy =
      owned.deletionPolicy ?? world.reconcilers.get(kindOf(owned.id))?.deletionDefault[owned.origin]
    return policy === 'Delete'
  }).length
}
