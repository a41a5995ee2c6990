import type { HoldReason } from '../../core/hold.ts'
import { faultOfBundling, faultOfSizes } from './bundle-fault.ts'
import { driftOf, isUnsentAlone } from './drift.ts'
import { differingVariables } from './env.ts'
import { isTakenBack, takenBackBefore } from './memory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { type FunctionSetPair, isIgnored } from './pair.ts'
import { type DesiredFunctionSet, isOnlyWatched } from './place.ts'
import { foreignTwinsOf, leftoversOf, twinsMessage, unmanagedMessage } from './site-functions.ts'
import { named } from './title.ts'
import { fingerprintOfSource } from './wanted-deploy.ts'

/** Why something is not done, as a plan holds it. */
interface Refusal {
  readonly reason: HoldReason
  readonly message: string
}

/** Why nothing may be deployed; undefined: nothing stands against it. */
export function refusalToDeploy(
  observed: ObservedFunctionSet,
  desired: DesiredFunctionSet,
  /** What no deploy would bring about, where it is all that there is to do. */
  unsent: readonly string[],
): Refusal | undefined {
  const { source, obstacles, managed } = observed
  const refuse = (message: string) => ({ reason: 'NotAllowed' as const, message })
  if (source.problems.length > 0) return { reason: 'ScriptMissing', message: source.problems.join('; ') }
  if (source.failures.length > 0 && !source.isRetryDue) {
    return { reason: 'FunctionNotBundled', message: faultOfBundling(source.failures) }
  }
  if (source.functions.length === 0 && managed.length > 0) {
    return refuse(
      'an empty directory is never taken for the wish to drop all functions; to do that, remove the manifest with `deletionPolicy: Delete`',
    )
  }
  const closed = refusalOfSite(observed, desired.spec.via)
  if (closed !== undefined) return refuse(closed)
  const { kept } = leftoversOf(observed, desired)
  if (desired.spec.unmanaged === 'refuse' && kept.length > 0) {
    return refuse(unmanagedMessage(kept))
  }
  if (unsent.length > 0) return refuse(unsent.join('; '))
  if (obstacles && obstacles.length > 0) return refuse(obstacles.join('; '))
  const tooLarge = faultOfSizes(source)
  if (tooLarge !== undefined) return refuse(tooLarge)
  const twins = foreignTwinsOf(observed)
  if (twins.length > 0 && !desired.controls.adopt) return { reason: 'NotOurs', message: twinsMessage(twins) }
  const takenBack = refusalAfterReturn(observed, desired)
  return takenBack === undefined ? undefined : refuse(takenBack)
}

/** Why what was taken back is not deployed again; undefined: it was not, or it is something else by now. */
export function refusalAfterReturn(
  observed: ObservedFunctionSet,
  desired: DesiredFunctionSet,
): string | undefined {
  const { memory, published } = observed
  const { rolledBack, envGeneration } = memory
  const now = {
    fingerprint: fingerprintOfSource(observed, desired),
    env: differingVariables(observed, desired).length > 0 ? undefined : (envGeneration ?? ''),
    publishedId: published?.id,
  }
  return rolledBack && isTakenBack(rolledBack, now) ? takenBackBefore(rolledBack) : undefined
}

/** Why a site takes no deploy of ours, whatever is in it; undefined: it does. */
export function refusalOfSite({ site, published }: ObservedFunctionSet, via: unknown): string | undefined {
  if (site.repository !== undefined && via === undefined) {
    return `the site is linked to ${site.repository}: \`via: api\` or \`via: build\` says who deploys`
  }
  if (site.refusesOtherDeploys) {
    return 'the site takes no deploys but those of its repository (`prevent_non_git_prod_deploys`)'
  }
  return lockOf({ published })
}

/** The same of a lock alone. */
export function lockOf({ published }: Pick<ObservedFunctionSet, 'published'>): string | undefined {
  if (!published?.isLocked) return undefined
  return `deploy ${published.id} is locked: nothing newer would be published`
}

/** What a deploy of ours would bring to the site, in words, and what stands against it; undefined: nothing waits for one. */
export function blockedDeploy(
  pair: FunctionSetPair,
  observed: ObservedFunctionSet,
): { readonly waits: string; readonly against: string } | undefined {
  const { desired } = pair
  const { site, memory } = observed
  // Nobody here deploys it: what is there is as it should be.
  if (!desired || isOnlyWatched(desired) || isIgnored(pair, 'directory')) return undefined
  if (site.repository !== undefined && desired.spec.via === undefined) return undefined
  const drift = driftOf(observed, desired)
  const needsEnv = memory.isEnvPending || differingVariables(observed, desired).length > 0
  if (drift.changes.length === 0 && !needsEnv) return undefined
  const isUnsent = isUnsentAlone(drift)
  const against = refusalToDeploy(observed, desired, isUnsent && !needsEnv ? drift.unsent : [])?.message
  if (against === undefined) return undefined
  const { added, changed, dropped, rescheduled, adjusted } = drift
  const names = [...new Set([...added, ...changed, ...dropped, ...rescheduled, ...adjusted])].sort()
  const waits = isUnsent
    ? 'settings of functions are not as the directory has them'
    : names.length > 0
      ? `the site is not as the directory: ${named(names)}`
      : 'changed variables do not take effect'
  return { waits, against }
}
