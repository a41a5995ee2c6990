import { describe, expect, it } from 'vitest'
import { decide } from '../../src/alerts/decide.ts'
import { gather } from '../../src/alerts/groups.ts'
import type { Alert, AlertGroup, Trouble } from '../../src/core/alert.ts'
import { resourceId } from '../../src/core/resource.ts'

const minute = 60_000
const alert: Alert = {
  name: 'on-call',
  receivers: ['ops'],
  on: ['Degraded', 'RecoveryExhausted', 'HealthBelowTarget'],
  severity: 'info',
  kinds: undefined,
  labels: undefined,
  groupBy: [],
  groupWait: 30_000,
  groupInterval: 5 * minute,
  repeatInterval: 240 * minute,
  sendResolved: true,
  title: undefined,
  text: undefined,
}

function trouble(name: string, own: Partial<Trouble> = {}): Trouble {
  return {
    type: 'Degraded',
    id: resourceId('Process', name),
    severity: 'warning',
    message: 'exit code 1',
    since: 0,
    ...own,
  }
}

/** What one alert says in the course of time: at each moment, the names of what is degraded then. */
function follow(
  course: readonly (readonly [at: number, names: readonly string[]])[],
  own: Partial<Alert> = {},
) {
  const told: string[] = []
  let group: AlertGroup | undefined
  for (const [at, names] of course) {
    const rule = { ...alert, ...own }
    const gathering = gather(
      rule,
      names.map((name) => trouble(name)),
      { labels: new Map() },
    ).get('all')
    const verdict = decide(rule, group, gathering, { now: at, isLast: false, isOpen: () => false })
    group = verdict.group
    if (!verdict.tell) continue
    const listed = (list: readonly Trouble[]) => list.map(({ id }) => id?.slice(8)).join('+')
    told.push(
      `${at / 1000}: ${listed(verdict.tell.firing) || 'nothing'}, ended ${listed(verdict.tell.resolved) || 'none'}`,
    )
  }
  return told
}

describe('what is told in the course of time', () => {
  it.each([
    [
      'nothing, where nothing is wrong',
      [
        [0, []],
        [minute, []],
      ],
      [],
    ],
    [
      'nothing of what passed before the wait was over',
      [
        [0, ['a']],
        [20_000, []],
        [40_000, []],
      ],
      [],
    ],
    [
      'one message of all that came during the wait',
      [
        [0, ['a']],
        [10_000, ['a', 'b']],
        [30_000, ['a', 'b', 'c']],
      ],
      ['30: a+b+c, ended none'],
    ],
    [
      'no second one while nothing changes',
      [
        [0, ['a']],
        [30_000, ['a']],
        [10 * minute, ['a']],
        [60 * minute, ['a']],
      ],
      ['30: a, ended none'],
    ],
    [
      'the same again after the long interval',
      [
        [0, ['a']],
        [30_000, ['a']],
        [241 * minute, ['a']],
      ],
      ['30: a, ended none', '14460: a, ended none'],
    ],
    [
      'what came later, after the short interval',
      [
        [0, ['a']],
        [30_000, ['a']],
        [minute, ['a', 'b']],
        [6 * minute, ['a', 'b']],
      ],
      ['30: a, ended none', '360: a+b, ended none'],
    ],
    [
      'what ended meanwhile, in the next message',
      [
        [0, ['a', 'b']],
        [30_000, ['a', 'b']],
        [6 * minute, ['b']],
      ],
      ['30: a+b, ended none', '360: b, ended a'],
    ],
    [
      'the end, once it has lasted',
      [
        [0, ['a', 'b']],
        [30_000, ['a', 'b']],
        [minute, []],
        [80_000, []],
        [90_000, []],
        [100_000, []],
      ],
      ['30: a+b, ended none', '90: nothing, ended a+b'],
    ],
    [
      'no end of what came back at once',
      [
        [0, ['a']],
        [30_000, ['a']],
        [minute, []],
        [80_000, ['a']],
        [120_000, ['a']],
      ],
      ['30: a, ended none'],
    ],
    [
      'the first message, although the clock was set back',
      [
        [100 * minute, ['a']],
        [0, ['a']],
        [30_000, ['a']],
      ],
      ['30: a, ended none'],
    ],
    [
      'what came later, although the clock was set back',
      [
        [100 * minute, ['a']],
        [101 * minute, ['a']],
        [0, ['a', 'b']],
        [5 * minute, ['a', 'b']],
      ],
      ['6060: a, ended none', '300: a+b, ended none'],
    ],
    [
      'the same again after the long interval, although the clock was set back',
      [
        [1000 * minute, ['a']],
        [1001 * minute, ['a']],
        [0, ['a']],
        [240 * minute, ['a']],
      ],
      ['60060: a, ended none', '14400: a, ended none'],
    ],
  ] as const)('is %s', (_, course, expected) => {
    expect(follow(course)).toEqual(expected)
  })

  it('holds no end where the alert does not want it', () => {
    expect(
      follow(
        [
          [0, ['a']],
          [30_000, ['a']],
          [minute, []],
          [5 * minute, []],
        ],
        { sendResolved: false },
      ),
    ).toEqual(['30: a, ended none'])
  })

  it('is told once of what comes and goes, where the alert wants no end', () => {
    expect(
      follow(
        [
          [0, ['a']],
          [30_000, ['a']],
          [minute, []],
          [80_000, ['a']],
          [2 * minute, ['a']],
          [3 * minute, []],
          [3.4 * minute, ['a']],
          [4 * minute, ['a']],
        ],
        { sendResolved: false },
      ),
    ).toEqual(['30: a, ended none'])
  })

  it('is told again of what comes back after it was over, where the alert wants no end', () => {
    expect(
      follow(
        [
          [0, ['a']],
          [30_000, ['a']],
          [minute, []],
          [90_000, []],
          [2 * minute, ['a']],
          [2.5 * minute, ['a']],
        ],
        { sendResolved: false },
      ),
    ).toEqual(['30: a, ended none', '150: a, ended none'])
  })

  it('does not wait where nobody looks again', () => {
    const gathering = gather(alert, [trouble('a')], { labels: new Map() }).get('all')
    const first = decide(alert, undefined, gathering, { now: 0, isLast: true, isOpen: () => false })
    expect(first.tell?.firing).toHaveLength(1)
    const again = decide(alert, first.group, gathering, { now: 1000, isLast: true, isOpen: () => false })
    expect(again.tell).toBeUndefined()
    const end = decide(alert, again.group, undefined, { now: 2000, isLast: true, isOpen: () => false })
    expect(end.tell?.resolved).toHaveLength(1)
    expect(end.group).toBeUndefined()
  })
})

describe('what an alert selects', () => {
  const troubles = [
    trouble('a'),
    trouble('b', { severity: 'critical', type: 'RecoveryExhausted' }),
    trouble('c', { id: resourceId('Workflow', 'c') }),
    trouble('', { id: undefined, type: 'HealthBelowTarget', severity: 'critical' }),
  ]
  const labels = new Map([
    [resourceId('Process', 'a'), { tier: 'core' }],
    [resourceId('Process', 'b'), { tier: 'edge' }],
  ])
  const chosen = (own: Partial<Alert>) =>
    [...gather({ ...alert, ...own }, troubles, { labels }).values()].map(({ name, troubles: list }) =>
      [name, ...list.map(({ id }) => id ?? 'fleet')].join(' '),
    )

  it.each([
    ['everything, worst first', {}, [' fleet Process/b Process/a Workflow/c']],
    ['a severity and worse', { severity: 'critical' as const }, [' fleet Process/b']],
    ['kinds, without the fleet as a whole', { kinds: ['Process'] }, [' Process/b Process/a']],
    ['labels, all of them', { labels: { tier: 'core' } }, [' Process/a']],
    ['nothing, where labels do not fit', { labels: { tier: 'core', team: 'x' } }, []],
    ['types', { on: ['RecoveryExhausted' as const] }, [' Process/b']],
    [
      'groups by kind',
      { groupBy: ['kind'] },
      ['kind=Process Process/b Process/a', 'kind=Workflow Workflow/c', 'kind=Fleet fleet'],
    ],
    [
      'groups by a label',
      { groupBy: ['label:tier'], kinds: ['Process'] },
      ['label:tier=core Process/a', 'label:tier=edge Process/b'],
    ],
  ])('is %s', (_, own, expected) => {
    expect(chosen(own)).toEqual(expected)
  })
})
