import type { Stray } from '../../src/core/ownership.ts'
import type { Resource, ResourceId } from '../../src/core/resource.ts'
import { successorOf } from '../../src/engine/former.ts'
import type { ModelSpec } from '../support/modelled-domain.ts'
import type { Thing } from '../support/modelled-world.ts'
import { deletions, isDispatch, isModel, outsideName, workflowOf } from './manifests.ts'
import { peek, peekInventory, peekState } from './peek.ts'
import type { Setting } from './setting.ts'
import { mayStayClosed } from './windows.ts'

/** What is not as it should be although nothing has failed for a while; empty: converged. */
export function findUnconverged(setting: Setting): readonly string[] {
  const { resources } = setting.manifests.edition
  const blocked = findBlocked(setting)
  const faults: string[] = []
  for (const resource of resources) {
    if (blocked.has(resource.id)) continue
    if (isDispatch(resource))
      faults.push(...faultsOfDispatch(setting, workflowOf(resource), resource.spec.revision))
    else if (isModel(resource)) faults.push(...faultsOfModel(setting, resource))
  }
  faults.push(...findWaiting(setting))
  faults.push(...findStarting(setting))
  faults.push(...findForgettable(setting))
  faults.push(...findLeaks(setting), ...findUntold(setting))
  return [...faults, ...faultsOfRemoved(setting), ...findLeftovers(setting)]
}

/** What is remembered of what is neither declared nor owned. */
function findForgettable({ disk, manifests }: Setting): readonly string[] {
  const known = new Set([
    ...manifests.edition.resources.map(({ id }) => id),
    ...peekInventory(disk).map(({ id }) => id),
  ])
  return [...peek(disk, 'resource-state').keys()]
    .filter((id) => !known.has(id as ResourceId))
    .map((id) => `${id} is neither declared nor owned, and has a state`)
}

/** What waits for a window that opens soon is not done yet, whatever it is. */
function findWaiting(setting: Setting): readonly string[] {
  const blocked = findBlocked(setting)
  return setting.manifests.edition.resources
    .filter(({ id }) => !blocked.has(id))
    .filter(({ id }) => {
      const held = peekState(setting.disk, id)?.status.conditions.find(({ type }) => type === 'Held')
      return held?.status === 'True' && held.reason === 'OutsideWindow'
    })
    .map(({ id }) => `${id} waits for its window`)
}

/** What was started a moment ago, by a window that opened for one, is told to be well when it is looked at once more. */
function findStarting(setting: Setting): readonly string[] {
  const blocked = findBlocked(setting)
  return setting.manifests.edition.resources
    .filter(({ id }) => !blocked.has(id))
    .filter(({ id }) => peekState(setting.disk, id)?.status.health === 'Progressing')
    .map(({ id }) => `${id} is on its way`)
}

/**
 * Resources that may rightly get no action to the end of the run, and whoever waits for them. A window opens, and what
 * is only observed becomes healthy by itself: then they are rightly acted upon, as late as that is. That nothing is
 * done to what is suspended or only observed is a rule of its own.
 */
export function findBlocked(setting: Setting): ReadonlySet<string> {
  const { resources } = setting.manifests.edition
  const blocked = new Set<string>(resources.filter((one) => isHeldForGood(setting, one)).map(({ id }) => id))
  for (let size = -1; size !== blocked.size; ) {
    size = blocked.size
    for (const { id, controls } of resources) {
      if (controls.dependsOn.some((on) => blocked.has(on))) blocked.add(id)
    }
  }
  return blocked
}

/** Of whom it cannot be said that nothing changes: what is blocked, and what may be called to stand in for it. */
export function findUnsettled(setting: Setting): ReadonlySet<string> {
  const blocked = findBlocked(setting)
  const { resources } = setting.manifests.edition
  return new Set([
    ...blocked,
    ...resources.filter(({ id }) => blocked.has(id)).flatMap(({ controls }) => controls.fallback),
    // What it was called before, and may not go, is held by another guard as often as its window opens and closes.
    ...resources
      .filter((one) => one.controls.windows.length > 0 && hasFormer(setting, one))
      .map(({ id }) => id),
  ])
}

function hasFormer({ disk }: Setting, { id }: Resource): boolean {
  return peekInventory(disk).some((row) => successorOf(row.id) === id)
}

function isHeldForGood(setting: Setting, resource: Resource): boolean {
  if (!isModel(resource)) return false
  const { controls } = resource
  const isSuspended =
    isInForce(setting, controls.suspend) || isInForce(setting, setting.rules.suspended.get(resource.id))
  if (isSuspended || controls.managementPolicy === 'Observe' || mayStayClosed(controls.windows)) return true
  const thing = setting.outside.thing(outsideName(resource))
  if (!thing) return false
  const isOwned = peekInventory(setting.disk).some(({ id }) => id === resource.id)
  return (
    thing.mark?.fleet === 'rival' || (thing.program !== resource.spec.program && !isOwned && !controls.adopt)
  )
}

function isInForce(
  { wall }: Setting,
  suspension: { readonly until: number | undefined } | undefined,
): boolean {
  return suspension !== undefined && (suspension.until === undefined || suspension.until > wall())
}

function faultsOfDispatch(setting: Setting, workflow: string, revision: string): readonly string[] {
  const runs = setting.outside.current.runs.filter(
    (run) => run.workflow === workflow && run.revision === revision,
  )
  return runs.length > 0 ? [] : [`Dispatch/${workflow} has no run for ${revision}`]
}

function faultsOfModel(setting: Setting, resource: Resource<ModelSpec>): readonly string[] {
  const { outside, manifests, disk } = setting
  const thing = outside.thing(outsideName(resource))
  const primaries = manifests.edition.resources.filter((one) => one.controls.fallback.includes(resource.id))
  if (primaries.length > 0) {
    const isActive = (peekState(disk, resource.id)?.activeFor.length ?? 0) > 0
    const needed = primaries.some((one) => {
      if (isHeldForGood(setting, one)) return true
      const primary = isModel(one) ? outside.thing(outsideName(one)) : undefined
      return primary?.state !== 'running'
    })
    if (needed) return []
    if (isActive) return [`${resource.id} still stands in`]
    return thing && thing.state !== 'stopped' ? [`${resource.id} runs on standby`] : []
  }
  if (!thing) return [`${resource.id} is missing`]
  return differences(resource, thing)
}

function differences(resource: Resource<ModelSpec>, thing: Thing): readonly string[] {
  const faults: string[] = []
  if (thing.state !== 'running') faults.push(`${resource.id} is ${thing.state}`)
  if (thing.program !== resource.spec.program) faults.push(`${resource.id} runs ${thing.program}`)
  for (const [key, value] of Object.entries(resource.spec.fields ?? {})) {
    if (thing.fields[key] !== value)
      faults.push(`${resource.id} has ${key} ${thing.fields[key]}, not ${value}`)
  }
  return faults
}

/** Fields that we set and nobody declares any more, on what was ours all the time. */
function findLeftovers(setting: Setting): readonly string[] {
  const { outside, manifests } = setting
  const blocked = findBlocked(setting)
  return manifests.edition.resources.filter(isModel).flatMap((resource) => {
    const name = outsideName(resource)
    const thing = outside.thing(name)
    if (!thing || blocked.has(resource.id) || manifests.keepable.has(name)) return []
    // People set other values than these; what they made themselves was never ours to clean.
    if (thing.madeBy === 'people' || thing.state !== 'running') return []
    return Object.entries(thing.fields)
      .filter(([key, value]) => resource.spec.fields?.[key] === undefined && /^[123]$/.test(value))
      .map(([key, value]) => `${resource.id} still has ${key} ${value}`)
  })
}

/** Things that we made, that nobody declares, and that our inventory does not know: nobody will ever delete them. */
function findLeaks({ outside, manifests, disk, rules }: Setting): readonly string[] {
  const known = new Set(peekInventory(disk).map(({ externalName }) => externalName))
  const models = manifests.edition.resources.filter(isModel)
  const declared = new Set(models.map(outsideName))
  // What came after it was forgotten, or was said not to have come, nobody could know of; that it came is told, by whoever reads such things at all.
  const told = new Set(toldStrays(disk))
  const isTold = ({ name, madeAt }: Thing) =>
    (rules.denied.has(name) || madeAt > (rules.lastOwned.get(name) ?? Number.POSITIVE_INFINITY)) &&
    (told.has(name) || models.length === 0)
  return [...outside.current.things.values()]
    .filter(({ mark }) => mark?.fleet === 'acme' && mark.origin === 'created')
    .filter(({ name }) => !known.has(name) && !declared.has(name) && !manifests.keepable.has(name))
    .filter((thing) => !isTold(thing))
    .map(({ name }) => `${name} was made by us, and nobody knows it`)
}

/** What we made, was gone and is back is told, by whoever reads such things at all: half a minute after it went. */
function findUntold({ outside, manifests, disk }: Setting): readonly string[] {
  const models = manifests.edition.resources.filter(isModel)
  if (models.length === 0) return []
  const inventory = peekInventory(disk).map(({ externalName }) => externalName)
  const known = new Set([...inventory, ...models.map(outsideName), ...toldStrays(disk)])
  return [...peek(disk, 'gone').keys()]
    .map((id) => id.slice('Model/'.length))
    .filter((name) => outside.thing(name)?.mark?.fleet === 'acme' && !known.has(name))
    .map((name) => `${name} is back, and nobody is told`)
}

function toldStrays(disk: Setting['disk']): readonly string[] {
  return (peek<readonly Stray[]>(disk, 'strays').get('Model') ?? []).map(({ externalName }) => externalName)
}

/** What is owned, no longer declared and to be deleted must be gone, unless all of it together is over the limit. */
function faultsOfRemoved(setting: Setting): readonly string[] {
  const { outside, disk, manifests } = setting
  const inventory = peekInventory(disk)
  const declared = new Set<string>(manifests.edition.resources.map(({ id }) => id))
  const left = inventory.filter(({ id }) => !declared.has(id))
  const going = left.filter((row) => {
    const thing = outside.thing(row.externalName)
    return thing !== undefined && thing.mark?.fleet !== 'rival'
  })
  const share = (100 * going.length) / Math.max(1, inventory.length)
  const isOverLimit = going.length > deletions.max || (going.length >= 3 && share > deletions.percent)
  if (isOverLimit || manifests.edition.resources.length === 0) return []
  const blocked = findBlocked(setting)
  return (
    left
      .filter((row) => outside.thing(row.externalName)?.mark?.fleet !== 'rival')
      // What makes room for another waits for as long as that is held.
      .filter(({ id }) => !blocked.has(successorOf(id) ?? id))
      .map(({ id }) => `${id} is no longer declared, and still owned`)
  )
}
