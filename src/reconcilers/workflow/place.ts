import { dirname, resolve } from 'node:path'
import type { Resource } from '../../core/resource.ts'
import type { Resolved } from '../../core/secret.ts'
import type { WorkflowSpec } from './spec.generated.ts'

export type DesiredWorkflow = Resource<Resolved<WorkflowSpec>>

/** Where a workflow is: GitHub takes owners and names of repositories in any case, and paths as they are. */
export interface WorkflowPlace {
  /** `owner/name`, lower-case. */
  readonly repository: string
  readonly path: string
}

/** The branch that is meant where the manifest names none. */
const defaultBranch = 'main'

export function branchOf(desired: DesiredWorkflow): string {
  return desired.spec.branch ?? defaultBranch
}

/** `owner/name/path`: what two resources must not share. */
export function externalNameOf(desired: {
  readonly spec: Pick<WorkflowSpec, 'repository' | 'path'>
}): string {
  return `${desired.spec.repository.toLowerCase()}/${desired.spec.path}`
}

/** The way back; undefined for a name that is none of ours. */
export function placeOf(externalName: string): WorkflowPlace | undefined {
  const [owner, name, ...path] = externalName.split('/')
  if (!owner || !name || path.length === 0) return undefined
  return { repository: `${owner}/${name}`, path: path.join('/') }
}

/** The file that the workflow must equal, absolute; undefined: its content is not managed. */
export function sourceOf(desired: {
  readonly spec: Pick<WorkflowSpec, 'source'>
  readonly origin: Resource['origin']
}): string | undefined {
  const { source } = desired.spec
  return source === undefined ? undefined : resolve(dirname(desired.origin.file), source)
}
