/** A time as manifests write it, by its largest whole unit (`1500ms`, `5s`, `2m`); undefined: it is none. */
export function durationText(ms: number): string | undefined {
  if (!Number.isSafeInteger(ms) || ms < 0) return undefined
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`
  }
  return ms < 10_000_000 ? `${ms}ms` : undefined
}

/** A size as manifests write it, by its largest whole unit (`512M`); undefined: no whole number of KiB. */
export function sizeText(bytes: number): string | undefined {
  if (!Number.isSafeInteger(bytes) || bytes <= 0) return undefined
  for (const [unit, size] of [
    ['G', 1024 ** 3],
    ['M', 1024 ** 2],
    ['K', 1024],
  ] as const) {
    if (bytes % size === 0) return `${bytes / size}${unit}`
  }
  return undefined
}
