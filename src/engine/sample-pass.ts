import type { Duration } from '../core/duration.ts'
import type { LedgerEntry, LedgerView } from '../core/ledger.ts'
import { kindOf } from '../core/resource.ts'
import { passSeries } from '../core/sample.ts'
import type { Finding } from './finding.ts'
import type { World } from './world.ts'

/** A controller makes many small passes: one sample in so long is enough for a report. */
const spacing: Duration = 30_000

/** How long a pass took and what is left of each vendor's allowance after it, for reports; nothing decides by it. */
export async function samplePass(
  world: World,
  draft: { readonly findings: readonly Finding[]; readonly view: LedgerView; readonly begunAt: number },
): Promise<readonly LedgerEntry[]> {
  const { findings, view, begunAt } = draft
  const at = world.clock.now()
  const last = view.recentSamples.get(passSeries)?.at(-1)
  if (findings.length === 0 || (last && at - last.at < spacing)) return []
  const passMs = Math.round(world.clock.monotonic() - begunAt)
  const values: Record<string, number> = { passMs, resources: findings.length }
  for (const kind of new Set(findings.map(({ id }) => kindOf(id)))) {
    // A domain that cannot be reached has been told of already.
    const connection = await world.connect(kind).catch(() => undefined)
    const allowance = connection?.allowance?.()
    if (!allowance) continue
    values[`${allowance.vendor}Used`] = allowance.used
    if (allowance.remaining !== undefined) values[`${allowance.vendor}Remaining`] = allowance.remaining
  }
  return [{ type: 'sample', id: passSeries, sample: { at, values } }]
}
