import { kindOf, type Resource, type ResourceId } from '../../core/resource.ts'
import type { ResourceStatus } from '../../core/status.ts'
import { displayPath } from '../names.ts'
import { type Command, reconcile, type Surroundings } from './command.ts'

/** What a cure is made of: what was seen of a resource, what its manifest says, and where it is cured. */
export interface Ailment {
  readonly id: ResourceId
  readonly status: ResourceStatus
  /** Undefined: no longer declared. */
  readonly resource: Resource | undefined
  readonly surroundings: Surroundings
}

export interface Cure {
  readonly problem: string
  readonly cure: string
  readonly commands: readonly Command[]
}

export type Prescribe = (ailment: Ailment) => Cure
export type Prescriptions = Readonly<Record<string, Prescribe>>

/** `manifests/api.yaml:3`, where that field of the spec is said; or what stands for a manifest that is gone. */
export function placeOf({ id, resource, surroundings }: Ailment, ...path: readonly string[]): string {
  const { workingDirectory } = surroundings
  const place = surroundings.placeOf(id, path.length === 0 ? [] : ['spec', ...path]) ?? resource?.origin
  return place ? `${displayPath(place.file, workingDirectory)}:${place.line}` : 'its manifest'
}

export const logs = ({ id }: Ailment): Command => reconcile('logs', id, '-n', '50')
export const describe = ({ id }: Ailment): Command => reconcile('describe', id)
export const only = ({ id }: Ailment): Command => reconcile('--only', id)
export const planOnly = ({ id }: Ailment): Command => reconcile('plan', '--only', id)

/** Begins its attempts anew; a controller goes on by itself then, and without one a pass does. */
export function resume(ailment: Ailment): readonly Command[] {
  const begin = reconcile('resume', ailment.id)
  return ailment.surroundings.controller ? [begin] : [begin, only(ailment)]
}

/** After all attempts a pass does nothing more by itself. */
export function retry(ailment: Ailment): readonly Command[] {
  return isExhausted(ailment.status) ? resume(ailment) : [only(ailment)]
}

export function isExhausted(status: ResourceStatus): boolean {
  return status.conditions.some(({ type, reason }) => type === 'Held' && reason === 'AttemptsExhausted')
}

/**
 * Has whoever makes the passes see a variable that is set in this shell: a controller keeps those that it was started
 * with, and refuses passes of a shell in which they differ.
 */
export function takeOver({ controller }: Surroundings, pass: Command): readonly Command[] {
  if (!controller) return [pass]
  if (controller.isInBackground) return [reconcile('restart')]
  return [{ type: 'shell', text: `kill ${controller.pid}` }, reconcile('watch')]
}

/** A field of the spec as it is declared. */
export function specOf({ resource }: Ailment, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(fieldOf, resource?.spec)
}

/** The same, where it is text. */
export function textOf(ailment: Ailment, ...path: readonly string[]): string | undefined {
  const value = specOf(ailment, ...path)
  return typeof value === 'string' ? value : undefined
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}

/** The vendor that a resource lives at, as people call him. */
export function vendorOf({ id }: Pick<Ailment, 'id'>): 'GitHub' | 'Netlify' | undefined {
  const kind = kindOf(id)
  return kind === 'Workflow' ? 'GitHub' : kind === 'FunctionSet' ? 'Netlify' : undefined
}
