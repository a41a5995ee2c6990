import type { Action } from '../../src/core/action.ts'
import type { Resource } from '../../src/core/resource.ts'
import type { DispatchAction } from '../support/modelled-dispatch.ts'
import type { ModelAction } from '../support/modelled-domain.ts'
import type { Actor } from './actor.ts'
import { isModel, outsideName, recovery } from './manifests.ts'
import { peekState } from './peek.ts'
import type { Setting } from './setting.ts'
import { slack } from './slack.ts'
import { wasClosedFor } from './windows.ts'

interface Effect {
  readonly action: Action
  readonly id: string
  /** Virtual time at which it was sent. */
  readonly begun: number
}

/** What must be so at the moment at which something happens to a thing. */
export function checkEffect(setting: Setting, actor: Actor, effect: Effect): void {
  const { rules, manifests, outside, time } = setting
  const action = effect.action as ModelAction
  const { name } = action
  const thing = outside.thing(name)
  rules.check('nothing-undeclared-is-touched', manifests.programs.has(name), () => `${action.summary}`)
  if (thing && action.type !== 'create') {
    const isTheirs = !manifests.adoptable.has(name) && !rules.replaced.has(thing.uid)
    const isForeign = thing.program.startsWith('foreign') && isTheirs
    rules.check('nothing-foreign-is-touched', !isForeign, () => `${action.summary}, which people made`)
    const rivalSince = thing.mark?.fleet === 'rival' ? rules.rivalSince.get(name) : undefined
    const isRivals = rivalSince !== undefined && time.now - rivalSince > slack
    rules.check('no-rival-is-touched', !isRivals, () => `${action.summary}, which bears another fleet's mark`)
  }
  // What a fleet that is down still does is to stop what runs, also what somebody starts again.
  rules.check(
    'fleet-down',
    rules.downSince === undefined || time.now - rules.downSince < slack || action.type === 'stop',
    () => `${action.summary} while the fleet is down`,
  )
  if (action.type === 'delete') return
  // Who takes a fleet down means all of it, suspended or not.
  if (action.type === 'stop' && (rules.downSince !== undefined || time.now - rules.lastUp < slack)) return
  checkControls(setting, actor, effect)
  checkStandby(setting, actor, action)
  if (action.type === 'revive') checkRecovery(setting, effect)
}

/** What the actor read of a resource in any declaration that was its newest within the slack. */
function versionsOf(setting: Setting, actor: Actor, id: string): readonly (Resource | undefined)[] {
  return lately(setting, actor).map(({ declaration }) =>
    declaration.resources.find((resource) => resource.id === id),
  )
}

/** The declarations that were the actor's newest within the slack. */
function lately({ time }: Setting, actor: Actor): Actor['readings'] {
  return actor.readings.filter((_, index) => (actor.readings[index + 1]?.at ?? time.now) >= time.now - slack)
}

function checkControls(setting: Setting, actor: Actor, { action, id }: Effect): void {
  const { rules, time, disk, outside } = setting
  const versions = versionsOf(setting, actor, id)
  const always = (is: (resource: Resource) => boolean) =>
    versions.length > 0 && versions.every((version) => version !== undefined && is(version))
  const said = () => `${action.summary}, which ${id} must not`
  rules.check('observe-only', !always(({ controls }) => controls.managementPolicy === 'Observe'), said)
  const isSuspended = always(
    ({ controls: { suspend } }) =>
      suspend !== undefined && rules.isKept(Number.NEGATIVE_INFINITY, suspend.until),
  )
  rules.check('suspended-by-manifest', !isSuspended, said)
  rules.check('suspended-by-command', !rules.isSuspended(id), said)
  if (time.now - rules.lastJump > slack) {
    const isClosed = always(({ controls: { windows } }) => wasClosedFor(slack, windows, setting.wall()))
    rules.check('outside-its-window', !isClosed, said)
  }
  const leansOn = versions[0]?.controls.dependsOn ?? []
  for (const on of leansOn.filter((one) => always(({ controls }) => controls.dependsOn.includes(one)))) {
    const resources = actor.readings.at(-1)?.declaration.resources ?? []
    const resource = resources.find((one) => one.id === on)
    if (!resource || !isModel(resource) || action.type === 'stop') continue
    // On standby it is healthy although it does not run, also for who decided before a broken file hid its primary.
    const isBehind = lately(setting, actor).some(({ declaration }) =>
      declaration.resources.some(({ controls }) => controls.fallback.includes(on)),
    )
    if (isBehind) continue
    // Decided while it still had another name outside, it was there under that.
    const named = [resource, ...versionsOf(setting, actor, on)].filter((one) => one !== undefined)
    const names = named.filter(isModel).map(outsideName)
    outside.tick()
    const last = Math.max(...names.map((name) => outside.lastRunning.get(name) ?? Number.NEGATIVE_INFINITY))
    rules.check(
      'dependencies-first',
      time.now - last < slack || peekState(disk, on)?.status.health === 'Healthy',
      () => `${action.summary} although ${on} does not run`,
    )
  }
}

/** A standby is not started while all that it stands behind has long been known to be healthy. */
function checkStandby(setting: Setting, actor: Actor, action: ModelAction): void {
  const { rules, disk, outside, time } = setting
  if (action.type !== 'create' && action.type !== 'start') return
  if (time.now - rules.lastJump < 2 * slack) return
  const wall = actor.clock.now()
  const primaries = lately(setting, actor).map(({ declaration }) =>
    declaration.resources.filter((one) => one.controls.fallback.includes(action.id)),
  )
  if (primaries.length === 0 || primaries.some((list) => list.length === 0)) return
  if ((peekState(disk, action.id)?.activeFor.length ?? 0) > 0) return
  const isNeedless = primaries.flat().every((primary) => {
    const health = peekState(disk, primary.id)?.status.conditions.find(({ type }) => type === 'Healthy')
    const since = isModel(primary) ? outside.runningSince.get(outsideName(primary)) : undefined
    const isKnown = health?.status === 'True' && health.since < wall - slack
    return isKnown && since !== undefined && since < time.now - slack
  })
  rules.check('standby-stands-by', !isNeedless, () => `${action.summary} while its primary is healthy`)
}

function checkRecovery(setting: Setting, { action, id, begun }: Effect): void {
  const { rules, time } = setting
  // Decided before people resumed or changed it: an attempt of before, though its effect came after.
  if (rules.wasOverruled(id) || rules.isResumedInFuture(id)) return
  const before = rules.revivals.get(id) ?? []
  rules.check(
    'attempts-are-bounded',
    before.length < recovery.maxAttempts,
    () => `${action.summary} for the ${before.length + 1}th time`,
  )
  const last = before.at(-1)
  if (last !== undefined && rules.lastLeap + slack < last) {
    const least = 0.9 * Math.min(recovery.backoff.max, recovery.backoff.initial * 2 ** (before.length - 1))
    rules.check(
      'attempts-keep-their-pace',
      begun - last >= least - 1,
      () => `${action.summary} ${Math.round(begun - last)} ms after the last, not ${least}`,
    )
  }
  rules.revivals.set(id, [...before, Math.min(begun, time.now)])
}

/** A vendor who names what is made is never asked twice for the same. */
export function checkDispatch(setting: Setting, action: Action): void {
  const { rules, outside, time } = setting
  const { workflow, revision } = action as DispatchAction
  const runs = outside.current.runs.filter((run) => run.workflow === workflow && run.revision === revision)
  const isExcused = rules.overlapped.has(workflow) || time.now - rules.lastJump < 15_000
  if (isExcused) rules.overlapped.add(workflow)
  rules.check(
    'nothing-is-made-twice',
    runs.length <= 1 || isExcused,
    () => `${runs.length} runs of ${workflow}`,
  )
}
