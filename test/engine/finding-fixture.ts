import type { Action } from '../../src/core/action.ts'
import type { HealthStatus } from '../../src/core/health.ts'
import type { LedgerView, RecoveryState, ResourceState } from '../../src/core/ledger.ts'
import type { Mark, Owned } from '../../src/core/ownership.ts'
import type { Resource, ResourceId } from '../../src/core/resource.ts'
import type { ResourceStatus } from '../../src/core/status.ts'
import type { Finding } from '../../src/engine/finding.ts'
import type { GuardInput } from '../../src/engine/guard-input.ts'
import type { Outcome } from '../../src/engine/outcome.ts'
import { defaultFleet, modelId } from '../support/modelled-fleet.ts'

/** Epoch milliseconds at which these tests take place. */
export const noon = Date.UTC(2026, 0, 5, 12)

const specHash = 'spec-1'

export function actionOf(change: Partial<Action> = {}): Action {
  return {
    type: 'update',
    verb: 'update',
    summary: 'update it',
    reason: 'drifted',
    changes: [],
    repeatable: true,
    removes: 0,
    isRecovery: false,
    ...change,
  }
}

export const revive = actionOf({ type: 'revive', verb: 'run', summary: 'revive it', isRecovery: true })
export const removal = actionOf({ type: 'delete', verb: 'delete', summary: 'delete it', removes: 1 })

export function markOf(change: Partial<Mark> = {}): Mark {
  return {
    fleet: 'acme',
    environment: '',
    store: 'store-1',
    id: modelId('a'),
    origin: 'created',
    hash: 'h',
    ...change,
  }
}

export function ownedOf(id: ResourceId, change: Partial<Owned> = {}): Owned {
  return {
    id,
    externalName: id.slice(id.indexOf('/') + 1),
    origin: 'created',
    deletionPolicy: undefined,
    fields: {},
    memory: {},
    since: noon - 1_000_000,
    ...change,
  }
}

function recoveryOf(change: Partial<RecoveryState> = {}): RecoveryState {
  return {
    attempts: 0,
    lastAttemptAt: undefined,
    nextAttemptAt: undefined,
    healthySince: undefined,
    specHash,
    corrections: [],
    ...change,
  }
}

export function stateOf(
  id: ResourceId,
  change: {
    readonly status?: Partial<ResourceStatus>
    readonly recovery?: Partial<RecoveryState>
    readonly activeFor?: readonly ResourceId[]
  } = {},
): ResourceState {
  return {
    status: {
      id,
      sync: 'Synced',
      health: 'Healthy',
      reason: 'Running',
      message: 'runs',
      observedAt: noon - 1000,
      attempts: change.recovery?.attempts ?? 0,
      nextAttemptAt: undefined,
      lastAction: undefined,
      conditions: [],
      children: [],
      critical: false,
      isExcused: false,
      ...change.status,
    },
    recovery: recoveryOf(change.recovery),
    activeFor: change.activeFor ?? [],
  }
}

export function viewOf(change: Partial<LedgerView> = {}): LedgerView {
  return {
    inventory: new Map(),
    states: new Map(),
    openIntents: [],
    suspensions: new Map(),
    resumedAt: new Map(),
    isDown: false,
    unreadableDomains: new Set(),
    recentSamples: new Map(),
    ...change,
  }
}

/** A finding of a declared resource that is as it should be, but for what is given. */
export function findingOf(
  id: ResourceId,
  desired: Resource | undefined,
  change: Partial<Finding> & { readonly health?: HealthStatus } = {},
): Finding {
  const { health = 'Healthy', ...rest } = change
  return {
    id,
    desired,
    owned: undefined,
    state: undefined,
    resumedAt: undefined,
    reading: { type: 'present', value: {} },
    observedAt: noon,
    specHash: desired ? specHash : '',
    mark: markOf({ id }),
    activeFor: [],
    standsBehind: [],
    replaces: [],
    successor: undefined,
    unconfirmed: [],
    isContext: false,
    stance: 'ours',
    actions: [],
    assessment: {
      status: health,
      reason: 'Judged',
      message: 'is judged',
      remedy: undefined,
      recheckAfter: undefined,
      measurements: {},
      children: [],
      remember: undefined,
    },
    holds: [],
    unknown: undefined,
    ownership: undefined,
    ...rest,
  }
}

export function outcomeOf(id: ResourceId, change: Partial<Outcome> = {}): Outcome {
  return {
    id,
    intentId: 'i1',
    action: actionOf(),
    result: 'succeeded',
    message: undefined,
    next: undefined,
    begunAt: noon,
    at: noon,
    ...change,
  }
}

/** What is known beside the findings where nothing stands against anything. */
export function inputOf(change: Partial<GuardInput> = {}): GuardInput {
  return {
    view: viewOf(),
    fleet: defaultFleet,
    missing: [],
    isComplete: true,
    isAnythingDeclared: true,
    allowedDeletions: undefined,
    otherRemovals: 0,
    isBusy: () => false,
    now: noon,
    ...change,
  }
}
