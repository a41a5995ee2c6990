import type { ProcessIdentity } from '../../../clients/host/process-identity.ts'
import type { Duration } from '../../../core/duration.ts'
import { isFields } from '../../../core/fields.ts'

/** How one run of a check ended. Times in epoch milliseconds. */
export interface CheckRun {
  readonly startedAt: number
  readonly endedAt: number
  /** By a clock that is never set, in milliseconds. */
  readonly duration: Duration
  readonly end: 'exited' | 'timed-out' | 'interrupted'
  /** Undefined where a signal ended it. */
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  readonly hasLeftBehind: boolean
}

/** A run that was begun and whose end is not written. */
export interface BegunRun extends ProcessIdentity {
  readonly startedAt: number
  /** When it is ended at the latest. */
  readonly until: number
}

/** What is remembered of one check. */
export interface CheckRecord {
  readonly begun: BegunRun | undefined
  /** Oldest first, bounded. */
  readonly runs: readonly CheckRun[]
}

export const noRecord: CheckRecord = Object.freeze({ begun: undefined, runs: [] })

/** So many runs of a check are kept. */
export const keptRuns = 50

/** Reads what was written of a record; what is damaged is an empty one: then the inventory's memory speaks. */
export function parseRecord(text: string): CheckRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return noRecord
  }
  if (!isFields(value)) return noRecord
  const runs = Array.isArray(value.runs) ? value.runs : []
  return { begun: begunOf(value.begun), runs: runs.flatMap((run: unknown) => runOf(run) ?? []) }
}

function begunOf(value: unknown): BegunRun | undefined {
  if (!isFields(value)) return undefined
  const { pid, startTime, bootId, startedAt, until } = value
  const isWhole =
    typeof pid === 'number' &&
    typeof startTime === 'string' &&
    typeof bootId === 'string' &&
    typeof startedAt === 'number' &&
    typeof until === 'number'
  return isWhole ? { pid, startTime, bootId, startedAt, until } : undefined
}

/** Also reads what the inventory's memory holds of a run. */
export function runOf(value: unknown): CheckRun | undefined {
  if (!isFields(value)) return undefined
  const { startedAt, endedAt, end, exitCode, signal, hasLeftBehind } = value
  if (typeof startedAt !== 'number' || typeof endedAt !== 'number') return undefined
  if (end !== 'exited' && end !== 'timed-out' && end !== 'interrupted') return undefined
  return {
    startedAt,
    endedAt,
    duration: typeof value.duration === 'number' ? value.duration : Math.max(0, endedAt - startedAt),
    end,
    exitCode: typeof exitCode === 'number' ? exitCode : undefined,
    signal: typeof signal === 'string' ? signal : undefined,
    hasLeftBehind: hasLeftBehind === true,
  }
}

/** Whether a run was one that says something of the script. */
export function isVerdict(run: CheckRun): boolean {
  return run.end !== 'interrupted'
}

export function hasPassed(run: CheckRun): boolean {
  return run.end === 'exited' && run.exitCode === 0
}
