import { describe, expect, it } from 'vitest'
import { diffWorkflow } from '../../../src/reconcilers/workflow/diff.ts'
import type { ObservedFile, ObservedPull } from '../../../src/reconcilers/workflow/observed.ts'
import type { WorkflowSpec } from '../../../src/reconcilers/workflow/spec.generated.ts'
import { desired, observed, owned, pairOf } from './model.ts'

const a = 'a'.repeat(40)
const b = 'b'.repeat(40)

function pull(rest: Partial<ObservedPull> = {}): ObservedPull {
  const proposal = { head: 'reconciled/ci-1', base: 'main' }
  return {
    number: 5,
    state: 'open',
    isMerged: false,
    body: '',
    url: '',
    content: a,
    isOfOneRepository: true,
    ...proposal,
    ...rest,
  }
}

/** The types of the actions; a blocked one in parentheses. */
function wanted(...given: Parameters<typeof pairOf>): readonly string[] {
  return diffWorkflow(pairOf(...given)).map(({ type, verb, blocked }) =>
    blocked ? `(${verb} ${type}: ${blocked.reason})` : `${verb} ${type}`,
  )
}

describe('the switch of a workflow', () => {
  it.each<[string, Partial<WorkflowSpec>, string, readonly string[]]>([
    ['active as declared: nothing', { state: 'active' }, 'active', []],
    ['not declared: left as it is', {}, 'disabled_manually', []],
    ['off by inactivity is undone by default', { state: 'active' }, 'disabled_inactivity', ['update enable']],
    [
      'off by inactivity is not undone where only manual is allowed',
      { state: 'active', reenable: ['manual'] },
      'disabled_inactivity',
      ['(update enable: NotAllowed)'],
    ],
    [
      'off by a person is not undone by default',
      { state: 'active' },
      'disabled_manually',
      ['(update enable: NotAllowed)'],
    ],
    [
      'off by a person is undone where that is declared',
      { state: 'active', reenable: ['manual'] },
      'disabled_manually',
      ['update enable'],
    ],
    [
      'off on a fork counts as a person’s choice',
      { state: 'active', reenable: ['inactivity'] },
      'disabled_fork',
      ['(update enable: NotAllowed)'],
    ],
    ['declared off, on: switched off', { state: 'disabled' }, 'active', ['update disable']],
    ['declared off, off: nothing', { state: 'disabled' }, 'disabled_inactivity', []],
    ['a state that is not known: nothing', { state: 'active' }, 'unknown', []],
    ['deleted: nothing', { state: 'active' }, 'deleted', []],
  ])('%s', (_, spec, state, expected) => {
    expect(wanted(desired(spec), observed({}, state))).toEqual(expected)
  })

  it('is left alone where the manifest ignores it', () => {
    expect(wanted(desired({ state: 'disabled' }, { ignore: ['/state'] }), observed())).toEqual([])
  })

  it('is off on standby, and on again when called upon, though a person’s switch would not be undone', () => {
    expect(wanted(desired(), observed(), { posture: 'standby' })).toEqual(['update disable'])
    expect(wanted(desired(), observed({}, 'disabled_manually'), { posture: 'standby' })).toEqual([])
    const stoodBy = { owned: owned({ disabledByUs: true, standbyRun: 1234 }) }
    expect(wanted(desired(), observed({}, 'disabled_manually'), stoodBy)).toEqual(['update enable'])
  })

  it('is what remains of a deletion', () => {
    const deleted = { owned: owned({}, 'Delete') }
    expect(wanted(undefined, observed(), deleted)).toEqual(['delete disable'])
    expect(wanted(undefined, observed({}, 'disabled_manually'), deleted)).toEqual([])
  })
})

describe('the file of a workflow', () => {
  const spec = { source: '../ci.yml' }
  const proposed = { source: '../ci.yml', delivery: 'pull-request' as const }
  it.each<[string, Partial<WorkflowSpec>, ObservedFile, readonly string[]]>([
    ['in step: nothing', spec, { wanted: a, found: a, pull: undefined }, []],
    ['drifted: committed', spec, { wanted: a, found: b, pull: undefined }, ['update commit-file']],
    ['missing: created', spec, { wanted: a, found: undefined, pull: undefined }, ['create commit-file']],
    ['drifted: proposed', proposed, { wanted: a, found: b, pull: undefined }, ['update propose-file']],
    ['proposed already: waits for its merge', proposed, { wanted: a, found: b, pull: pull() }, []],
    [
      'proposed with older content: updated, not opened again',
      proposed,
      { wanted: a, found: b, pull: pull({ content: b }) },
      ['update propose-file'],
    ],
    [
      'in step, and a proposal is open: it is moot',
      proposed,
      { wanted: a, found: a, pull: pull() },
      ['run close-pull'],
    ],
    [
      'a person closed it with this very content: not opened again',
      proposed,
      { wanted: a, found: b, pull: pull({ state: 'closed' }) },
      ['(update propose-file: NotAllowed)'],
    ],
    [
      'a person closed it with other content: proposed anew',
      proposed,
      { wanted: a, found: b, pull: pull({ state: 'closed', content: b }) },
      ['update propose-file'],
    ],
    [
      'merged, and drifted again since: proposed anew',
      proposed,
      { wanted: a, found: b, pull: pull({ state: 'closed', isMerged: true }) },
      ['update propose-file'],
    ],
  ])('%s', (_, declared, file, expected) => {
    expect(wanted(desired(declared), observed({ file }))).toEqual(expected)
  })

  it('is not proposed any more: what was is closed, whatever becomes of the workflow', () => {
    const left = observed({ abandoned: [pull()] })
    expect(wanted(desired({ ...spec, delivery: 'commit' }), left)).toEqual(['run close-pull'])
    expect(wanted(undefined, left, { owned: owned({}, 'Orphan') })).toEqual(['delete close-pull'])
    expect(wanted(undefined, left, { owned: owned({}, 'Delete') })).toEqual([
      'delete close-pull',
      'delete disable',
    ])
  })

  it('comes before the switch', () => {
    const file = { wanted: a, found: b, pull: undefined }
    const both = desired({ ...spec, state: 'active' })
    expect(wanted(both, observed({ file }, 'disabled_inactivity'))).toEqual([
      'update commit-file',
      'update enable',
    ])
  })
})
