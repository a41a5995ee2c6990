import type { ResourceState } from '../../src/core/ledger.ts'
import type { Resource, ResourceId } from '../../src/core/resource.ts'
import type { Actor } from './actor.ts'
import { recovery } from './manifests.ts'
import type { Setting } from './setting.ts'
import { slack } from './slack.ts'

/** What must be so when it is written down for whom a fallback stands in. */
export function checkFallback(
  setting: Setting,
  actor: Actor,
  changed: {
    readonly id: ResourceId
    readonly before: ResourceState | undefined
    readonly after: ResourceState
  },
): void {
  const { rules, time } = setting
  const { id, before, after } = changed
  if (time.now - rules.lastJump < 2 * slack) return
  const was = before?.activeFor ?? []
  for (const primary of after.activeFor) {
    if (!was.includes(primary)) checkCalled(setting, actor, { id, primary })
  }
  for (const primary of was) {
    if (!after.activeFor.includes(primary)) checkStoodDown(setting, actor, { id, primary })
  }
}

interface Standing {
  readonly id: ResourceId
  readonly primary: ResourceId
}

/** It is called when its primary is in need, and after those that the primary lists before it. */
function checkCalled(setting: Setting, actor: Actor, { id, primary }: Standing): void {
  const { rules } = setting
  const lists = listsOf(setting, actor, primary)
  // Only what everybody has known for a while can be held against it.
  const first = lists[0]
  if (!first || lists.some((list) => list?.join() !== first.join())) return
  const isNeedless = isKnownWell(setting, actor, primary)
  rules.check('fallbacks-in-order', !isNeedless, () => `${id} stands in for ${primary}, which is healthy`)
  for (const earlier of first.slice(0, first.indexOf(id))) {
    const isPassedOver = isKnownWell(setting, actor, earlier)
    rules.check(
      'fallbacks-in-order',
      !isPassedOver,
      () => `${id} stands in, and ${earlier} before it is healthy`,
    )
  }
}

/** It stands down when its primary is stable, or is not its primary any more. */
function checkStoodDown(setting: Setting, actor: Actor, { id, primary }: Standing): void {
  const { rules } = setting
  const lists = listsOf(setting, actor, primary)
  if (lists.length === 0 || lists.some((list) => !list?.includes(id))) return
  rules.check(
    'fallbacks-do-not-flap',
    rules.stability.wasStable(primary, actor.clock.now()),
    () => `${id} stands down, and ${primary} has not been healthy for long`,
  )
}

/** The fallbacks of a primary in each declaration that was the actor's newest within the slack. */
function listsOf(
  { time }: Setting,
  actor: Actor,
  primary: ResourceId,
): readonly (readonly ResourceId[] | undefined)[] {
  const since = time.now - 2 * slack
  return actor.readings
    .filter((_, index) => (actor.readings[index + 1]?.at ?? time.now) >= since)
    .map(
      ({ declaration }) =>
        declaration.resources.find((one: Resource) => one.id === primary)?.controls.fallback,
    )
}

function isKnownWell({ rules }: Setting, actor: Actor, id: ResourceId): boolean {
  const conditions = rules.shadow.states.get(id)?.status.conditions ?? []
  const healthy = conditions.find(({ type }) => type === 'Healthy')
  return healthy?.status === 'True' && healthy.since < actor.clock.now() - slack
}

/** Which resources were written down as healthy for as long as their policy wants, and when that was so last. */
export class Stability {
  readonly #since = new Map<string, number>()
  readonly #last = new Map<string, number>()

  /** Follows a state that is written; `wall` is the writer's clock. */
  follow(id: string, state: ResourceState, wall: number): void {
    const since = this.#since.get(id)
    if (since !== undefined && wall - since >= recovery.stableFor) this.#last.set(id, wall)
    const { healthySince } = state.recovery
    if (healthySince === undefined) this.#since.delete(id)
    else this.#since.set(id, healthySince)
    if (healthySince !== undefined && wall - healthySince >= recovery.stableFor) this.#last.set(id, wall)
  }

  wasStable(id: string, wall: number): boolean {
    const since = this.#since.get(id)
    if (since !== undefined && wall - since >= recovery.stableFor) return true
    return wall - (this.#last.get(id) ?? Number.NEGATIVE_INFINITY) < slack
  }
}
