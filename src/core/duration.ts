/** Milliseconds. */
export type Duration = number

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const durationPattern = /^(?:\d+(?:ms|s|m|h|d))+$/

/**
 * Parses a duration as manifests write it: whole numbers with `ms`, `s`, `m`, `h` or `d`, compounds allowed
 * (`1h30m`). Returns undefined for anything else, or where the sum is not a safe integer.
 */
export function parseDuration(text: string): Duration | undefined {
  if (!durationPattern.test(text)) return undefined
  let total = 0
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (unitMs[unit] ?? Number.NaN)
  }
  return Number.isSafeInteger(total) ? total : undefined
}

/** Prints a duration with its two largest units (`1h 30m`), whole milliseconds below a second. */
export function formatDuration(duration: Duration): string {
  if (duration < 1000) return `${Math.max(0, Math.round(duration))}ms`
  const parts: string[] = []
  let rest = Math.round(duration / 1000) * 1000
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = unitMs[unit] ?? 1
    const amount = Math.floor(rest / size)
    rest -= amount * size
    if (amount > 0) parts.push(`${amount}${unit}`)
  }
  return parts.slice(0, 2).join(' ')
}
