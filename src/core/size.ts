const unitBytes: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

/** Parses a size (`512M`; `K`, `M`, `G`, binary as PM2 counts) into bytes; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+)([KMG])$/.exec(text)
  if (!match) return undefined
  const bytes = Number(match[1]) * (unitBytes[match[2] ?? ''] ?? Number.NaN)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
