import type { ResourceState } from '../../src/core/ledger.ts'
import type { Owned, Stray } from '../../src/core/ownership.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import type { StoreWrite } from '../../src/core/store.ts'
import { successorOf } from '../../src/engine/former.ts'
import type { Actor } from './actor.ts'
import { checkFallback } from './fallback-rules.ts'
import { isModel, outsideName, recovery } from './manifests.ts'
import { peekInventory, written } from './peek.ts'
import { checkRow } from './row-rules.ts'
import type { Setting } from './setting.ts'
import type { RowsBefore } from './shadow.ts'
import { slack } from './slack.ts'

/** What must be so when an actor has written something down. */
export function checkCommit(
  setting: Setting,
  actor: Actor,
  {
    writes,
    before,
    token,
  }: { readonly writes: readonly StoreWrite[]; readonly before: RowsBefore; readonly token: number },
): void {
  if (writes.every(({ collection }) => collection.startsWith('lease'))) return
  const { rules, disk } = setting
  rules.check(
    'only-the-holder-writes',
    actor.lease?.token === token,
    () => `${actor.pid} wrote without the lease`,
  )
  if (rules.unsettled) checkStillness(setting, rules.unsettled, { writes, before })
  for (const write of writes) {
    const id = write.key.slice(1)
    if (write.collection === 'inventory' && write.type === 'delete') checkForgotten(setting, id, before)
    if (write.collection === 'resource-state' && write.type === 'delete') {
      const isFormer = isMovedAside(actor, id, { writes, before })
      rules.beginAnew(id)
      if (!isFormer) checkStateGone(setting, actor, id)
    }
    if (write.collection === 'inventory' && write.type === 'put') {
      const row = written<Owned>(write.value)
      rules.leftOnPurpose.delete(row.externalName)
      checkRow(setting, actor, { row, writes, before })
    }
    if (write.collection === 'strays' && write.type === 'put') checkStrays(setting, written(write.value))
    // With the row of what was let go goes all that was known of what it was asked for.
    const isLetGo = write.collection === 'inventory' && write.type === 'delete'
    const workflow = id.startsWith('Dispatch/') ? before.owned.get(id)?.externalName : undefined
    const isTakenOver = peekInventory(disk).some(({ externalName }) => externalName === workflow)
    if (isLetGo && workflow !== undefined && !isTakenOver) rules.overlapped.add(workflow)
    // Who said that it is meant to go said that nothing of it need be remembered.
    const isMeant = write.type === 'delete' && rules.allowedWithin(2 * slack).length > 0
    if (write.collection === 'resource-state' && isMeant) rules.revivals.delete(id)
    if (write.collection === 'resource-state' && write.type === 'put') {
      checkState(setting, actor, { id: id as ResourceId, before: before.states.get(id) })
    }
  }
}

/** What a pass writes that found nothing to do: that it looked, what it measured, and what it answers who asked. */
const routine = /^(lease|resource-state|sample.*|pass-request)$/

/** Where nothing changes, passes write down that they looked, and nothing that anybody could call news. */
function checkStillness(
  { rules }: Setting,
  unsettled: ReadonlySet<string>,
  { writes, before }: { readonly writes: readonly StoreWrite[]; readonly before: RowsBefore },
): void {
  const concerned = writes.filter(({ key }) => {
    const id = key.slice(1) as ResourceId
    return !unsettled.has(successorOf(id) ?? id)
  })
  // Events and intents have numbers, which do not say what they are about.
  const strange = concerned.filter(
    ({ collection }) =>
      !routine.test(collection) && (unsettled.size === 0 || !/^(event|intent)/.test(collection)),
  )
  const changed = concerned.filter(({ collection, key }) => {
    if (collection !== 'resource-state') return false
    return verdictOf(rules.shadow.states.get(key.slice(1))) !== verdictOf(before.states.get(key.slice(1)))
  })
  rules.check(
    'a-no-op-writes-nothing',
    strange.length + changed.length === 0,
    () =>
      `${[...strange, ...changed].map(({ collection, key }) => `${collection} ${key}`).join(' ')} written`,
  )
}

/** What people are told of a state. Attempts and corrections are forgotten by the mere passing of time. */
function verdictOf(state: ResourceState | undefined): string {
  if (!state) return 'none'
  const { status, activeFor } = state
  return [status.sync, status.health, status.reason, ...activeFor].join()
}

/** People are told of what bears our mark and came back, and of nothing that was left on purpose. */
function checkStrays({ rules, outside, time }: Setting, strays: readonly Stray[]): void {
  for (const { externalName } of strays) {
    const isThere = outside.thing(externalName)?.mark?.fleet === 'acme'
    const wasThere = time.now - (outside.changedAt.get(externalName) ?? Number.NEGATIVE_INFINITY) < slack
    rules.check(
      'tells-only-of-what-came-back',
      (isThere || wasThere) && !rules.leftOnPurpose.has(externalName),
      () => `${externalName} is said to be back, and was left on purpose or is not there`,
    )
  }
}

/** The inventory forgets only what is gone, left on purpose, or taken over by another row. */
function checkForgotten(setting: Setting, id: string, before: RowsBefore): void {
  const { rules, disk, outside, time } = setting
  const row = before.owned.get(id)
  if (row) rules.forgotten.push(time.now)
  if (!row || !id.startsWith('Model/')) return
  rules.lastOwned.set(row.externalName, time.now)
  const thing = outside.thing(row.externalName)
  const isTakenOver = peekInventory(disk).some((other) => other.externalName === row.externalName)
  const policy = row.deletionPolicy ?? (row.origin === 'created' ? 'Delete' : 'Orphan')
  if (policy === 'Orphan' && !isTakenOver) rules.leftOnPurpose.add(row.externalName)
  const isOurs = thing?.mark?.fleet === 'acme' && thing.mark.origin === 'created'
  const isOrphaned =
    isOurs &&
    policy === 'Delete' &&
    row.origin === 'created' &&
    !isTakenOver &&
    time.now - thing.madeAt > 10_000
  rules.check(
    'forgets-only-what-is-gone',
    !isOrphaned,
    () => `forgot ${id}, and ${row.externalName} is there`,
  )
}

/**
 * Whether the row goes on under an id of its own in the same commit, because the resource has another outside name in
 * what was read last: what was tried was tried of the thing that it was.
 */
function isMovedAside(
  actor: Actor,
  id: string,
  { writes, before }: { readonly writes: readonly StoreWrite[]; readonly before: RowsBefore },
): boolean {
  const name = before.owned.get(id)?.externalName
  const declared = actor.readings.at(-1)?.declaration.resources.find((one) => one.id === id)
  if (name === undefined || !declared || !isModel(declared) || outsideName(declared) === name) return false
  return writes.some(
    ({ type, collection, key }) =>
      type === 'put' && collection === 'inventory' && key.slice(1) === `${id}@${name}`,
  )
}

/** What was tried is forgotten with a resource that nobody declares any more, or that is another thing now. */
function checkStateGone({ rules, time }: Setting, actor: Actor, id: string): void {
  const read = actor.readings.filter(
    (_, index) => (actor.readings[index + 1]?.at ?? time.now) >= time.now - slack,
  )
  const declared = read.map(({ declaration }) => declaration.resources.find((one) => one.id === id))
  const names = new Set(declared.map((one) => one && isModel(one) && outsideName(one)))
  const wasDisturbed = time.now - (rules.disturbed.get(id) ?? Number.NEGATIVE_INFINITY) < slack
  rules.check(
    'attempts-are-not-forgotten',
    names.size > 1 || names.has(undefined) || wasDisturbed,
    () => `the state of ${id} was forgotten while it was declared`,
  )
}

function checkState(
  setting: Setting,
  actor: Actor,
  { id, before }: { readonly id: ResourceId; readonly before: ResourceState | undefined },
): void {
  const { rules, outside, time } = setting
  const state = rules.shadow.states.get(id)
  if (!state) return
  const { status, recovery: count } = state
  rules.stability.follow(id, state, actor.clock.now())
  checkFallback(setting, actor, { id, before, after: state })
  if (status.health === 'Healthy') {
    // What nobody declares is never called so.
    rules.noteDeclared(id)
    const read = actor.lastRead.get(id)
    // A frozen machine does not notice that it was: what it read before is as old to it as it was then.
    const lastRead = read === undefined ? Number.NEGATIVE_INFINITY : Math.max(read, actor.pausedUntil)
    rules.check('unread-is-not-healthy', time.now - lastRead < slack, () => `${id} is called Healthy unread`)
    // The edit of who has not heard of it yet may be older.
    const newest = actor.readings.at(-1)?.edition.since ?? time.now
    const names = setting.manifests.namesSince(id, Math.min(newest, time.now - slack))
    if (names.length > 0 && status.reason !== 'StandingBy') {
      outside.tick()
      const last = Math.max(...names.map((name) => outside.lastRunning.get(name) ?? Number.NEGATIVE_INFINITY))
      rules.check(
        'healthy-means-running',
        time.now - last < slack,
        () => `${id} is called Healthy and is down`,
      )
    }
  }
  const earlier = before?.recovery
  // Another spec begins anew, also where people changed it while the last attempt was on its way.
  if (earlier?.specHash !== count.specHash) rules.revivals.delete(id)
  // Of what is not declared the hash is empty.
  if (earlier?.specHash === '' && count.specHash !== '') rules.noteDeclared(id)
  if (!earlier || earlier.specHash !== count.specHash || count.attempts >= earlier.attempts) return
  const healthySince = earlier.healthySince
  const isStable = healthySince !== undefined && actor.clock.now() - healthySince >= recovery.stableFor
  const isJumped = time.now - rules.lastJump < slack
  // Where hardly anything is read by itself an edit whose event was lost is heard of late.
  const heardWithin = 2 * slack * setting.manifests.calmness
  const wasDisturbed = time.now - (rules.disturbed.get(id) ?? Number.NEGATIVE_INFINITY) < heardWithin
  rules.check(
    'attempts-are-not-forgotten',
    isStable || isJumped || wasDisturbed,
    () => `${id} fell from ${earlier.attempts} to ${count.attempts} attempts`,
  )
  rules.revivals.delete(id)
}
