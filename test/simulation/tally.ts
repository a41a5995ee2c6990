import type { Mode, Run } from './simulation.ts'

/** Which modes a seed is run in; `alternate`: an odd seed in safety, an even one in liveness. */
export type ModeChoice = Mode | 'alternate' | 'both'

/** What a row of runs came to, in a form that passes between threads. */
export interface Tally {
  readonly runs: number
  readonly effects: number
  readonly overlaps: number
  readonly injected: ReadonlyMap<string, number>
  readonly checked: ReadonlyMap<string, number>
  readonly broken: readonly { readonly seed: number; readonly mode: Mode }[]
}

export const emptyTally: Tally = Object.freeze({
  runs: 0,
  effects: 0,
  overlaps: 0,
  injected: new Map<string, number>(),
  checked: new Map<string, number>(),
  broken: [],
})

export function tallyOf({ seed, mode, violation, effects, overlaps, injected, checked }: Run): Tally {
  return { runs: 1, effects, overlaps, injected, checked, broken: violation ? [{ seed, mode }] : [] }
}

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    runs: a.runs + b.runs,
    effects: a.effects + b.effects,
    overlaps: a.overlaps + b.overlaps,
    injected: addMaps(a.injected, b.injected),
    checked: addMaps(a.checked, b.checked),
    broken: [...a.broken, ...b.broken].toSorted((one, other) => one.seed - other.seed),
  }
}

function addMaps(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const sums = new Map(a)
  for (const [key, count] of b) sums.set(key, (sums.get(key) ?? 0) + count)
  return sums
}

export function modesOf(seed: number, choice: ModeChoice): readonly Mode[] {
  if (choice === 'both') return ['safety', 'liveness']
  if (choice === 'alternate') return [seed % 2 === 1 ? 'safety' : 'liveness']
  return [choice]
}
