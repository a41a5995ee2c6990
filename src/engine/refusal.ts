import { formatDuration } from '../core/duration.ts'
import type { Hold } from '../core/hold.ts'
import type { ResourceState } from '../core/ledger.ts'
import { kindOf, type RecoveryPolicy, type ResourceId } from '../core/resource.ts'
import { backoffAfter } from './backoff.ts'
import { type Finding, isActionable } from './finding.ts'
import { recoveryOf } from './recovery.ts'

/** A domain whose writes all fail alike. */
export interface Refusal {
  /** What it said last. */
  readonly message: string
  /** Whether one resource may be tried now. */
  readonly isProbeDue: boolean
  /** When one may be tried again, epoch milliseconds. */
  readonly until: number
}

/** Whether it waited for its domain when it was looked at last. */
export function isMarkedRefused({ status }: ResourceState): boolean {
  return status.conditions.some(({ type, reason }) => type === 'Held' && reason === 'DomainRefuses')
}

/**
 * While its domain refuses everything a resource makes no attempts; the time counts that its attempts would have taken,
 * up to the one of that number.
 */
export function isRefusedThrough(
  attempt: number,
  policy: RecoveryPolicy['backoff'],
  { state, now }: { readonly state: ResourceState | undefined; readonly now: number },
): boolean {
  const held = state?.status.conditions.find(({ type }) => type === 'Held')
  if (held?.reason !== 'DomainRefuses') return false
  const waits = Array.from({ length: attempt - 1 }, (_, index) => backoffAfter(index + 1, policy, 0))
  return now - held.since >= waits.reduce((sum, wait) => sum + wait, 0)
}

/**
 * Holds what would be done in a domain that refuses everything, but for one resource where it is time to try: the
 * one that was tried least, so that the fault of one is not taken for the vendor's for longer than need be, and none
 * uses up its attempts for all. What waits for an attempt of its own waits for the domain first.
 */
export function holdRefused(
  findings: readonly Finding[],
  input: { readonly refusalOf: (kind: string) => Refusal | undefined; readonly now: number },
): readonly Finding[] {
  const refusals = new Map(
    [...new Set(findings.map(({ id }) => kindOf(id)))].map((kind) => [kind, input.refusalOf(kind)]),
  )
  const tried = new Set(
    [...refusals].map(([kind, refusal]) => refusal?.isProbeDue && leastTried(findings, kind)),
  )
  return findings.map((finding) => {
    const refusal = refusals.get(kindOf(finding.id))
    const waits = isActionable(finding) || finding.holds[0]?.reason === 'BackOff'
    if (!refusal || !waits || tried.has(finding.id)) return finding
    return { ...finding, holds: [holdOn(finding, refusal, input.now), ...finding.holds] }
  })
}

function leastTried(findings: readonly Finding[], kind: string): ResourceId | undefined {
  const candidates = findings.filter((finding) => kindOf(finding.id) === kind && isActionable(finding))
  const triesOf = (finding: Finding) => {
    const { attempts, deferrals } = recoveryOf(finding)
    return attempts + (deferrals ?? 0)
  }
  return candidates.toSorted((a, b) => triesOf(a) - triesOf(b))[0]?.id
}

function holdOn({ id }: Finding, { message, until }: Refusal, now: number): Hold {
  const wait = formatDuration(Math.max(0, until - now))
  return {
    reason: 'DomainRefuses',
    message: `the last actions on ${kindOf(id)} all failed alike (${message}); one is tried again in ${wait}`,
    until,
  }
}
