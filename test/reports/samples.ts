import type { Action } from '../../src/core/action.ts'
import type { Diagnostic } from '../../src/core/diagnostic.ts'
import type { FleetEvent } from '../../src/core/event.ts'
import type { ResourceState } from '../../src/core/ledger.ts'
import type { Plan, PlannedResource } from '../../src/core/plan.ts'
import type { Resource, ResourceId } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'
import { type FleetStatus, type ResourceStatus, scoreFleet } from '../../src/core/status.ts'
import type { Attendance } from '../../src/reports/attendance-text.ts'
import type { Description } from '../../src/reports/describe-text.ts'
import { defaultControls } from '../support/modelled-fleet.ts'

export const workingDirectory = '/srv/acme'
export const now = Date.UTC(2026, 2, 1, 12)

const second = 1_000
const minute = 60 * second

function idOf(text: string): ResourceId {
  return text as ResourceId
}

function action(verb: Action['verb'], summary: string, rest: Partial<Action> = {}): Action {
  const base = {
    type: verb,
    verb,
    summary,
    reason: '',
    changes: [],
    repeatable: true,
    removes: 0,
    isRecovery: false,
  }
  return { ...base, ...rest }
}

function planned(id: string, rest: Partial<PlannedResource> = {}): PlannedResource {
  const base = {
    sync: 'Synced',
    health: 'Healthy',
    message: '',
    actions: [],
    holds: [],
    unknown: undefined,
  } as const
  return {
    id: idOf(id),
    origin: { file: `${workingDirectory}/manifests/fleet.yaml`, line: 12, column: 1 },
    ...base,
    ...rest,
  }
}

const drift = action('update', 'reload without a gap', {
  type: 'reload',
  reason: 'drifted',
  changes: [
    { path: 'instances', before: 1, after: 4, sensitive: false },
    { path: 'env.LOG_LEVEL', before: 'info', after: 'debug', sensitive: false },
    { path: 'env.API_KEY', sensitive: true },
    { path: 'env.TOKEN', sensitive: true, note: 'not read in a dry run' },
    {
      path: 'args',
      before: ['--port', '3000', '--config', '/srv/acme/config/production/api.json', '--verbose'],
      after: ['--port', '3000', '--config', '/srv/acme/config/production/api-next.json'],
      sensitive: false,
    },
    { path: 'cwd', before: '/srv/old', sensitive: false },
  ],
})

export const plan: Plan = {
  fleet: 'acme',
  environment: 'production',
  observedAt: now,
  basis: new Map(),
  fingerprint: 'sha256:7a1f',
  strays: [{ id: idOf('Process/left'), externalName: 'left' }],
  warnings: [
    {
      policy: idOf('Policy/small-steps'),
      id: undefined,
      message: 'More than two changes at a time are hard to watch',
      position: { file: `${workingDirectory}/manifests/policies.yaml`, line: 7, column: 9 },
    },
    {
      policy: idOf('Policy/no-restarts-by-day'),
      id: idOf('Process/api'),
      message: 'Restarts can wait for the night',
      position: { file: `${workingDirectory}/manifests/policies.yaml`, line: 17, column: 9 },
    },
  ],
  resources: [
    planned('Process/api-backup', {
      sync: 'OutOfSync',
      health: 'Missing',
      actions: [
        action('create', 'start ../services/api.mjs, 1 instance', { type: 'start', reason: 'not running' }),
      ],
    }),
    planned('Process/api', { sync: 'OutOfSync', actions: [drift] }),
    planned('Workflow/sync-health', {
      health: 'Degraded',
      actions: [action('run', 'rerun failed jobs of run 1234, attempt 2 of 3', { type: 'rerun-failed' })],
    }),
    planned('Process/old-worker', {
      origin: undefined,
      sync: 'OutOfSync',
      actions: [action('delete', 'no longer declared, created by this fleet', { removes: 1 })],
    }),
    planned('Process/web', {
      sync: 'OutOfSync',
      health: 'Missing',
      holds: [
        { reason: 'DependencyNotReady', message: 'waits for Process/db', until: undefined },
        {
          reason: 'OutsideWindow',
          message: 'outside its window until 2026-03-02T02:00:00Z',
          until: now + 14 * 3_600_000,
        },
      ],
      actions: [
        action('create', 'start ../services/web.mjs, 2 instances', { type: 'start', reason: 'not running' }),
      ],
    }),
    planned('FunctionSet/site', {
      sync: 'Unknown',
      health: 'Unknown',
      unknown: { code: 'TokenMissing', message: 'NETLIFY_AUTH_TOKEN is not set' },
    }),
    planned('Process/a-name-that-somebody-made-far-too-long-for-any-table-to-hold', {
      sync: 'OutOfSync',
      actions: [action('run', 'restart', { type: 'restart', reason: 'its probe failed 3 times' })],
    }),
    planned('Process/\u001b[31mforged\u202e\r\n  - Process/db  delete', { health: 'Degraded' }),
    planned('Process/found', { origin: undefined, released: 'no longer declared; left as it is' }),
    planned('Process/mailer', { unread: ['env.SMTP_PASSWORD', 'env.TOKEN'] }),
    ...['db', 'cache', 'worker', 'cron'].map((name) => planned(`Process/${name}`)),
  ],
}

/** A plan in which everything is as declared. */
export const idlePlan: Plan = {
  ...plan,
  environment: undefined,
  strays: [],
  warnings: [],
  resources: [planned('Process/db'), planned('Process/cron')],
}

function status(id: string, rest: Partial<ResourceStatus> = {}): ResourceStatus {
  return {
    id: idOf(id),
    sync: 'Synced',
    health: 'Healthy',
    reason: 'Running',
    message: '1 of 1 instances online',
    observedAt: now - 12 * second,
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

const api = status('Process/api', {
  sync: 'OutOfSync',
  health: 'Degraded',
  reason: 'ProbeFailed',
  message: 'the probe http://127.0.0.1:3000/healthz answered 503 instead of 200, 3 times in a row',
  attempts: 3,
  nextAttemptAt: now + 40 * second,
  critical: true,
  lastAction: {
    type: 'restart',
    summary: 'restart 2 instances',
    at: now - 20 * second,
    outcome: 'failed',
    message: 'PM2 did not answer within 10s',
  },
  conditions: [
    {
      type: 'Synced',
      status: 'False',
      reason: 'Drifted',
      message: '2 fields differ',
      since: now - 3 * minute,
    },
    {
      type: 'Healthy',
      status: 'False',
      reason: 'ProbeFailed',
      message: 'the probe answered 503',
      since: now - 2 * minute,
    },
  ],
  children: [
    { name: 'api-0', health: 'Healthy', message: '', details: { pid: 4711, restarts: 0 } },
    {
      name: 'api-1',
      health: 'Degraded',
      message: 'probe failed',
      details: { pid: 4712, restarts: 7, memoryBytes: 52428800 },
    },
  ],
})

const resources = [
  status('FunctionSet/site', {
    sync: 'Unknown',
    health: 'Unknown',
    message: 'NETLIFY_AUTH_TOKEN is not set',
    observedAt: now - 26 * 60 * minute,
  }),
  api,
  status('Process/api-backup', { message: 'standing by for Process/api', isExcused: true }),
  status('Process/cron', { message: 'last run ended with exit 0', observedAt: now - 4 * minute }),
  status('Process/db', { health: 'Progressing', message: 'online for 2s, stable after 5s' }),
  status('Workflow/sync-health', {
    health: 'Suspended',
    message: 'suspended by ann: release week',
    isExcused: true,
  }),
]

export const fleet: FleetStatus = {
  fleet: 'acme',
  environment: 'production',
  observedAt: now - 26 * 60 * minute,
  health: scoreFleet(resources, 80),
  resources,
}

export const emptyFleet: FleetStatus = {
  fleet: 'acme',
  environment: undefined,
  observedAt: undefined,
  health: scoreFleet([], 80),
  resources: [],
}

function event(message: string, rest: Partial<FleetEvent> = {}): FleetEvent {
  const at = rest.at ?? now - minute
  return {
    at,
    type: 'Normal',
    reason: 'Started',
    id: idOf('Process/api'),
    message,
    count: 1,
    firstAt: at,
    ...rest,
  }
}

export const events: readonly FleetEvent[] = [
  event('could not restart: PM2 did not answer within 10s', {
    at: now - 20 * second,
    type: 'Warning',
    reason: 'ApplyFailed',
    count: 3,
    firstAt: now - 3 * minute,
  }),
  event('started 2 instances', { at: now - 5 * minute }),
  event('the manifests were read anew after manifests/api.yaml was saved', {
    at: now - 50 * 60 * minute,
    reason: 'ManifestsChanged',
    id: undefined,
  }),
]

const spec = {
  script: '../services/api.mjs',
  instances: 2,
  mode: 'cluster',
  env: {
    LOG_LEVEL: 'debug',
    API_KEY: Secret.read('fromEnv API_KEY', 'c4n4ry-secret', 'digest'),
    PORT: { default: '3000', fromEnv: 'PORT' },
  },
}

const declared: Resource = {
  id: idOf('Process/api'),
  kind: 'Process',
  name: 'api',
  labels: { tier: 'core' },
  annotations: {},
  spec,
  controls: { ...defaultControls, critical: true, fallback: [idOf('Process/api-backup')] },
  origin: { file: `${workingDirectory}/manifests/api.yaml`, line: 3, column: 1 },
  unresolved: [],
}

const apiState: ResourceState = {
  status: api,
  recovery: {
    attempts: 3,
    lastAttemptAt: now - 20 * second,
    nextAttemptAt: now + 40 * second,
    healthySince: undefined,
    specHash: 'h',
    corrections: [],
  },
  activeFor: [],
}

export const description: Description = {
  id: declared.id,
  resource: declared,
  state: apiState,
  owned: {
    id: declared.id,
    externalName: 'api',
    origin: 'adopted',
    deletionPolicy: undefined,
    fields: {},
    memory: {},
    since: Date.UTC(2026, 0, 5),
  },
  suspension: { reason: 'release week', by: 'ann', until: now + 7_200_000 },
  events: events.slice(0, 2),
}

/** Known only by an event and a store row that is gone. */
export const bareDescription: Description = {
  id: idOf('Process/gone'),
  resource: undefined,
  state: undefined,
  owned: undefined,
  suspension: undefined,
  events: [],
}

/** Too long for any page, with signs that are two columns wide. */
const wideLine = `  args: [${'"漢字", '.repeat(5)}${'"--a-rather-long-option", '.repeat(4)}1234567, 3000, "--more", "--and-more", "--and-more-still"]`

function diagnostic(rest: Partial<Diagnostic>): Diagnostic {
  return {
    severity: 'error',
    code: 'unknown-field',
    message: '`instnces` is not a field of a Process',
    position: { file: `${workingDirectory}/manifests/api.yaml`, line: 9, column: 3 },
    length: 8,
    excerpt: '  instnces: 2',
    hint: 'Did you mean `instances`?',
    ...rest,
  }
}

export const diagnostics: readonly Diagnostic[] = [
  diagnostic({}),
  diagnostic({
    severity: 'warning',
    code: 'past-suspend',
    message: '`suspend.until` is in the past and suspends nothing',
    position: { file: '/etc/fleet/other.yaml', line: 120, column: 10 },
    length: 1,
    excerpt: '\tuntil: "2020-01-01T00:00:00Z"',
    hint: undefined,
  }),
  diagnostic({
    code: 'wrong-type',
    message: 'Expected `args` to be a list of texts, got a number at its end',
    position: {
      file: `${workingDirectory}/manifests/wide.yaml`,
      line: 7,
      column: wideLine.indexOf('3000') + 1,
    },
    length: 4,
    excerpt: wideLine,
    hint: 'Quote it: "3000".',
  }),
  diagnostic({
    code: 'unreadable-file',
    message: 'Cannot read the file: it is a pipe',
    position: { file: `${workingDirectory}/manifests/pipe.yaml`, line: 1, column: 1 },
    excerpt: undefined,
    hint: undefined,
  }),
]

/** A controller that works. */
export const attendance: Attendance = {
  controller: { pid: 4711, since: now - 7_200_000, seenAt: now - 3000 },
  lost: undefined,
  isDown: false,
  lastPassAt: now - 12_000,
  nextPassAt: now + 18_000,
  isStale: false,
}

export const typed = (...args: readonly string[]) => `\`reconcile ${args.join(' ')}\``
