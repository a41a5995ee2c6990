import { isFields } from '../core/fields.ts'
import type { Basis, Plan } from '../core/plan.ts'
import type { PlanDocument } from './plan-json.ts'

/** What a saved plan was made with: it is applied with the same, or not at all. */
export interface SavedContext {
  readonly programVersion: string
  /** Of manifests and the folder that they are bound to, absolute. */
  readonly paths: readonly string[]
  readonly folder: string
  /** Absolute. */
  readonly statePath: string
  /** The id of the state; null: there was none yet. */
  readonly store: string | null
  readonly only: readonly string[]
  readonly labels: readonly string[]
  readonly allowDeletions: number | null
  readonly rebind: boolean
  /** Whether the commands were run that references name. */
  readonly ranCommands: boolean
}

/** What is saved beside the plan that is printed. */
export interface SavedPart extends SavedContext {
  readonly basis: Readonly<Record<string, Basis>>
}

/** A plan as `--out` writes it. */
export type SavedPlan = PlanDocument & { readonly saved: SavedPart }

export function savedPlan(plan: Plan, document: PlanDocument, context: SavedContext): SavedPlan {
  return { ...document, saved: { ...context, basis: Object.fromEntries(plan.basis) } }
}

/** Undefined: it is no plan that was saved. */
export function parseSavedPlan(text: string): SavedPlan | undefined {
  const value = parse(text)
  return isSavedPlan(value) ? value : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isSavedPlan(value: unknown): value is SavedPlan {
  if (!isFields(value) || value.formatVersion !== '1' || !isFields(value.saved)) return false
  const { resources, environment, saved } = value
  const { basis, paths, only, labels, store, allowDeletions } = saved
  return (
    (typeof environment === 'string' || environment === null) &&
    Array.isArray(resources) &&
    resources.every((one) => isFields(one) && typeof one.id === 'string' && Array.isArray(one.held)) &&
    [saved.programVersion, saved.folder, saved.statePath].every((one) => typeof one === 'string') &&
    [paths, only, labels].every(areTexts) &&
    (typeof store === 'string' || store === null) &&
    (typeof allowDeletions === 'number' || allowDeletions === null) &&
    typeof saved.rebind === 'boolean' &&
    typeof saved.ranCommands === 'boolean' &&
    isFields(basis) &&
    Object.values(basis).every(isBasis)
  )
}

function isBasis(value: unknown): boolean {
  if (!isFields(value)) return false
  return [value.declared, value.owned, value.found, value.actions].every((one) => typeof one === 'string')
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
