import { type Duration, formatDuration, parseDuration } from '../core/duration.ts'
import type { Controls, RecoveryPolicy, ResourceId, Suspension, Window } from '../core/resource.ts'
import type { Faults } from './faults.ts'
import { formatPath } from './tree.ts'

/** The fields that every kind has, as a valid manifest writes them. */
interface DeclaredControls {
  readonly dependsOn?: readonly ResourceId[]
  readonly critical?: boolean
  readonly managementPolicy?: Controls['managementPolicy']
  readonly deletionPolicy?: Controls['deletionPolicy']
  readonly adopt?: boolean
  readonly suspend?: { readonly reason: string; readonly by?: string; readonly until?: string }
  readonly interval?: string
  readonly recovery?: {
    readonly maxAttempts?: number
    readonly backoff?: { readonly initial?: string; readonly max?: string; readonly factor?: number }
    readonly stableFor?: string
  }
  readonly fallback?: readonly ResourceId[]
  readonly fallbackAfter?: number
  readonly ignore?: readonly string[]
  readonly windows?: readonly {
    readonly cron: string
    readonly duration: string
    readonly timezone?: string
    readonly allow?: boolean
  }[]
}

/** DESIGN.md, "Fields that every kind has". Milliseconds. */
const recoveryDefaults: RecoveryPolicy = Object.freeze({
  maxAttempts: 5,
  backoff: Object.freeze({ initial: 5000, max: 300_000, factor: 2 }),
  stableFor: 60_000,
})

/** Bounds, so that nothing spins and nothing is meant that no timer reaches. Milliseconds. */
const bounds = Object.freeze({
  interval: { least: 1000, most: 31 * 86_400_000 },
  backoff: { least: 100, most: 7 * 86_400_000 },
  stableFor: { least: 0, most: 7 * 86_400_000 },
  window: { least: 60_000, most: 366 * 86_400_000 },
})

/** Reads the common fields of a document that its schema found valid, and fills in their defaults. */
export function readControls(spec: object, faults: Faults): Controls {
  const declared: DeclaredControls = spec
  const recovery = readRecovery(declared, faults)
  const fallback = declared.fallback ?? []
  if (declared.fallbackAfter !== undefined) {
    if (fallback.length === 0) {
      faults.add(['spec', 'fallbackAfter'], {
        code: 'fallback-after-bounds',
        message: 'Expected a `fallback` beside `fallbackAfter`, got none',
        hint: 'Name the fallback, or remove the field.',
      })
    } else if (declared.fallbackAfter > recovery.maxAttempts) {
      faults.add(['spec', 'fallbackAfter'], {
        code: 'fallback-after-bounds',
        message: `Expected \`spec.fallbackAfter\` to be from 1 to \`recovery.maxAttempts\` (${recovery.maxAttempts}), got ${declared.fallbackAfter}`,
        hint: 'Lower it, or raise `recovery.maxAttempts`.',
      })
    }
  }
  return Object.freeze({
    dependsOn: declared.dependsOn ?? [],
    critical: declared.critical ?? false,
    managementPolicy: declared.managementPolicy ?? 'Manage',
    deletionPolicy: declared.deletionPolicy,
    adopt: declared.adopt ?? false,
    suspend: readSuspension(declared),
    interval: duration(declared.interval, ['spec', 'interval'], bounds.interval, faults),
    recovery,
    fallback,
    fallbackAfter: declared.fallbackAfter ?? recovery.maxAttempts,
    ignore: declared.ignore ?? [],
    windows: readWindows(declared, faults),
  })
}

function readRecovery({ recovery }: DeclaredControls, faults: Faults): RecoveryPolicy {
  const path = ['spec', 'recovery', 'backoff']
  const given = recovery?.backoff
  const initial = duration(given?.initial, [...path, 'initial'], bounds.backoff, faults)
  const max = duration(given?.max, [...path, 'max'], bounds.backoff, faults)
  const defaults = recoveryDefaults.backoff
  const backoff = {
    // Where only one is given, the other one's default must not contradict it.
    initial: initial ?? Math.min(defaults.initial, max ?? defaults.initial),
    max: max ?? Math.max(defaults.max, initial ?? defaults.max),
    factor: given?.factor ?? defaults.factor,
  }
  if (backoff.initial > backoff.max) {
    faults.add([...path, 'initial'], {
      code: 'duration-out-of-bounds',
      message: `Expected \`spec.recovery.backoff.initial\` to be at most \`max\` (${given?.max}), got ${given?.initial}`,
      hint: 'Lower it, or raise `max`.',
    })
  }
  const stableFor = duration(recovery?.stableFor, ['spec', 'recovery', 'stableFor'], bounds.stableFor, faults)
  return Object.freeze({
    maxAttempts: recovery?.maxAttempts ?? recoveryDefaults.maxAttempts,
    backoff: Object.freeze(backoff),
    stableFor: stableFor ?? recoveryDefaults.stableFor,
  })
}

function readSuspension({ suspend }: DeclaredControls): Suspension | undefined {
  if (!suspend) return undefined
  const until = suspend.until === undefined ? undefined : Date.parse(suspend.until)
  return Object.freeze({ reason: suspend.reason, by: suspend.by, until })
}

function readWindows({ windows }: DeclaredControls, faults: Faults): readonly Window[] {
  return (windows ?? []).map((window, index) => {
    const path = ['spec', 'windows', String(index), 'duration']
    return Object.freeze({
      cron: window.cron,
      duration: duration(window.duration, path, bounds.window, faults) ?? bounds.window.least,
      timezone: window.timezone ?? 'UTC',
      allow: window.allow ?? true,
    })
  })
}

/** Reads a duration within bounds; a fault where it lies outside. */
export function duration(
  text: string | undefined,
  path: readonly string[],
  { least, most }: { readonly least: Duration; readonly most: Duration },
  faults: Faults,
): Duration | undefined {
  if (text === undefined) return undefined
  const value = parseDuration(text)
  if (value !== undefined && value >= least && value <= most) return value
  faults.add(path, {
    code: 'duration-out-of-bounds',
    message: `Expected \`${formatPath(path)}\` to be from ${formatDuration(least)} to ${formatDuration(most)}, got ${text}`,
  })
  return undefined
}
