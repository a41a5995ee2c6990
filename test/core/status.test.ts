import { describe, expect, test } from 'vitest'
import type { HealthStatus } from '../../src/core/health.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import { loweringOf, type ResourceStatus, scoreFleet } from '../../src/core/status.ts'

function status(name: string, health: HealthStatus, rest: Partial<ResourceStatus> = {}): ResourceStatus {
  return {
    id: `Process/${name}` as ResourceId,
    sync: 'Synced',
    health,
    reason: health,
    message: '',
    observedAt: 1,
    attempts: 0,
    nextAttemptAt: undefined,
    lastAction: undefined,
    conditions: [],
    children: [],
    critical: false,
    isExcused: false,
    ...rest,
  }
}

const many = (count: number, health: HealthStatus) =>
  Array.from({ length: count }, (_, index) => status(`${health}-${index}`, health))

describe('the score', () => {
  test.each<[why: string, resources: readonly ResourceStatus[], score: number | undefined, state: string]>([
    ['an empty fleet has none', [], undefined, 'NothingDeclared'],
    ['all healthy is 100', many(7, 'Healthy'), 100, 'Healthy'],
    ['suspended counts as healthy', [...many(3, 'Healthy'), ...many(2, 'Suspended')], 100, 'Healthy'],
    ['unknown does not', [...many(4, 'Healthy'), ...many(1, 'Unknown')], 80, 'Healthy'],
    ['on its way does not', [...many(3, 'Healthy'), ...many(1, 'Progressing')], 75, 'Degraded'],
    ['one of a thousand is never 100', [...many(999, 'Healthy'), ...many(1, 'Missing')], 99, 'Healthy'],
    [
      'one that is critical degrades the fleet above its target',
      [...many(9, 'Healthy'), status('db', 'Degraded', { critical: true })],
      90,
      'Degraded',
    ],
    [
      'a critical one that is suspended does not',
      [...many(9, 'Healthy'), status('db', 'Suspended', { critical: true })],
      100,
      'Healthy',
    ],
    [
      'a resource counts once, however many children it has',
      [
        ...many(1, 'Healthy'),
        status('api', 'Degraded', {
          children: Array.from({ length: 9 }, (_, index) => ({
            name: `api#${index}`,
            health: 'Healthy' as const,
            message: '',
            details: {},
          })),
        }),
      ],
      50,
      'Degraded',
    ],
  ])('%s', (_why, resources, score, state) => {
    expect(scoreFleet(resources, 80)).toEqual({ score, target: 80, state })
  })
})

test('what lowers it is told in order of weight, each once', () => {
  const resources = [
    status('a', 'Progressing'),
    status('b', 'Unknown'),
    status('c', 'Missing'),
    status('e', 'Degraded'),
    status('d', 'Degraded'),
    status('f', 'Suspended'),
    status('g', 'Healthy'),
    status('h', 'Progressing', { critical: true }),
  ]
  expect(loweringOf(resources).map(({ id }) => id)).toEqual(
    ['h', 'd', 'e', 'c', 'b', 'a'].map((name) => `Process/${name}`),
  )
})
