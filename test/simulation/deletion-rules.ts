import type { Declaration } from '../../src/core/declaration.ts'
import { successorOf } from '../../src/engine/former.ts'
import type { ModelAction } from '../support/modelled-domain.ts'
import type { Actor } from './actor.ts'
import { deletions, isModel, outsideName } from './manifests.ts'
import { peekInventory, peekOwned } from './peek.ts'
import type { Deed } from './rules.ts'
import type { Setting } from './setting.ts'
import { slack } from './slack.ts'

/** From the last look at the manifests to the effect of a deletion: a fresh read, a commit and the vendor. */
const lastLook = 5_000
/** Deletions this close together belong to one pass. */
const onePass = 6_000

/** From the last moment at which it is asked whether a deletion is still due to its intent: one commit, which may wait. */
const commitTakes = 300

/** What waited for its turn, or was read once more, and was declared again meanwhile is not deleted any more. */
export function checkStillDue(setting: Setting, actor: Actor, id: string): void {
  const { rules, time } = setting
  const turn = time.now - commitTakes
  if (actor.pausedUntil > turn) return
  const known = actor.readings.filter(({ at }) => at <= turn).at(-1)
  const isDeclared = known?.declaration.resources.some((one) => one.id === id) ?? false
  const isStill = actor.readings.filter(({ at }) => at > turn).length === 0
  rules.check(
    'a-deletion-is-still-due',
    !(isDeclared && isStill),
    () => `${id} is declared again, and to be deleted`,
  )
}

/** What must be so at the moment at which something is deleted. */
export function checkDeletion(setting: Setting, actor: Actor, action: ModelAction): void {
  const { rules, disk, outside, time } = setting
  const thing = outside.thing(action.name)
  if (!thing) return
  const said = () => `${action.summary} (${thing.program}, made by ${thing.madeBy})`
  rules.check('a-selection-prunes-nothing', !actor.isNarrow, said)
  // Who takes a thing over and lets go of its name at once leaves its row under another id.
  const row =
    peekOwned(disk, action.id) ?? peekInventory(disk).find((one) => one.externalName === action.name)
  rules.check('deletes-only-what-is-owned', row !== undefined, said)
  if (!row) return
  const policy = row.deletionPolicy ?? (row.origin === 'created' ? 'Delete' : 'Orphan')
  rules.check('deletes-only-by-policy', policy === 'Delete', said)
  // Somebody else's that is older than the fresh read must have been seen. No vendor compares marks when he deletes:
  // Process names the number that the fresh read found, and who marks that very process afterwards is not noticed.
  const isOurs = thing.mark?.fleet === 'acme' || row.origin === 'adopted'
  const othersSince = Math.max(thing.madeAt, rules.rivalSince.get(action.name) ?? Number.NEGATIVE_INFINITY)
  rules.check('deletes-only-what-we-made', isOurs || time.now - othersSince < lastLook, said)
  const window = actor.readings.filter(
    (_, index) => (actor.readings[index + 1]?.at ?? time.now) >= time.now - lastLook,
  )
  const isJustified = window.some(({ declaration }) => {
    const { resources, isComplete, isWhole } = declaration
    const isDeclared = resources.some(
      (one) => one.id === action.id || (isModel(one) && outsideName(one) === action.name),
    )
    // Nothing at all is declared: that everything should go must be said.
    const isMeant = resources.length > 0 || rules.allowedWithin(2 * slack).length > 0
    return isComplete && isWhole && isMeant && !isDeclared
  })
  rules.check('deletes-only-what-is-undeclared', isJustified, said)
  rules.check('suspended-by-command', !rules.isSuspended(successorOf(action.id) ?? action.id), said)
  checkSuccessor(
    setting,
    window.map(({ declaration }) => declaration),
    action,
  )
  if (!isOfBefore(actor, { id: action.id, at: time.now })) checkLimit(setting, actor, action.id)
}

/**
 * What a resource was called before goes when what it is called now is there, or was a moment ago: by what was declared
 * when it was decided, for who is at it already is not called back.
 */
function checkSuccessor(
  { rules, outside, time }: Setting,
  declarations: readonly Declaration[],
  action: ModelAction,
): void {
  const id = successorOf(action.id)
  const missing = declarations.map(({ resources }) => {
    const successor = resources.find((one) => one.id === id)
    if (!successor || !isModel(successor)) return undefined
    // On standby it is not there at all.
    if (resources.some(({ controls }) => controls.fallback.includes(successor.id))) return undefined
    const name = outsideName(successor)
    const goneAt = outside.changedAt.get(name)
    const isThere = outside.thing(name) !== undefined
    const wasThere = goneAt !== undefined && time.now - goneAt < slack
    return isThere || wasThere ? undefined : name
  })
  rules.check(
    'the-old-stays-until-the-new-is-there',
    missing.length === 0 || missing.includes(undefined),
    () => `${action.summary}, and ${missing.at(-1)} is not there`,
  )
}

/** What was not declared before either, and goes right after the manifests were read anew, was decided by what was read before. */
function isOfBefore(actor: Actor, { id, at }: Pick<Deed, 'id' | 'at'>): boolean {
  const version = actor.readings.at(-1)?.edition.version
  const index = actor.readings.findIndex(({ edition }) => edition.version === version)
  const [before, reading] = [actor.readings[index - 1], actor.readings[index]]
  if (!before || !reading || at - reading.at >= lastLook) return false
  return before.declaration.isComplete && !before.declaration.resources.some((one) => one.id === id)
}

function checkLimit(setting: Setting, actor: Actor, own: string): void {
  const { rules, disk, time } = setting
  const reading = actor.readings.at(-1)
  const edition = reading?.edition.version
  const isEmptied = reading?.declaration.resources.length === 0
  const same = rules.deeds.filter(
    (deed) =>
      deed.type === 'delete' &&
      deed.edition === edition &&
      deed.isEmptied === isEmptied &&
      deed.at >= rules.lastWord &&
      time.now - deed.at < onePass &&
      !isOfBefore(actor, deed),
  )
  // What is still there goes once more, and is one thing all the same.
  const count = new Set([...same.map(({ id }) => id), own]).size
  // A pass counts what was owned when it began.
  const forgotten = rules.forgotten.filter((at) => time.now - at < onePass).length
  const owned = peekInventory(disk).length + Math.max(same.length, forgotten)
  const isOverShare = count >= 3 && (100 * count) / Math.max(1, owned) > deletions.percent
  const isAllowed = rules
    .allowedWithin(2 * slack)
    .some((allowed) => same.filter(({ at }) => at >= allowed.from).length < allowed.count)
  rules.check(
    'deletion-limit',
    (count <= deletions.max && !isOverShare) || isAllowed,
    () => `${count} deletions of ${owned} things within 6 s`,
  )
}
