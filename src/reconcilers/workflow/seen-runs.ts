import type { WorkflowRun } from '../../clients/github/workflow-run.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import type { Json } from '../../core/store.ts'
import type { RunFailure } from './observed.ts'

/** What was seen of a workflow's runs on a branch, so that an older answer is known to be one. */
export interface SeenRuns {
  readonly newest: SeenRun | undefined
  /** The newest completed one that counts, which health was judged by. */
  readonly judged: SeenRun | undefined
  /** Since when every reading was without a completed run, epoch milliseconds; undefined: the last was not. */
  readonly emptySince: number | undefined
  /** Of the newest failed run: an attempt that has ended never changes. */
  readonly failure: RunFailure | undefined
}

/** A run as far as it only ever grows. */
export type SeenRun = Pick<WorkflowRun, 'id' | 'createdAt' | 'attempt' | 'updatedAt'>

export function seenRunOf(run: WorkflowRun | undefined): SeenRun | undefined {
  return run && { id: run.id, createdAt: run.createdAt, attempt: run.attempt, updatedAt: run.updatedAt }
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
    const stored = seenOf(await this.#store?.get(`seen/2/${key}`))
    this.#known.set(key, stored)
    return stored
  }

  set(key: string, seen: SeenRuns): void {
    const before = this.#known.get(key)
    if (JSON.stringify(before) === JSON.stringify(seen)) return
    this.#known.set(key, seen)
    this.#unsaved.set(`seen/2/${key}`, JSON.parse(JSON.stringify(seen)) as Json)
  }

  async save(): Promise<void> {
    const entries = new Map(this.#unsaved)
    this.#unsaved.clear()
    await this.#store?.put(entries)
  }
}

function seenOf(value: Json | undefined): SeenRuns {
  const { newest, judged, emptySince, failure } = fieldsOf(value)
  const { runId, attempt, jobs, job, step } = fieldsOf(failure)
  return {
    newest: seenRunIn(newest),
    judged: seenRunIn(judged),
    emptySince: typeof emptySince === 'number' ? emptySince : undefined,
    failure:
      typeof runId === 'number' && typeof attempt === 'number' && typeof jobs === 'number'
        ? { runId, attempt, jobs, job: textOr(job), step: textOr(step) }
        : undefined,
  }
}

function seenRunIn(value: Json | undefined): SeenRun | undefined {
  const { id, createdAt, attempt, updatedAt } = fieldsOf(value)
  return typeof id === 'number' &&
    typeof createdAt === 'number' &&
    typeof attempt === 'number' &&
    typeof updatedAt === 'number'
    ? { id, createdAt, attempt, updatedAt }
    : undefined
}

function fieldsOf(value: Json | undefined): Readonly<Record<string, Json | undefined>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json | undefined>>)
    : {}
}

function textOr(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The run by which a list is older than what was seen before: it lacks it, or shows it as it was; undefined: none. */
export function missedBy(list: readonly WorkflowRun[], { newest, judged }: SeenRuns): SeenRun | undefined {
  const [first] = list
  // What came after it may have pushed it off the list, and nothing else.
  if (newest && (first?.createdAt ?? 0) < newest.createdAt) return newest
  return [newest, judged].find((seen) => {
    const shown = seen && list.find(({ id }) => id === seen.id)
    return seen && shown && isBehind(shown, seen)
  })
}

/** Whether a run is shown as it was before: attempts and times of change only grow. */
export function isBehind(shown: WorkflowRun, seen: SeenRun): boolean {
  return shown.attempt < seen.attempt || (shown.attempt === seen.attempt && shown.updatedAt < seen.updatedAt)
}
