import { type Plan, planOutcome } from '../../core/plan.ts'
import { kindOf } from '../../core/resource.ts'
import type { World } from '../../engine/world.ts'
import type { ApiUse, VendorUse } from '../../reports/plan-api.ts'

/** How many calls of each vendor's limited API a plan needs that was drafted in this world, and how many are left. */
export async function apiUseOf(plan: Plan, world: Pick<World, 'connect'>): Promise<ApiUse> {
  const use: { github?: VendorUse; netlify?: VendorUse } = {}
  for (const kind of new Set(plan.resources.map(({ id }) => kindOf(id)))) {
    // A domain that could not be opened stands as unknown in the plan itself.
    const connection = await world.connect(kind).catch(() => undefined)
    const allowance = connection?.allowance?.()
    if (!allowance) continue
    const taken = plan.resources.filter((one) => kindOf(one.id) === kind && planOutcome(one) !== 'held')
    const needed = taken.flatMap(({ actions }) => actions).reduce((sum, { calls = 0 }) => sum + calls, 0)
    const { vendor, remaining } = allowance
    const before = use[vendor]?.needed ?? 0
    use[vendor] = { needed: before + needed, remaining: remaining ?? null }
  }
  return use
}
