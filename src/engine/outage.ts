import type { HealthStatus } from '../core/health.ts'
import type { LedgerEntry, LedgerView } from '../core/ledger.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import type { Finding } from './finding.ts'

/** Whether it could not be read because its whole domain could not. */
export function isOut({ reading }: Finding): boolean {
  return reading.type === 'unreadable' && reading.isDomainWide === true
}

/**
 * What it was like when its domain could last be read, for as long as the domain cannot: that is what people were
 * last told of it, and what its return is compared with.
 */
export function healthBeforeOutage(finding: Finding): HealthStatus | undefined {
  if (!isOut(finding)) return undefined
  return finding.state?.healthBeforeOutage ?? finding.state?.status.health ?? 'Unknown'
}

/**
 * The beginning and the end of a domain's outage, one event each, however many resources it has and in however many
 * passes they are looked at: it lasts while at least one of them is marked by it.
 */
export function outageEvents(
  findings: readonly Finding[],
  view: LedgerView,
  context: { readonly declared: ReadonlySet<ResourceId>; readonly now: number },
): readonly LedgerEntry[] {
  const judged = findings.filter((finding) => !finding.isContext)
  const entries: LedgerEntry[] = []
  for (const kind of new Set(judged.map(({ id }) => kindOf(id)))) {
    const before = new Set(
      [...view.states]
        .filter(([id, state]) => kindOf(id) === kind && state.healthBeforeOutage !== undefined)
        .filter(([id]) => context.declared.has(id) || view.inventory.has(id))
        .map(([id]) => id),
    )
    const own = judged.filter(({ id }) => kindOf(id) === kind)
    const out = own.filter(isOut)
    const after = new Set([...before, ...out.map(({ id }) => id)])
    for (const finding of own) if (!isOut(finding)) after.delete(finding.id)
    const reading = out[0]?.reading
    if (before.size === 0 && reading?.type === 'unreadable') {
      entries.push(
        domainEvent(
          'Warning',
          'DomainUnreadable',
          `${kind} could not be read: ${reading.message}`,
          context.now,
        ),
      )
    }
    if (before.size > 0 && after.size === 0) {
      entries.push(domainEvent('Normal', 'DomainReadable', `${kind} can be read again`, context.now))
    }
  }
  return entries
}

function domainEvent(type: 'Normal' | 'Warning', reason: string, message: string, at: number): LedgerEntry {
  return { type: 'event', event: { at, type, reason, id: undefined, message } }
}
