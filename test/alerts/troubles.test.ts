import { describe, expect, it } from 'vitest'
import { findTroubles, stillOpen } from '../../src/alerts/troubles.ts'
import type { Trouble } from '../../src/core/alert.ts'
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
    mostAttempts: new Map(),
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
    [
      'what is not there and stays away',
      { health: 'Missing', message: 'its script is gone', conditions: [condition('Held', 'ScriptMissing')] },
      ['warning Missing: its script is gone (9)'],
    ],
    [
      'not what may only come inside its window',
      { health: 'Missing', isExcused: true, conditions: [condition('Held', 'OutsideWindow')] },
      [],
    ],
    [
      'not what is not there because another one is not well',
      { health: 'Missing', conditions: [condition('Held', 'DependencyNotReady')] },
      [],
    ],
    [
      'not what is not there because a file is broken',
      { health: 'Missing', conditions: [condition('Held', 'DependencyBroken')] },
      [],
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
    const own = { health: 'Progressing', message: 'stops', critical: true } as const
    expect(found(own, ['a pass failed'], true)).toEqual(['critical ControllerError: a pass failed (9)'])
  })
})

describe('what was told', () => {
  const told = (type: Trouble['type'], id: Trouble['id'] = resourceId('Process', 'api')): Trouble => ({
    type,
    id,
    severity: 'warning',
    message: 'as it was told',
    since: 3,
  })
  const openOf = (trouble: Trouble, own: Partial<ResourceStatus>) =>
    stillOpen([trouble], {
      fleet: 'acme',
      environment: undefined,
      statuses: [statusOf(own)],
      labels: new Map(),
      mostAttempts: new Map([[resourceId('Process', 'api'), 5]]),
      health: undefined,
      controllerErrors: [],
      now: 9,
    }).map(({ type, message }) => `${type}: ${message}`)

  it.each([
    [
      'is not over while it cannot be read',
      'Degraded',
      { health: 'Unknown', message: 'no answer' },
      'no answer',
    ],
    [
      'nor is what has no attempts left',
      'RecoveryExhausted',
      { health: 'Unknown', message: 'no answer' },
      'no answer',
    ],
    ['nor is what somebody undoes', 'Contended', { health: 'Unknown', message: 'no answer' }, 'no answer'],
    ['nor what is missing', 'Missing', { health: 'Unknown', message: 'no answer' }, 'no answer'],
    [
      'is not over while it is on its way',
      'Degraded',
      { health: 'Progressing', message: 'starts' },
      'starts',
    ],
    ['nor is what was missing', 'Missing', { health: 'Progressing', message: 'starts' }, 'starts'],
    [
      'is not over while nothing is wanted of what has no attempts left',
      'RecoveryExhausted',
      { health: 'Progressing', attempts: 5, message: 'its probe is asked' },
      'its probe is asked',
    ],
    ['is not over where it has vanished', 'Degraded', { health: 'Missing', message: 'gone' }, 'gone'],
  ] as const)('%s', (_, type, own, message) => {
    expect(openOf(told(type), own)).toEqual([`${type}: ${message}`])
  })

  it.each([
    ['it is well', 'Degraded', { health: 'Healthy' }],
    ['it is left alone on purpose', 'Degraded', { health: 'Suspended' }],
    ['what was missing is there', 'Missing', { health: 'Degraded' }],
    ['a person starts its attempts anew', 'RecoveryExhausted', { health: 'Progressing', attempts: 1 }],
    ['it could be read', 'Unknown', { health: 'Progressing' }],
    ['the suspension has ended, whatever is seen then', 'SuspensionEnding', { health: 'Unknown' }],
  ] as const)('is over where %s', (_, type, own) => {
    expect(openOf(told(type), own)).toEqual([])
  })

  it('is over where it is no longer declared, and of the fleet as what is found says', () => {
    expect(openOf(told('Degraded', resourceId('Process', 'gone')), { health: 'Unknown' })).toEqual([])
    expect(openOf({ ...told('ControllerError'), id: undefined }, { health: 'Unknown' })).toEqual([])
  })
})
