import type { WorkflowRun } from '../../../src/clients/github/workflow-run.ts'
import type { Intent } from '../../../src/core/intent.ts'
import type { Mark, Owned } from '../../../src/core/ownership.ts'
import type { Controls } from '../../../src/core/resource.ts'
import { resourceId } from '../../../src/core/resource.ts'
import type { ObservedRuns, ObservedWorkflow } from '../../../src/reconcilers/workflow/observed.ts'
import type { WorkflowPair } from '../../../src/reconcilers/workflow/pair.ts'
import type { DesiredWorkflow } from '../../../src/reconcilers/workflow/place.ts'
import type { WorkflowSpec } from '../../../src/reconcilers/workflow/spec.generated.ts'
import { defaultControls } from '../../support/modelled-fleet.ts'

const id = resourceId('Workflow', 'ci')
/** When everything is looked at, epoch milliseconds. */
export const now = Date.UTC(2026, 10, 24, 12)
export const hour = 3_600_000
export const day = 24 * hour

const controls: Controls = {
  ...defaultControls,
  recovery: { ...defaultControls.recovery, maxAttempts: 3 },
  fallbackAfter: 3,
}

/** What a manifest says, with what a test says otherwise. */
export function desired(spec: Partial<WorkflowSpec> = {}, rest: Partial<Controls> = {}): DesiredWorkflow {
  return {
    id,
    kind: 'Workflow',
    name: 'ci',
    labels: {},
    annotations: {},
    spec: { repository: 'acme/site', path: '.github/workflows/ci.yml', ...spec },
    controls: { ...controls, ...rest },
    origin: { file: '/srv/manifests/ci.yaml', line: 1, column: 1 },
    unresolved: [],
  }
}

/** A green run of an hour ago, with what a test says otherwise. */
export function run(fields: Partial<WorkflowRun> = {}): WorkflowRun {
  const createdAt = fields.createdAt ?? now - hour
  return {
    id: 1234,
    workflowId: 7,
    attempt: 1,
    event: 'push',
    branch: 'main',
    headSha: 'a'.repeat(40),
    isOwnBranch: true,
    status: 'completed',
    conclusion: fields.status === undefined || fields.status === 'completed' ? 'success' : undefined,
    createdAt,
    startedAt: createdAt,
    updatedAt: createdAt + 60_000,
    committedAt: createdAt,
    isPrivate: false,
    url: 'https://github.test/run',
    ...fields,
  }
}

export function observedRuns(list: readonly WorkflowRun[], rest: Partial<ObservedRuns> = {}): ObservedRuns {
  return {
    list,
    reach: undefined,
    accepted: [],
    isConfirmed: true,
    readAt: now,
    failure: undefined,
    headSha: 'a'.repeat(40),
    ...rest,
  }
}

/** An active workflow, with what a test says otherwise. */
export function observed(rest: Partial<ObservedWorkflow> = {}, state = 'active'): ObservedWorkflow {
  return {
    workflow: {
      id: 7,
      name: 'ci',
      path: '.github/workflows/ci.yml',
      state: state as 'active',
      url: 'https://github.test/workflow',
      repository: undefined,
    },
    runs: undefined,
    movedTo: undefined,
    lastActivity: undefined,
    file: undefined,
    abandoned: [],
    clockAhead: 0,
    ...rest,
  }
}

export function owned(memory: Owned['memory'] = {}, deletionPolicy?: Owned['deletionPolicy']): Owned {
  return {
    id,
    externalName: 'acme/site/.github/workflows/ci.yml',
    origin: 'adopted',
    deletionPolicy,
    fields: {},
    memory,
    since: now - day,
  }
}

const mark: Mark = Object.freeze({
  fleet: 'acme',
  environment: '',
  store: 's',
  id,
  origin: 'adopted' as const,
  hash: 'h',
})

/** A pair as the engine makes it. */
export function pairOf(
  wanted: DesiredWorkflow | undefined,
  seen: ObservedWorkflow | undefined,
  rest: Partial<WorkflowPair> = {},
): WorkflowPair {
  return {
    id,
    desired: wanted,
    observed: seen,
    owned: owned(),
    mark,
    posture: 'active',
    unconfirmed: [],
    ...rest,
  }
}

/** A dispatch whose outcome nobody wrote down. */
export function openDispatch(at: number, intentId = 'i1'): Intent {
  return {
    intentId,
    id,
    actionType: 'dispatch',
    verb: 'run',
    summary: 'dispatch',
    externalName: 'acme/site/.github/workflows/ci.yml',
    repeatable: false,
    at,
  }
}
