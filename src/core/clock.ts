import type { Duration } from './duration.ts'

/** The only source of time above the edge. */
export interface Clock {
  /** Epoch milliseconds, for what people read and what is stored. */
  now(): number
  /** Milliseconds that never run backwards, for waits and leases. */
  monotonic(): number
  /** Resolves after `duration`; rejects with the signal's reason when aborted. */
  sleep(duration: Duration, signal?: AbortSignal): Promise<void>
}

/** The only source of chance above the edge. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A unique id, lower-case letters and digits, sortable by creation within one process. */
  id(): string
}
