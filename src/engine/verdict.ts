import type { HealthStatus } from '../core/health.ts'

/** What is said of one resource: its health, why in one word, and a sentence. */
export interface Verdict {
  readonly health: HealthStatus
  readonly reason: string
  readonly message: string
}

/** Both sentences, each once; an empty one adds nothing. */
export function withAddition(first: string, second: string): string {
  return first === '' ? second : second === '' || first.includes(second) ? first : `${first}; ${second}`
}
