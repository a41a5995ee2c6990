import type { WorkflowRun } from '../../clients/github/workflow-run.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import type { Json } from '../../core/store.ts'
import type { RunFailure } from './observed.ts'

/** What was seen of a workflow's runs on a branch, so that an older answer is known to be one. */
export interface SeenRuns {
  readonly newest: { readonly id: number; readonly createdAt: number } | undefined
  /** Since when every reading was without a completed run, epoch milliseconds; undefined: the last was not. */
  readonly emptySince: number | undefined
  /** Of the newest failed run: an attempt that has ended never changes. */
  readonly failure: RunFailure | undefined
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
    const stored = seenOf(await this.#store?.get(`seen/1/${key}`))
    this.#known.set(key, stored)
    return stored
  }

  set(key: string, seen: SeenRuns): void {
    const before = this.#known.get(key)
    if (JSON.stringify(before) === JSON.stringify(seen)) return
    this.#known.set(key, seen)
    this.#unsaved.set(`seen/1/${key}`, JSON.parse(JSON.stringify(seen)) as Json)
  }

  async save(): Promise<void> {
    const entries = new Map(this.#unsaved)
    this.#unsaved.clear()
    await this.#store?.put(entries)
  }
}

function seenOf(value: Json | undefined): SeenRuns {
  const { newest, emptySince, failure } = fieldsOf(value)
  const { id, createdAt } = fieldsOf(newest)
  const { runId, attempt, jobs, job, step } = fieldsOf(failure)
  return {
    newest: typeof id === 'number' && typeof createdAt === 'number' ? { id, createdAt } : undefined,
    emptySince: typeof emptySince === 'number' ? emptySince : undefined,
    failure:
      typeof runId === 'number' && typeof attempt === 'number' && typeof jobs === 'number'
        ? { runId, attempt, jobs, job: textOr(job), step: textOr(step) }
        : undefined,
  }
}

function fieldsOf(value: Json | undefined): Readonly<Record<string, Json | undefined>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json | undefined>>)
    : {}
}

function textOr(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Whether a list is older than what was seen before: it shows nothing as new as that. */
export function isOlder(list: readonly WorkflowRun[], seen: SeenRuns): boolean {
  const [first] = list
  return seen.newest !== undefined && (first?.createdAt ?? 0) < seen.newest.createdAt
}
