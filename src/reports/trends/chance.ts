/** How likely at least `hits` of `tries` are where each hits with the chance `share`: the exact tail. */
export function binomialTail(hits: number, tries: number, share: number): number {
  if (hits <= 0) return 1
  if (hits > tries) return 0
  let sum = 0
  for (let count = hits; count <= tries; count += 1) {
    sum += Math.exp(logChoose(tries, count) + count * Math.log(share) + (tries - count) * Math.log1p(-share))
  }
  return Math.min(1, sum)
}

/** Fisher's exact test, one-sided: how likely so many hits fall into the second group if both are alike. */
export function fisherTail(
  first: { readonly hits: number; readonly tries: number },
  second: { readonly hits: number; readonly tries: number },
): number {
  const hits = first.hits + second.hits
  const all = first.tries + second.tries
  let sum = 0
  for (let count = second.hits; count <= Math.min(hits, second.tries); count += 1) {
    if (hits - count > first.tries) continue
    sum += Math.exp(
      logChoose(second.tries, count) + logChoose(first.tries, hits - count) - logChoose(all, hits),
    )
  }
  return Math.min(1, sum)
}

/**
 * The test of Mann and Whitney, one-sided by the normal approximation with ties: how likely `second` is so much larger
 * than `first` by chance.
 */
export function mannWhitneyTail(first: readonly number[], second: readonly number[]): number {
  const [m, n] = [first.length, second.length]
  if (m === 0 || n === 0) return 1
  const all = [
    ...first.map((value) => ({ value, isSecond: false })),
    ...second.map((value) => ({ value, isSecond: true })),
  ].toSorted((a, b) => a.value - b.value)
  let rankSum = 0
  let ties = 0
  for (let start = 0; start < all.length; ) {
    let end = start
    while (end < all.length && all[end]?.value === all[start]?.value) end += 1
    const rank = (start + 1 + end) / 2
    const size = end - start
    ties += size ** 3 - size
    rankSum += rank * all.slice(start, end).filter(({ isSecond }) => isSecond).length
    start = end
  }
  const u = rankSum - (n * (n + 1)) / 2
  const total = m + n
  const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)))
  if (variance <= 0) return 1
  return normalTail((u - (m * n) / 2 - 0.5) / Math.sqrt(variance))
}

/** The upper tail of the normal distribution, by Abramowitz and Stegun 26.2.17; off by less than 1e-7. */
function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z)
  const t = 1 / (1 + 0.2316419 * z)
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
}

function logChoose(n: number, k: number): number {
  let sum = 0
  for (let index = 1; index <= Math.min(k, n - k); index += 1) sum += Math.log((n - index + 1) / index)
  return sum
}
