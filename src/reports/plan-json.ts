import type { Change } from '../core/action.ts'
import { type Plan, type PlannedResource, type PlanSummary, summarisePlan } from '../core/plan.ts'
import { kindOf, nameOf, type ResourceId } from '../core/resource.ts'
import type { Json } from '../core/store.ts'
import { jsonValue } from './json-value.ts'
import { displayPath, isoTime } from './names.ts'
import type { ApiUse } from './plan-api.ts'
import { type WarningDocument, warningDocuments } from './policy-warnings.ts'
import { sanitise, sanitiseJson } from './sanitise.ts'
import { type StrayDocument, strayDocuments } from './strays.ts'

/** A plan as other programs read it; `schemas/plan.schema.json` describes every field. */
export interface PlanDocument {
  readonly formatVersion: '1'
  readonly fleet: string
  readonly environment: string | null
  readonly observedAt: string
  readonly fingerprint: string
  readonly summary: PlanSummary
  readonly resources: readonly PlanResourceDocument[]
  readonly api: ApiUse
  /** Left out where there is none. */
  readonly strays?: readonly StrayDocument[]
  /** Left out where there is none. */
  readonly warnings?: readonly WarningDocument[]
}

export interface PlanResourceDocument {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly file: string | null
  readonly line: number | null
  readonly sync: string
  readonly health: string
  readonly actions: readonly PlanActionDocument[]
  readonly held: readonly { readonly reason: string; readonly message: string }[]
  /** Left out but where it is let go of. */
  readonly released?: string
  /** Left out where everything was read. */
  readonly unread?: readonly string[]
  readonly unknown: { readonly code: string; readonly message: string } | null
}

export interface PlanActionDocument {
  readonly type: string
  readonly verb: string
  readonly summary: string
  readonly reason: string
  readonly changes: readonly PlanChangeDocument[]
}

export interface PlanChangeDocument {
  readonly path: string
  readonly before: Json
  readonly after: Json
  readonly sensitive: boolean
  readonly note?: string
}

/** Calls that the plan needs, and that the vendor still allows; a vendor is left out where nothing is known. */
/** The same value for `-o json`, `-o yaml` and a saved plan. */
export function planDocument(
  plan: Plan,
  options: { readonly workingDirectory: string; readonly api?: ApiUse },
): PlanDocument {
  return sanitiseJson<PlanDocument>({
    formatVersion: '1',
    fleet: plan.fleet,
    environment: plan.environment ?? null,
    observedAt: isoTime(plan.observedAt),
    fingerprint: plan.fingerprint,
    summary: summarisePlan(plan),
    resources: plan.resources.map((resource) => resourceDocument(resource, options.workingDirectory)),
    api: options.api ?? {},
    ...strayDocuments(plan.strays),
    ...warningDocuments(plan.warnings, options.workingDirectory),
  })
}

function resourceDocument(resource: PlannedResource, workingDirectory: string): PlanResourceDocument {
  const { origin, sync, health, actions, holds, unknown, unread = [], released } = resource
  // One line, whatever a thing outside is named.
  const id = sanitise(resource.id) as ResourceId
  return {
    id,
    kind: kindOf(id),
    name: nameOf(id),
    file: origin ? displayPath(origin.file, workingDirectory) : null,
    line: origin?.line ?? null,
    sync,
    health,
    actions: actions.map(({ type, verb, summary, reason, changes }) => ({
      type,
      verb,
      summary,
      reason,
      changes: changes.map(changeDocument),
    })),
    held: holds.map(({ reason, message }) => ({ reason, message })),
    ...(released !== undefined && { released }),
    ...(unread.length > 0 && { unread }),
    unknown: unknown ? { code: unknown.code, message: unknown.message } : null,
  }
}

/** A sensitive change never has values here, whatever it was made with. */
function changeDocument({ path, before, after, sensitive, note }: Change): PlanChangeDocument {
  const values = sensitive
    ? { before: null, after: null }
    : { before: jsonValue(before), after: jsonValue(after) }
  return { path, ...values, sensitive, ...(note === undefined ? {} : { note }) }
}
