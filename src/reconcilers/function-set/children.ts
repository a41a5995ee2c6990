import type { BundleFailure } from '../../clients/bundler/bundle.ts'
import type { HealthStatus } from '../../core/health.ts'
import type { ChildStatus } from '../../core/status.ts'
import { faultOfBundling } from './bundle-fault.ts'
import { scheduleOf, shortDigest } from './drift.ts'
import type { ObservedFunctionSet, Verified } from './observed.ts'
import { type DesiredFunctionSet, isOnlyWatched } from './place.ts'
import { changedSettings } from './settings.ts'
import { leftoversOf, type PublishedFunction, publishedFunctions } from './site-functions.ts'
import type { SourceFunction } from './source.ts'

/** One child a function: those of the directory, and those on the site that are not ours. */
export function childrenOf(
  observed: ObservedFunctionSet,
  desired: DesiredFunctionSet,
  told: {
    readonly now: number
    /** Whether what differs waits for a deploy that may not be. */
    readonly isBlocked: boolean
  },
): readonly ChildStatus[] {
  const site = publishedFunctions(observed)
  const verified = Map.groupBy(observed.verified, (one) => one.function)
  const own = observed.source.functions.map((file) =>
    childOf(file, {
      there: site.get(file.name),
      verified: verified.get(file.name) ?? [],
      failure: observed.source.failures.find(({ name }) => name === file.name),
      desired,
      ...told,
    }),
  )
  const foreign = leftoversOf(observed, desired).kept.map(
    ({ name, digest, schedule }): ChildStatus => ({
      name,
      health: 'Healthy',
      message: 'on the site, not in the directory: left as it is',
      details: {
        ...(digest !== undefined && { digest: shortDigest(digest) ?? '' }),
        ...(schedule && { schedule }),
      },
    }),
  )
  return [...own, ...foreign].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function childOf(
  file: SourceFunction,
  found: {
    readonly there: PublishedFunction | undefined
    readonly verified: readonly Verified[]
    readonly failure: BundleFailure | undefined
    readonly desired: DesiredFunctionSet
    readonly now: number
    readonly isBlocked: boolean
  },
): ChildStatus {
  const { there, verified, failure, desired, now, isBlocked } = found
  const failed = verified.find(({ isPassed }) => !isPassed)
  const schedule = there?.schedule ?? scheduleOf(desired, file)
  const [health, message] = failure
    ? (['Degraded', faultOfBundling([failure])] as const)
    : verdictOf(file, { there, failed, isOnlyWatched: isOnlyWatched(desired), isBlocked })
  return {
    name: file.name,
    health,
    message,
    details: {
      file: file.file,
      ...(there?.digest !== undefined && { digest: shortDigest(there.digest) ?? '' }),
      ...(schedule !== undefined && { schedule }),
      ...(verified.length > 0 && {
        verified: verified.map(answerOf).join(', '),
        verifiedAt: new Date(now).toISOString(),
      }),
    },
  }
}

/** What one request was answered. */
function answerOf({ path, status, expected, isPassed }: Verified): string {
  return `${path} ${status ?? 'no answer'}${isPassed ? '' : ` instead of ${expected}`}`
}

function verdictOf(
  file: SourceFunction,
  found: {
    readonly there: PublishedFunction | undefined
    readonly failed: Verified | undefined
    /** What differs is no way on which a function is then. */
    readonly isOnlyWatched: boolean
    readonly isBlocked: boolean
  },
): readonly [HealthStatus, string] {
  const { there, failed } = found
  const { bundle } = file
  if (!there) return ['Missing', 'not on the site']
  if (failed)
    return ['Degraded', `${failed.path} answers ${failed.status ?? 'nothing'} instead of ${failed.expected}`]
  const waiting = found.isBlocked ? 'Degraded' : 'Progressing'
  const isSame = bundle?.digest === there.digest
  const settings = isSame ? changedSettings(file, there.settings) : []
  if (isSame && settings.length === 0) return ['Healthy', 'published as it is in the directory']
  if (settings.length > 0 && !found.isOnlyWatched) {
    return [waiting, `on the site with another ${settings.map(({ key }) => key).join(', ')}`]
  }
  if (!found.isOnlyWatched) return [waiting, 'another version is on the site']
  if (!bundle) return ['Healthy', 'on the site; not compared, because it is not bundled here']
  return ['Healthy', 'on the site, in another version than it would be bundled here']
}
