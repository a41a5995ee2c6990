import type { HealthStatus } from '../../core/health.ts'
import type { Assessment, History } from '../../core/reconciler.ts'
import type { FunctionSetAction } from './action.ts'
import { faultOfBundling } from './bundle-fault.ts'
import { childrenOf } from './children.ts'
import { driftOf } from './drift.ts'
import { takenBack } from './memory.ts'
import type { ObservedFunctionSet, Verified } from './observed.ts'
import { actionOf, type FunctionSetPair, isIgnored, ownerOf } from './pair.ts'
import { blockedDeploy, lockOf } from './refusal.ts'
import { leftoversOf, publishedFunctions, unmanagedMessage } from './site-functions.ts'
import { foreignDeploy, isOwnTitle, named, parseTitle } from './title.ts'
import { isProofDue } from './unproven.ts'

/** Readings in a row that a request must fail before it is believed: a new deploy takes a moment to be everywhere. */
const failuresBelieved = 3

/** Milliseconds between the readings of a request that fails. */
const lookAgainAfter = 1000

/** Milliseconds between the readings of a site that is being built: builds take minutes. */
const lookAtBuildAfter = 10_000

interface Verdict {
  readonly status: HealthStatus
  readonly reason: string
  readonly message: string
  readonly remedy?: FunctionSetAction
  readonly recheckAfter?: number
}

/** What the observation says of health. Pure. */
export function assessFunctionSet(
  pair: FunctionSetPair,
  { now }: Pick<History, 'now'>,
): Assessment<FunctionSetAction> {
  const { desired, observed } = pair
  const verdict: Verdict =
    desired && observed
      ? judge(pair, observed)
      : { status: 'Missing', reason: desired ? 'SiteMissing' : 'NotDeclared', message: missingMessage(pair) }
  const isBlocked =
    desired !== undefined && observed !== undefined && blockedDeploy(pair, observed) !== undefined
  return {
    status: verdict.status,
    reason: verdict.reason,
    message: verdict.message,
    remedy: verdict.remedy,
    recheckAfter: verdict.recheckAfter,
    measurements: observed && !observed.unread ? measure(observed) : {},
    children:
      desired && observed && !observed.unread ? childrenOf(observed, desired, { now, isBlocked }) : [],
    remember: undefined,
  }
}

function missingMessage({ desired }: FunctionSetPair): string {
  return desired ? `Netlify shows no site ${desired.spec.site} to this credential` : 'no longer declared'
}

function judge(pair: FunctionSetPair, observed: ObservedFunctionSet): Verdict {
  const { published, source, verified, memory, managed, unread } = observed
  if (unread) return { status: 'Unknown', reason: unread.code, message: unread.message }
  if (source.problems.length > 0) {
    return { status: 'Degraded', reason: 'DirectoryInvalid', message: source.problems.join('; ') }
  }
  const failed = verified.filter(({ isPassed }) => !isPassed)
  if (failed.length > 0) return judgeFailed(pair, observed, failed)
  if (source.functions.length === 0 && managed.length > 0) {
    return {
      status: 'Degraded',
      reason: 'DirectoryEmpty',
      message: `no function is in the directory any more; on the site: ${named(managed)}`,
    }
  }
  if (source.failures.length > 0) {
    return {
      status: 'Degraded',
      reason: 'FunctionNotBundled',
      message: `${faultOfBundling(source.failures)}; the site is as it was`,
    }
  }
  if (!published) {
    return { status: 'Missing', reason: 'NothingPublished', message: 'nothing is published yet' }
  }
  const { rolledBack } = memory
  const isInStep = pair.desired && driftOf(observed, pair.desired).changes.length === 0
  if (rolledBack && rolledBack.to === published.id && (!isInStep || memory.isEnvPending)) {
    return {
      status: 'Degraded',
      reason: 'RolledBack',
      message: takenBack(rolledBack),
    }
  }
  const site = publishedFunctions(observed)
  const missing = source.functions.filter(({ name }) => !site.has(name)).map(({ name }) => name)
  if (missing.length > 0 && observed.building !== undefined) {
    return {
      status: 'Progressing',
      reason: 'Building',
      message: `deploy ${observed.building} is being built; not on the site: ${named(missing)}`,
      recheckAfter: lookAtBuildAfter,
    }
  }
  if (observed.building !== undefined && memory.isEnvPending) {
    return {
      status: 'Progressing',
      reason: 'Building',
      message: `deploy ${observed.building} is being built; changed variables do not take effect before that`,
      recheckAfter: lookAtBuildAfter,
    }
  }
  const blocked = blockedDeploy(pair, observed)
  if (missing.length > 0) {
    const message = [`not on the site: ${named(missing)}`, ...(blocked ? [blocked.against] : [])].join('; ')
    return { status: 'Degraded', reason: 'FunctionsMissing', message }
  }
  if (isProofDue(pair, observed)) {
    return {
      status: 'Progressing',
      reason: 'Unproven',
      message: `whether deploy ${published.id} holds all that it must has not been looked at yet`,
    }
  }
  // A pass could only try again in vain, and what visitors get is not what is declared.
  if (blocked) {
    return { status: 'Degraded', reason: 'NotPublished', message: `${blocked.waits}; ${blocked.against}` }
  }
  const count = source.functions.length
  const proof = verified.length > 0 ? ', verified' : ''
  const owner = ownerOf(pair)
  const isForeign = !isOwnTitle(published.title, owner)
  const isOfOtherStore = !isForeign && parseTitle(published.title)?.store !== owner.store
  // Where something is to be deployed, that is why it waits.
  const isRefused = isInStep && pair.desired?.spec.unmanaged === 'refuse'
  const unmanaged = isRefused ? leftoversOf(observed, pair.desired).kept : []
  const notes = [
    ...(unmanaged.length > 0 ? [unmanagedMessage(unmanaged)] : []),
    ...(isForeign ? [foreignDeploy(published)] : []),
    // After the loss of a store that is nothing; two that both live would undo each other.
    ...(isOfOtherStore ? [`deploy ${published.id} was made from another state store of this fleet`] : []),
    ...(memory.isEnvPending && isIgnored(pair, 'directory')
      ? ['changed variables take effect with the next deploy, which `ignore: [/directory]` leaves to others']
      : []),
  ]
  return {
    status: 'Healthy',
    reason: isForeign ? 'PublishedByOthers' : 'Published',
    message: [
      `${count} ${count === 1 ? 'function' : 'functions'} in deploy ${published.id}${proof}`,
      ...notes,
    ].join('; '),
  }
}

function judgeFailed(
  pair: FunctionSetPair,
  observed: ObservedFunctionSet,
  failed: readonly Verified[],
): Verdict {
  const message = failed
    .map(
      ({ path, status, expected }) =>
        `${path} answers ${status === undefined ? 'nothing' : status} instead of ${expected}`,
    )
    .join('; ')
  if (failed.some(({ failures }) => failures < failuresBelieved)) {
    return { status: 'Progressing', reason: 'Verifying', message, recheckAfter: lookAgainAfter }
  }
  const { published, record, memory } = observed
  const { rolledBack } = memory
  if (rolledBack && rolledBack.to === published?.id) {
    return {
      status: 'Degraded',
      reason: 'RolledBack',
      message: `${message}; ${takenBack(rolledBack)}`,
    }
  }
  const isOurs = published !== undefined && isOwnTitle(published.title, ownerOf(pair))
  const { lastGood } = memory
  const mayRollBack = pair.desired?.spec.rollbackOnFailedVerify === true && isOurs
  if (!mayRollBack || lastGood === undefined || lastGood === published.id) {
    return { status: 'Degraded', reason: 'VerifyFailed', message }
  }
  const against = record?.goodBefore === lastGood ? lockOf(observed) : 'somebody else published since'
  if (against !== undefined) {
    return {
      status: 'Degraded',
      reason: 'VerifyFailed',
      message: `${message}; deploy ${lastGood} passed last, and is not published again: ${against}`,
    }
  }
  return {
    status: 'Degraded',
    reason: 'VerifyFailed',
    message,
    remedy: actionOf(pair, {
      type: 'roll-back',
      verb: 'run',
      summary: `publish deploy ${lastGood} again`,
      calls: 5,
      reason: `deploy ${published.id} fails: ${message}`,
      why: message,
      isRecovery: true,
    }),
  }
}

function measure({ verified, source }: ObservedFunctionSet): Readonly<Record<string, number>> {
  return {
    functions: source.functions.length,
    ...(verified.length > 0 && { probeMs: Math.max(...verified.map(({ took }) => took)) }),
  }
}
