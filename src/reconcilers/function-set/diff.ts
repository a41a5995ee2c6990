import type { Change } from '../../core/action.ts'
import { Secret } from '../../core/secret.ts'
import type { FunctionSetAction } from './action.ts'
import { type Drift, driftOf, isUnsentAlone } from './drift.ts'
import { differingVariables } from './env.ts'
import { foreignInventory, namesInInventory } from './inventory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { actionOf, type FunctionSetPair, isIgnored, ownerOf } from './pair.ts'
import type { DesiredFunctionSet } from './place.ts'
import { lockOf, refusalOfSite, refusalToDeploy } from './refusal.ts'
import { leftoversOf } from './site-functions.ts'
import { foreignDeploy, isOwnTitle, named } from './title.ts'
import { isProofDue } from './unproven.ts'
import { fingerprintOfSource } from './wanted-deploy.ts'

/** What must be done so that the site is as the directory says: variables first, because a deploy takes them in. */
export function diffFunctionSet(pair: FunctionSetPair): readonly FunctionSetAction[] {
  const { desired, observed } = pair
  if (!desired) return diffRemoved(pair)
  if (!observed) return [missingSite(pair, desired)]
  if (observed.unread) return inventoryActions(pair, observed)
  const env = envAction(pair, { desired, observed })
  const deploys = deployActions(pair, { desired, observed, isEnvChanged: env !== undefined })
  // A deploy does it itself, before anything else.
  if (isProofDue(pair, observed) && !deploys.some(({ blocked }) => !blocked)) {
    return [proofAction(pair, observed.published)]
  }
  const inventory = inventoryActions(pair, observed)
  // The list is a file here: it does not wait for a deploy that must not be. All that is held shows when it is written.
  const isFree = deploys.some(({ blocked }) => blocked) && inventory.some(({ blocked }) => !blocked)
  return isFree ? inventory : [...(env ? [env] : []), ...deploys, ...inventory]
}

function envAction(
  pair: FunctionSetPair,
  { desired, observed }: { readonly desired: DesiredFunctionSet; readonly observed: ObservedFunctionSet },
): FunctionSetAction | undefined {
  const differing = differingVariables(observed, desired)
  if (differing.length === 0) return undefined
  const changes = differing.map(
    ({ key, state, isSecret, before, after }): Change =>
      isSecret
        ? {
            path: `env.${key}`,
            sensitive: true,
            ...(state === 'undeclared' ? { note: 'removed' } : noteOnUnread(pair, key)),
          }
        : { path: `env.${key}`, before: before ?? null, after: after ?? null, sensitive: false },
  )
  const count = differing.length
  const removed = differing.filter(({ state }) => state === 'undeclared').length
  const set = count - removed
  const parts = [...(set > 0 ? [`set ${set}`] : []), ...(removed > 0 ? [`remove ${removed}`] : [])]
  return actionOf(pair, {
    type: 'set-env',
    verb: 'update',
    summary: `${parts.join(' and ')} environment ${count === 1 ? 'variable' : 'variables'}`,
    reason: 'drifted',
    changes,
    variables: differing,
    removes: removed,
    // A list of what is there, and each context by itself.
    calls: 2 + 3 * count,
  })
}

/** A variable that the site lacks is set whatever its value is, which a dry run may not have read. */
function noteOnUnread({ desired }: FunctionSetPair, key: string): { readonly note?: string } {
  const value = desired?.spec.env?.[key]
  return value instanceof Secret && !value.isRead ? { note: 'not read in a dry run' } : {}
}

function deployActions(
  pair: FunctionSetPair,
  given: {
    readonly desired: DesiredFunctionSet
    readonly observed: ObservedFunctionSet
    readonly isEnvChanged: boolean
  },
): readonly FunctionSetAction[] {
  const { desired, observed, isEnvChanged } = given
  if (isIgnored(pair, 'directory')) return []
  const drift = driftOf(observed, desired)
  const needsEnv = isEnvChanged || observed.memory.isEnvPending
  const isDrifted = drift.changes.length > 0
  if (desired.spec.via === 'build') return buildActions(pair, { drift, needsEnv })
  if (!isDrifted && !needsEnv) return []
  const isUnsent = isUnsentAlone(drift)
  const unsent = isUnsent && !needsEnv ? drift.unsent : []
  const blocked = refusalToDeploy(observed, desired, unsent)
  return [
    actionOf(pair, {
      type: 'deploy',
      verb: observed.published ? 'update' : 'create',
      summary:
        isDrifted && !(isUnsent && needsEnv)
          ? summaryOf(drift)
          : 'deploy again, so that changed variables take effect',
      reason: reasonToDeploy(pair, isDrifted),
      calls: deployCalls + drift.added.length + drift.changed.length,
      changes: drift.changes,
      removes: drift.dropped.length,
      dropped: drift.dropped,
      isUncontested: isSourceAhead(observed, desired),
      ...(blocked && { blocked }),
    }),
  ]
}

/** The last look at a deploy that was cut off before it. */
function proofAction(pair: FunctionSetPair, published: ObservedFunctionSet['published']): FunctionSetAction {
  return actionOf(pair, {
    type: 'prove',
    verb: 'run',
    summary: `look whether deploy ${published?.id} holds all that it must`,
    reason: 'the deploy was cut off before it was seen to be whole',
    calls: 8,
    isRecovery: true,
  })
}

/** Whether what we deployed last is published still, and the directory holds something else by now. */
function isSourceAhead(observed: ObservedFunctionSet, desired: DesiredFunctionSet): boolean {
  const { published, record, memory } = observed
  if (!published || !record || memory.deployed !== published.id) return false
  return record.fingerprint !== fingerprintOfSource(observed, desired)
}

/** Calls that a deploy takes besides its uploads: two looks at all that must stay, the deploy itself, and its proof. */
const deployCalls = 24

/** Who made it necessary, where somebody else replaced what we had published. */
function reasonToDeploy(pair: FunctionSetPair, isDrifted: boolean): string {
  const published = pair.observed?.published
  if (!published) return 'nothing is published'
  if (!isDrifted) return 'environment changed'
  const isReplaced = pair.observed?.managed.length !== 0 && !isOwnTitle(published.title, ownerOf(pair))
  return isReplaced ? `drifted: ${foreignDeploy(published)}` : 'drifted'
}

/** The build knows what the source becomes; we know only whether a function is there. */
function buildActions(
  pair: FunctionSetPair,
  { drift, needsEnv }: { readonly drift: Drift; readonly needsEnv: boolean },
): readonly FunctionSetAction[] {
  if (drift.added.length === 0 && !needsEnv) return []
  // It is waited for: what it brings is seen when it is over, and another is started where that was not enough.
  if (pair.observed?.building !== undefined) return []
  const lock = pair.observed && lockOf(pair.observed)
  return [
    actionOf(pair, {
      type: 'build',
      verb: 'run',
      summary: "start the site's own build",
      reason: drift.added.length > 0 ? `${named(drift.added)} not published` : 'environment changed',
      calls: 4,
      isRecovery: true,
      ...(lock !== undefined && { blocked: { reason: 'NotAllowed' as const, message: lock } }),
    }),
  ]
}

function summaryOf(drift: Drift): string {
  const { added, changed, unbundled, dropped, rescheduled, adjusted, unsent } = drift
  if (isUnsentAlone(drift)) return `deploy ${unsent.length} with changed settings`
  const isSure =
    [added, dropped, rescheduled, adjusted].some(({ length }) => length > 0) ||
    changed.length > unbundled.length
  // A comment may be all that changed, and then nothing is deployed.
  if (!isSure) {
    const word = changed.length === 1 ? 'source' : 'sources'
    return `bundle ${changed.length} changed ${word}, and deploy what differs`
  }
  const parts = [
    added.length > 0 ? `${added.length} new` : '',
    changed.length > 0 ? `${changed.length} changed` : '',
    dropped.length > 0 ? `${dropped.length} removed` : '',
    rescheduled.length > 0 ? `${rescheduled.length} rescheduled` : '',
    adjusted.length > 0 ? `${adjusted.length} with changed settings` : '',
  ].filter((part) => part !== '')
  return `deploy functions: ${parts.join(', ')}`
}

/** Sites are not made: which team pays for one is a person's to say. */
function missingSite(pair: FunctionSetPair, { spec }: DesiredFunctionSet): FunctionSetAction {
  return actionOf(pair, {
    type: 'deploy',
    verb: 'create',
    summary: 'deploy functions',
    reason: 'there is no such site',
    blocked: {
      reason: 'NotAllowed',
      message: `the site ${spec.site} is not there any more, and sites are not made; make it, or correct \`site\``,
    },
  })
}

function inventoryActions(
  pair: FunctionSetPair,
  { inventory, source, unread }: ObservedFunctionSet,
): readonly FunctionSetAction[] {
  if (!inventory || inventory.found === inventory.wanted || isIgnored(pair, 'inventory')) return []
  // A directory that could not be read says nothing of what it holds.
  if (source.problems.length > 0) return []
  const isForeign = inventory.found !== undefined && namesInInventory(inventory.found) === undefined
  const isEmptied = source.functions.length === 0 && inventory.found !== undefined
  const refused = isForeign
    ? `${inventory.path}: ${foreignInventory}`
    : isEmptied
      ? 'the directory holds no function: a list is not emptied'
      : undefined
  return [
    actionOf(pair, {
      type: 'write-inventory',
      verb: inventory.found === undefined ? 'create' : 'update',
      summary: `write ${inventory.path}`,
      reason: [
        inventory.found === undefined ? 'it does not exist' : 'differs from the directory',
        ...(unread ? [`nothing is known of the site: ${unread.message}`] : []),
      ].join('; '),
      ...(refused !== undefined && { blocked: { reason: 'NotAllowed' as const, message: refused } }),
    }),
  ]
}

/** Deleting is a deploy without the functions that are ours; all else of the site stays. */
function diffRemoved(pair: FunctionSetPair): readonly FunctionSetAction[] {
  const { observed } = pair
  if (!observed) return []
  const { dropped } = leftoversOf(observed, undefined)
  if (dropped.length === 0) return []
  const closed = refusalOfSite(observed, pair.owned?.fields.via?.value)
  const obstacles = [...(closed === undefined ? [] : [closed]), ...(observed.obstacles ?? [])]
  return [
    actionOf(pair, {
      type: 'deploy',
      verb: 'delete',
      summary: `deploy without ${named(dropped)}`,
      reason: 'no longer declared',
      removes: dropped.length,
      dropped,
      calls: deployCalls,
      ...(obstacles.length > 0 && {
        blocked: { reason: 'NotAllowed' as const, message: obstacles.join('; ') },
      }),
    }),
  ]
}
