import type { Ending } from '../../clients/pm2/endings.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Duration } from '../../core/duration.ts'
import type { HealthStatus } from '../../core/health.ts'
import type { ProcessAction } from './action.ts'

/** What is judged: status, reason and message, and what would help. */
export interface Verdict {
  readonly status: HealthStatus
  readonly reason: string
  readonly message: string
  readonly remedy?: ProcessAction
  readonly recheckAfter?: Duration
}

const worstFirst: readonly HealthStatus[] = [
  'Unknown',
  'Degraded',
  'Missing',
  'Progressing',
  'Suspended',
  'Healthy',
]

/** The worst of them, looked at again when the last of them asks for it. */
export function worstOf(verdicts: readonly Verdict[]): Verdict {
  const rank = (verdict: Verdict) => worstFirst.indexOf(verdict.status)
  const worst = [...verdicts].sort((a, b) => rank(a) - rank(b))[0]
  if (!worst) throw new TypeError('Expected at least one verdict')
  const rechecks = verdicts.map((verdict) => verdict.recheckAfter).filter((after) => after !== undefined)
  return rechecks.length === 0 ? worst : { ...worst, recheckAfter: Math.max(...rechecks) }
}

/** Says how many instances a bad verdict is about. */
export function withCount(verdict: Verdict, all: readonly Verdict[]): Verdict {
  const count = all.filter((other) => other.status === verdict.status).length
  if (all.length === 1) return verdict
  return { ...verdict, message: `${count} of ${all.length} instances: ${verdict.message}` }
}

/** How it ended, for messages; empty where PM2 does not know. */
export function exitText(record: Pm2Record, endings?: ReadonlyMap<number, Ending>): string {
  const ending = endings?.get(record.pmId)
  if (ending?.type === 'killed') return ` (ended by ${ending.signal})`
  return record.exitCode === undefined ? '' : ` (exit code ${record.exitCode})`
}
