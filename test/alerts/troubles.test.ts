import { describe, expect, it } from 'vitest'
import { findTroubles } from '../../src/alerts/troubles.ts'
import type { Condition } from '../../src/core/condition.ts'
import { resourceId } from '../../src/core/resource.ts'
import { type ResourceStatus, scoreFleet } from '../../src/core/status.ts'

function statusOf(own: Partial<ResourceStatus>): ResourceStatus {
  return {
    id: resourceId('Process', 'api'),
    sync: 'Synced',
    health: 'Healthy',
    reason: 'Running',
    message: 'online',
    observedAt: 0,
    attempts: 0,
    nextAttemptAt: undefined,
    lastAction: undefined,
    conditions: [],
    children: [],
    critical: false,
    isExcused: false,
    ...own,
  }
}

const condition = (type: string, reason: string): Condition => ({
  type,
  status: 'True',
  reason,
  message: `because of ${reason}`,
  since: 7,
})

function found(own: Partial<ResourceStatus>, controllerErrors: readonly string[] = [], isDown = false) {
  const statuses = [statusOf(own)]
  const health = isDown ? undefined : scoreFleet(statuses, 0)
  return findTroubles({
    fleet: 'acme',
    environment: undefined,
    statuses,
    labels: new Map(),
    health,
    controllerErrors,
    now: 9,
  }).map(({ type, severity, message, since }) => `${severity} ${type}: ${message} (${since})`)
}

describe('what is wrong', () => {
  it.each([
    ['nothing of what is well', {}, []],
    [
      'what is Degraded',
      { health: 'Degraded', message: 'exit code 1' },
      ['warning Degraded: exit code 1 (9)'],
    ],
    ['what cannot be read', { health: 'Unknown', message: 'no token' }, ['warning Unknown: no token (9)']],
    [
      'what has no attempts left',
      { conditions: [condition('Held', 'AttemptsExhausted')] },
      ['critical RecoveryExhausted: because of AttemptsExhausted (7)'],
    ],
    [
      'what somebody undoes',
      { conditions: [condition('Held', 'Contended')] },
      ['warning Contended: because of Contended (7)'],
    ],
    ['not what only waits', { conditions: [condition('Held', 'DependencyNotReady')] }, []],
    [
      'a suspension that ends',
      { health: 'Suspended', conditions: [condition('Suspended', 'EndingSoon')] },
      ['info SuspensionEnding: suspended only because of EndingSoon (7)'],
    ],
    [
      'not a suspension that goes on',
      { health: 'Suspended', conditions: [condition('Suspended', 'Suspended')] },
      [],
    ],
  ] as const)('is %s', (_, own, expected) => {
    expect(found(own)).toEqual(expected)
  })

  it('is worse of what is critical, and the fleet with it', () => {
    expect(found({ health: 'Degraded', message: 'exit code 1', critical: true })).toEqual([
      'critical HealthBelowTarget: the fleet is at 0 % (target 0 %), and Process/api, which is critical, is Degraded (9)',
      'critical Degraded: exit code 1 (9)',
    ])
  })

  it('is the controller itself, and not the score of a fleet that is down on purpose', () => {
    const own = { health: 'Missing', message: 'gone', critical: true } as const
    expect(found(own, ['a pass failed'], true)).toEqual(['critical ControllerError: a pass failed (9)'])
  })
})
