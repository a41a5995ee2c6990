import { kindOf, nameOf, type ResourceId } from '../core/resource.ts'

/**
 * The known word that was probably meant, or undefined where none is close: at most a third of its letters may
 * differ (optimal string alignment distance: a swap of neighbours counts once), whatever the case.
 */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  const wanted = word.slice(0, 100).toLowerCase()
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const limit = Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3))
    if (Math.abs(wanted.length - candidate.length) > limit) continue
    const most = Math.min(limit, bestDistance - 1)
    const distance = alignmentDistance(wanted, candidate.toLowerCase(), most)
    if (distance <= most) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** The id that was probably meant: of the same kind by its name, else of the same name whatever its kind. */
export function suggestId(id: ResourceId, known: readonly ResourceId[]): ResourceId | undefined {
  const kin = known.filter((other) => kindOf(other).toLowerCase() === kindOf(id).toLowerCase())
  const name = suggest(nameOf(id), kin.map(nameOf))
  return kin.find((other) => nameOf(other) === name) ?? known.find((other) => nameOf(other) === nameOf(id))
}

/** Infinity where it is over `most`, which is known before all letters were looked at. */
function alignmentDistance(a: string, b: string, most: number): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let value = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(value)
    }
    // A swap may lead on from the row before.
    if (Math.min(...last) > most && Math.min(...row) > most) return Number.POSITIVE_INFINITY
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
