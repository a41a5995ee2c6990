import { parseDuration } from '../../core/duration.ts'
import type { OwnedField } from '../../core/ownership.ts'
import type { DesiredWorkflow } from './place.ts'

/** The declared fields by dotted path, durations in ms, lists that are sets in order. */
export function declaredFields(desired: DesiredWorkflow): Readonly<Record<string, OwnedField>> {
  const { repository, green, dispatch, reenable, ...plain } = desired.spec
  const flat: Record<string, unknown> = {
    repository: repository.toLowerCase(),
    ...plain,
    ...(reenable && { reenable: [...reenable].sort() }),
    ...(green?.within !== undefined && { 'green.within': parseDuration(green.within) }),
    ...(green?.events && { 'green.events': [...green.events].sort() }),
    ...(green?.onFailure && { 'green.onFailure': green.onFailure }),
    ...(green?.onStale && { 'green.onStale': green.onStale }),
    ...(green?.ignoreConclusions && { 'green.ignoreConclusions': [...green.ignoreConclusions].sort() }),
    ...(green && Object.keys(green).length === 0 && { green: {} }),
  }
  for (const [name, value] of Object.entries(dispatch?.inputs ?? {})) flat[`dispatch.inputs.${name}`] = value
  return Object.fromEntries(Object.entries(flat).map(([path, value]) => [path, { value, sensitive: false }]))
}
