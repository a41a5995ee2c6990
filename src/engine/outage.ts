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
 * passes they are looked at: it lasts while at least one of those that are declared or owned is marked by it. What was
 * told is remembered by itself, because marks go with their resources.
 */
export function outageEvents(
  findings: readonly Finding[],
  view: LedgerView,
  context: { readonly declared: ReadonlySet<ResourceId>; readonly now: number },
): readonly LedgerEntry[] {
  const judged = findings.filter((finding) => !finding.isContext)
  return [...new Set(judged.map(({ id }) => kindOf(id)))].flatMap((kind) => {
    const own = judged.filter(({ id }) => kindOf(id) === kind)
    const reading = own.find(isOut)?.reading
    const isTold = view.unreadableDomains.has(kind)
    if (reading?.type === 'unreadable' && !isTold)
      return tell(kind, true, `${kind} could not be read: ${reading.message}`, context.now)
    if (!isTold || own.some(isOut)) return []
    // What it was called by an old id was read under its new one.
    const readable = new Set(own.flatMap(({ id, replaces }) => [id, ...replaces]))
    const isMarkedElsewhere = [...view.states].some(
      ([id, { healthBeforeOutage: mark }]) =>
        mark !== undefined &&
        kindOf(id) === kind &&
        !readable.has(id) &&
        (context.declared.has(id) || view.inventory.has(id)),
    )
    return isMarkedElsewhere ? [] : tell(kind, false, `${kind} can be read again`, context.now)
  })
}

function tell(kind: string, isUnreadable: boolean, message: string, at: number): readonly LedgerEntry[] {
  const reason = isUnreadable ? 'DomainUnreadable' : 'DomainReadable'
  const type = isUnreadable ? 'Warning' : 'Normal'
  return [
    { type: 'domain', kind, isUnreadable },
    { type: 'event', event: { at, type, reason, id: undefined, message } },
  ]
}
