import type { Hold } from '../core/hold.ts'
import type { Resource, ResourceId } from '../core/resource.ts'
import type { Finding } from './finding.ts'
import type { GuardInput } from './guard-input.ts'

type Circumstances = Pick<GuardInput, 'view' | 'missing' | 'isBusy'>

/** What keeps a resource from being acted on until those that it depends on are ready. */
export function holdOnDependencies(
  resource: Resource,
  byId: ReadonlyMap<ResourceId, Finding>,
  input: Circumstances,
): Hold | undefined {
  const broken = resource.controls.dependsOn.find((id) => input.missing.includes(id))
  if (broken) {
    return { reason: 'DependencyBroken', message: `the manifest of ${broken} is broken`, until: undefined }
  }
  const waiting = resource.controls.dependsOn.filter((id) => !isReady(id, byId, input))
  if (waiting.length === 0) return undefined
  return { reason: 'DependencyNotReady', message: `waits for ${waiting.join(', ')}`, until: undefined }
}

/** Healthy and with nothing left to do: what is about to be restarted is not ready. */
function isReady(id: ResourceId, byId: ReadonlyMap<ResourceId, Finding>, input: Circumstances): boolean {
  if (input.isBusy(id)) return false
  const finding = byId.get(id)
  if (finding) return finding.assessment.status === 'Healthy' && finding.actions.length === 0
  const state = input.view.states.get(id)
  return state !== undefined && state.status.health === 'Healthy' && state.status.sync === 'Synced'
}
