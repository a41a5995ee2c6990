import type { Bundle } from '../../clients/bundler/bundle.ts'
import type { SourceFunction } from './source.ts'

/** They follow from the code and the bundler alone. */
const ofCode: ReadonlySet<string> = new Set(['build_data', 'priority'])

/** What Netlify is told with an upload only, which it wants of code that it does not have. */
const withUpload: ReadonlySet<string> = new Set(['invocation_mode', 'timeout'])

type Settings = Readonly<Record<string, unknown>>

/** One setting that differs. */
export interface ChangedSetting {
  readonly key: string
  /** Undefined: not set. */
  readonly before: unknown
  readonly after: unknown
  /** Whether it reaches Netlify with new code only. */
  readonly isWithUpload: boolean
}

/** What Netlify is told of a function besides its code and its schedule, as it is kept with the deploy. */
export function settingsOf(
  { config, invocationMode, timeout }: Bundle,
  /** Of a deploy that had the same code. */
  before?: string,
): string {
  const own = { ...config, invocation_mode: invocationMode, timeout }
  const kept = before === undefined ? {} : settingsIn(before)
  const told = Object.entries(own).map(([key, value]) => [
    key,
    before !== undefined && withUpload.has(key) ? kept[key] : value,
  ])
  return JSON.stringify(Object.fromEntries(told.filter(([key]) => !ofCode.has(String(key)))))
}

/** What differs from the settings that a deploy was made with; empty where those are not known. */
export function changedSettings(
  { bundle }: SourceFunction,
  there: string | undefined,
): readonly ChangedSetting[] {
  if (!bundle || there === undefined) return []
  const [before, after] = [settingsIn(there), settingsIn(settingsOf(bundle))]
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return keys
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => ({ key, before: before[key], after: after[key], isWithUpload: withUpload.has(key) }))
}

/** Why a function keeps its settings, in a sentence. */
export function unsentMessage(name: string, changed: readonly ChangedSetting[]): string {
  const told = changed.map(({ key, before, after }) => {
    const from = before === undefined ? '' : ` from ${JSON.stringify(before)}`
    return `${key}${from}${after === undefined ? ' to nothing' : ` to ${JSON.stringify(after)}`}`
  })
  return `${name}: netlify.toml changes ${told.join(', ')}, and Netlify takes that with new code only; change its source as well`
}

function settingsIn(text: string): Settings {
  return JSON.parse(text) as Settings
}
