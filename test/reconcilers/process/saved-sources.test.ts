import { describe, expect, test } from 'vitest'
import type { ProcessAction } from '../../../src/reconcilers/process/action.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { declare } from './bench.ts'
import { observed, ownedAs, pairOf, record } from './model.ts'

const folder = '/srv/manifests'
const noon = Date.UTC(2026, 10, 27, 12)
const api = declare('api', { script: './api.mjs', sources: ['./lib/**'] }, { folder })
const ours = { fleet: 'test', environment: '', store: 'store-1', id: 'Process/api', hash: 'hash-1' }

/** What is to be done about a process with this mark and these further fields, whose sources hold `now`. */
function actionOn(
  mark: Readonly<Record<string, unknown>> | undefined,
  {
    now = 'now',
    fields = {},
    memory = {},
  }: Partial<Record<'fields' | 'memory', object>> & { now?: string } = {},
): ProcessAction | undefined {
  const one = record({ ...(mark && { reconciled: mark }), ...fields })
  const seen = observed([one], { sourcesHash: now })
  return reconciler.diff(pairOf(api, seen, { owned: ownedAs(api, { ...memory }) }))[0]
}

describe('sources that are saved', () => {
  test.each<[string, Parameters<typeof actionOn>, boolean]>([
    ['what runs is what we started last: nobody undid anything', [{ ...ours, sources: 'before' }], true],
    [
      'something else differs as well: that may be a rival',
      [{ ...ours, sources: 'before' }, { fields: { pm_exec_path: '/elsewhere/api.mjs' } }],
      false,
    ],
    ['another fleet started it', [{ ...ours, fleet: 'other', sources: 'before' }], false],
    ['adopted, and started by nobody of us', [undefined, { memory: { sources: 'before' } }], false],
    [
      'three starts in a row were followed by a change at once: the program may do that itself',
      [{ ...ours, sources: 'before' }, { memory: { quickSourceChanges: 3, sourcesChangedAfter: 1 } }],
      false,
    ],
  ])('%s', (_, given, expected) => {
    const action = actionOn(...given)
    expect(action?.changes.map(({ path }) => path)).toContain('sources')
    expect(action?.isUncontested ?? false).toBe(expected)
  })

  /** Restarts the process for each change of its sources, so many milliseconds after it had started. */
  function uncontested(changesAfter: readonly number[]): readonly boolean[] {
    let memory: Record<string, unknown> = {}
    let startedAt = noon
    return changesAfter.map((after, turn) => {
      const mark = { ...ours, sources: `content ${turn}` }
      const one = record({ reconciled: mark, pm_uptime: startedAt })
      const seen = observed([one], { sourcesHash: `content ${turn + 1}` })
      const pair = () => pairOf(api, seen, { owned: ownedAs(api, memory) })
      const action = () => reconciler.diff(pair())[0]
      const found = action()?.isUncontested ?? false
      // Read more than once before it is done: that is one change still.
      for (let reading = 0; reading < 3; reading += 1) {
        const now = startedAt + after + reading
        memory = { ...memory, ...reconciler.assess(pair(), { now, samples: [] }).remember }
      }
      startedAt += after + 1000
      return found
    })
  }

  test('by a person, also twice in a row: each is done at once', () => {
    const minutes = [60_000, 40_000, 1000, 90_000, 2000, 3000, 30_000, 60_000, 1000, 20_000]
    expect(uncontested(minutes)).toEqual(minutes.map(() => true))
  })

  test('by the program itself at each start: after three of them it is met as a rival is', () => {
    expect(uncontested([100, 100, 100, 100, 100, 100])).toEqual([true, true, true, false, false, false])
  })

  test('by a person again after all that: it is believed again', () => {
    expect(uncontested([100, 100, 100, 100, 60_000, 60_000])).toEqual([true, true, true, false, false, true])
  })
})
