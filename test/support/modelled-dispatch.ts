import type { Action } from '../../src/core/action.ts'
import type { Intent } from '../../src/core/intent.ts'
import type { Assessment, Connection, Pair, Reading, Reconciler } from '../../src/core/reconciler.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import { type ModelContext, staleBound } from './model-context.ts'
import { observeModel, takeEffect, watchModel } from './modelled-connection.ts'
import type { Run } from './modelled-world.ts'

/** Wants one run of a workflow for a revision, and no second one. */
export interface DispatchSpec {
  readonly workflow?: string
  readonly revision: string
}

export interface DispatchAction extends Action {
  readonly id: ResourceId
  readonly workflow: string
  readonly revision: string
}

/** What a list showed, and when that was asked for. */
export interface SeenRuns {
  readonly runs: readonly Run[]
  /** Epoch milliseconds, by the clock that intents are dated with. */
  readonly readAt: number
}

type DispatchPair = Pair<DispatchSpec, SeenRuns>

/**
 * Kind `Dispatch`: the vendor names what is made, and asking twice makes two. What was asked for and is not seen
 * yet is looked for until the list can no longer be that old.
 */
export function dispatchReconciler(
  context: ModelContext,
): Reconciler<DispatchSpec, SeenRuns, DispatchAction> {
  return {
    kind: 'Dispatch',
    identity: 'assigned',
    defaultInterval: 10_000,
    defaultConcurrency: 2,
    deletionDefault: { created: 'Orphan', adopted: 'Orphan' },
    canBeFallback: false,
    leavesMark: false,
    externalName: (desired) => desired.spec.workflow ?? desired.name,
    validate: async () => undefined,
    fields: (desired) => ({ revision: { value: desired.spec.revision, sensitive: false } }),
    claim: () => ({ mark: undefined, isMarkAlive: false, matches: true, differs: [] }),
    diff: diffDispatch,
    assess: assessDispatch,
    connect: async () => connectDispatch(context),
  }
}

function diffDispatch(pair: DispatchPair): readonly DispatchAction[] {
  const { desired, observed } = pair
  if (!desired || runOf(pair)) return []
  const isOpen = pair.unconfirmed.some((intent) => !isAnswered(intent, observed))
  const { revision } = desired.spec
  const workflow = desired.spec.workflow ?? desired.name
  return [
    {
      id: pair.id,
      type: 'dispatch',
      verb: 'create',
      summary: `dispatch ${workflow} for ${revision}`,
      reason: 'no run',
      changes: [],
      repeatable: false,
      removes: 0,
      isRecovery: false,
      workflow,
      revision,
      ...(isOpen && {
        blocked: { reason: 'UnconfirmedOutcome' as const, message: 'a dispatch may have happened' },
      }),
    },
  ]
}

/** Whether a list that is young enough has shown what became of it. */
function isAnswered(intent: Intent, observed: SeenRuns | undefined): boolean {
  return observed !== undefined && observed.readAt - intent.at > 2 * staleBound
}

/** What was seen once has happened, whatever an older list shows later. */
function runOf({ desired, observed, owned }: DispatchPair): Pick<Run, 'number' | 'revision'> | undefined {
  const revision = desired?.spec.revision
  const { seen, number } = owned?.memory ?? {}
  if (revision !== undefined && seen === revision) return { revision, number: Number(number) }
  return observed?.runs.find((run) => run.revision === revision)
}

function assessDispatch(pair: DispatchPair): Assessment<DispatchAction> {
  const run = runOf(pair)
  const open = pair.unconfirmed.filter((intent) => !run && !isAnswered(intent, pair.observed))
  const resolved = pair.unconfirmed.filter((intent) => !open.includes(intent))
  const isOpen = open.length > 0
  return {
    status: run ? 'Healthy' : isOpen ? 'Progressing' : 'Missing',
    reason: run ? 'Ran' : isOpen ? 'Unconfirmed' : 'NotRun',
    message: run ? `run ${run.number}` : 'no run',
    remedy: undefined,
    recheckAfter: isOpen ? 1_000 : undefined,
    measurements: {},
    children: [],
    remember: run && { seen: run.revision, number: run.number },
    resolvedIntents: resolved.map((intent) => intent.intentId),
  }
}

function connectDispatch(context: ModelContext): Connection<DispatchSpec, SeenRuns, DispatchAction> {
  const { world, clock } = context
  return {
    observe(wanted, signal) {
      const readAt = clock.now()
      return observeModel(
        context,
        { kind: 'Dispatch', wanted, signal, isOneFresh: false },
        (snapshot, one): Reading<SeenRuns> => {
          const workflow = one.desired?.spec.workflow ?? one.desired?.name ?? one.owned?.externalName
          const runs = snapshot.runs.filter((run) => run.workflow === workflow)
          const value = { runs, readAt }
          return runs.length > 0 ? { type: 'present', value } : { type: 'absent', value }
        },
      )
    },
    apply: (action, signal) =>
      takeEffect(context, action, signal, () => () => {
        world.dispatch(action.workflow, action.revision)
        return undefined
      }),
    watch: (wake) => watchModel(context, (name) => wake(`Dispatch/${name}` as ResourceId)),
    close: async () => undefined,
  }
}
