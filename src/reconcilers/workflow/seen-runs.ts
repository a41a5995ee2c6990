import type { WorkflowRun } from '../../clients/github/workflow-run.ts'
import { fieldsOf } from '../../core/fields.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import type { Json } from '../../core/store.ts'
import type { RunFailure } from './observed.ts'

/** What was seen of a workflow's runs on a branch, so that an older answer is known to be one. */
export interface SeenRuns {
  readonly newest: SeenRun | undefined
  /** The newest completed one that counts, which health was judged by. */
  readonly judged: SeenRun | undefined
  /** Until when all runs, of whatever branch, were looked through, by GitHub's clock; undefined: it is not known. */
  readonly lookedUntil: number | undefined
  /** Since when every reading was without a completed run, epoch milliseconds; undefined: the last was not. */
  readonly emptySince: number | undefined
  /** Of the newest failed run: an attempt that has ended never changes. */
  readonly failure: RunFailure | undefined
}

/**
 * A run as far as it only ever goes on. When it was changed last is none of it: GitHub touches runs that have ended, and
 * the index behind some lists need never hear of that.
 */
export interface SeenRun extends Pick<WorkflowRun, 'id' | 'createdAt' | 'attempt'> {
  /** Whether that attempt had ended. */
  readonly hasEnded: boolean
}

export function seenRunOf(run: WorkflowRun): SeenRun {
  const { id, createdAt, attempt, status } = run
  return { id, createdAt, attempt, hasEnded: status === 'completed' }
}

/** Keeps what was seen in memory and in the store, one small entry a workflow. */
export class SeenRunsLog {
  readonly #store: DomainCache | undefined
  readonly #known = new Map<string, SeenRuns>()
  readonly #unsaved = new Map<string, Json>()

  constructor(store: DomainCache | undefined) {
    this.#store = store
  }

  async get(key: string): Promise<SeenRuns> {
    const known = this.#known.get(key)
    if (known) return known
    const stored = seenOf(await this.#store?.get(`seen/3/${key}`))
    this.#known.set(key, stored)
    return stored
  }

  set(key: string, seen: SeenRuns): void {
    const before = this.#known.get(key)
    if (JSON.stringify(before) === JSON.stringify(seen)) return
    this.#known.set(key, seen)
    this.#unsaved.set(`seen/3/${key}`, JSON.parse(JSON.stringify(seen)) as Json)
  }

  async save(): Promise<void> {
    const entries = new Map(this.#unsaved)
    this.#unsaved.clear()
    await this.#store?.put(entries)
  }
}

function seenOf(value: Json | undefined): SeenRuns {
  const { newest, judged, lookedUntil, emptySince, failure } = fieldsOf(value)
  const { runId, attempt, jobs, job, step } = fieldsOf(failure)
  return {
    newest: seenRunIn(newest),
    judged: seenRunIn(judged),
    lookedUntil: typeof lookedUntil === 'number' ? lookedUntil : undefined,
    emptySince: typeof emptySince === 'number' ? emptySince : undefined,
    failure:
      typeof runId === 'number' && typeof attempt === 'number' && typeof jobs === 'number'
        ? { runId, attempt, jobs, job: textOr(job), step: textOr(step) }
        : undefined,
  }
}

function seenRunIn(value: Json | undefined): SeenRun | undefined {
  const { id, createdAt, attempt, hasEnded } = fieldsOf(value)
  return typeof id === 'number' && typeof createdAt === 'number' && typeof attempt === 'number'
    ? { id, createdAt, attempt, hasEnded: hasEnded === true }
    : undefined
}

function textOr(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/**
 * The run by which a list is older than what was seen before: it lacks it, or shows it as it was, and shows nothing newer;
 * undefined: none. `completed` is the one of the list that health would be judged by; what was made before `reach` need
 * not be in it.
 */
export function missedBy(
  found: {
    readonly list: readonly WorkflowRun[]
    readonly completed: WorkflowRun | undefined
    readonly reach: number | undefined
  },
  { newest, judged }: SeenRuns,
): SeenRun | undefined {
  const { list, completed, reach = Number.NEGATIVE_INFINITY } = found
  const [first] = list
  // What came after it may have pushed it off the list, and nothing else.
  if (newest && newest.createdAt > reach && (first?.createdAt ?? 0) < newest.createdAt) return newest
  if (newest && first?.id === newest.id && isBehind(first, newest)) return newest
  if (!judged || (completed && completed.createdAt > judged.createdAt)) return undefined
  const shown = list.find(({ id }) => id === judged.id)
  return shown && isBehind(shown, judged) ? judged : undefined
}

/** Whether a run is shown as it was before: attempts follow one another, and one that has ended does not go on. */
export function isBehind(shown: WorkflowRun, seen: SeenRun): boolean {
  if (shown.attempt !== seen.attempt) return shown.attempt < seen.attempt
  return seen.hasEnded && shown.status !== 'completed'
}
