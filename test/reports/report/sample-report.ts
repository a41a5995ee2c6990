import type { Diagnostic } from '../../../src/core/diagnostic.ts'
import type { Resource, ResourceId } from '../../../src/core/resource.ts'
import type { Sample } from '../../../src/core/sample.ts'
import { type ResourceStatus, scoreFleet } from '../../../src/core/status.ts'
import { buildReport, type ReportInput } from '../../../src/reports/report/build-report.ts'
import type { Surroundings } from '../../../src/reports/report/command.ts'
import { defaultControls } from '../../support/modelled-fleet.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { now, workingDirectory } from '../samples.ts'
import { hour, mebibyte, memorySamples, minute, restartSamples, runSamples, start } from '../trends/series.ts'

const idOf = (text: string) => text as ResourceId

/** A resource as it is declared; `dependsOn` alone of what all kinds have matters to a report. */
export function declared(id: string, spec: object = {}, dependsOn: readonly string[] = []): Resource {
  const [kind = '', name = ''] = id.split('/')
  return {
    id: idOf(id),
    kind,
    name,
    labels: {},
    annotations: {},
    spec,
    controls: { ...defaultControls, dependsOn: dependsOn.map(idOf) },
    origin: { file: `${workingDirectory}/manifests/${name}.yaml`, line: 3, column: 1 },
    unresolved: [],
  }
}

/** Where a report is read, and what lives there. */
export function surroundingsOf(rest: Partial<Surroundings> = {}): Surroundings {
  return {
    fleetFlags: [],
    controller: { pid: 4711, isInBackground: true },
    pm2: { home: undefined, program: ['pm2'] },
    tokens: { github: 'GITHUB_TOKEN', netlify: 'NETLIFY_AUTH_TOKEN' },
    workingDirectory,
    placeOf: () => undefined,
    ...rest,
  }
}

/** A status with the conditions that the engine sets with it. */
export function seen(
  id: string,
  rest: Partial<ResourceStatus> & { readonly hold?: string } = {},
): ResourceStatus {
  const { hold, ...status } = rest
  const health = status.health ?? 'Healthy'
  const reason = status.reason ?? 'Online'
  const message = status.message ?? 'online for 3h'
  const since = now - 30 * minute
  return {
    id: idOf(id),
    sync: 'Synced',
    observedAt: now - 12_000,
    attempts: 0,
    nextAttemptAt: undefined,
    lastAction: undefined,
    children: [],
    critical: false,
    isExcused: false,
    conditions: [
      { type: 'Healthy', status: health === 'Healthy' ? 'True' : 'False', reason, message, since },
      {
        type: 'Held',
        status: hold === undefined ? 'False' : 'True',
        reason: hold ?? 'NotHeld',
        message: '',
        since,
      },
    ],
    ...status,
    health,
    reason,
    message,
  }
}

/** Moves generated samples so that they end shortly before the report is made. */
function until(samples: readonly Sample[], end: number): readonly Sample[] {
  const last = samples.at(-1)?.at ?? end
  return samples.map(({ at, values }) => ({ at: at + end - last, values }))
}

export function inputOf(
  statuses: readonly ResourceStatus[],
  rest: Partial<ReportInput> & { readonly resources?: readonly Resource[] } = {},
): ReportInput {
  const { resources, ...others } = rest
  const sorted = statuses.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return {
    status: {
      fleet: 'acme',
      environment: 'production',
      observedAt: sorted.length > 0 ? Math.min(...sorted.map(({ observedAt }) => observedAt)) : undefined,
      health: scoreFleet(sorted, 80),
      resources: sorted,
    },
    declared: resources ?? sorted.map(({ id }) => declared(id, { script: './x.mjs' })),
    diagnostics: [],
    events: [],
    controller: { pid: 4711, since: now - 26 * hour, seenAt: now - 2000 },
    lost: undefined,
    isDown: false,
    samples: new Map(),
    passes: [],
    steps: [],
    from: now - 24 * hour,
    now,
    surroundings: surroundingsOf(),
    standIns: new Set([`${workingDirectory}/manifests/queue.yaml`]),
    untold: new Map(),
    ...others,
  }
}

const broken: Diagnostic = {
  severity: 'error',
  code: 'yaml-syntax',
  message: 'a list is not closed',
  position: { file: `${workingDirectory}/manifests/queue.yaml`, line: 7, column: 3 },
  length: 1,
  excerpt: undefined,
  hint: 'Close it with `]`.',
}

function sampleInput(): ReportInput {
  const random = new SeededRandom(42)
  const leak = memorySamples(random, {
    hours: 12,
    every: 5 * minute,
    base: 180 * mebibyte,
    noise: 3 * mebibyte,
    saw: 14 * mebibyte,
    shape: (elapsed) => (14 * mebibyte * elapsed) / hour,
  })
  const steady = memorySamples(random, {
    hours: 12,
    every: 5 * minute,
    base: 90 * mebibyte,
    noise: 3 * mebibyte,
    saw: 20 * mebibyte,
    shape: () => 0,
  }).map(({ at, values }) => ({ at, values: { ...values, cpuPercent: 3, probeMs: 4 + (at % 7) } }))
  const crashing = restartSamples(random, {
    hours: 24,
    rate: (elapsed) => (elapsed > 20 * hour ? 5 : 0.1),
  })
  const runs = runSamples(random, {
    runs: 60,
    seconds: (run) => (run > 44 ? 420 : 240),
    spread: 0.06,
    failing: () => 0.03,
  })
  const passes = Array.from({ length: 96 }, (_, index) => ({
    at: start + index * 15 * minute,
    values: {
      passMs: 80 + ((index * 37) % 60) + (index === 70 ? 900 : 0),
      githubUsed: index,
      githubRemaining: 5000 - index,
    },
  }))
  const statuses = [
    seen('Process/api', {
      health: 'Degraded',
      reason: 'ProbeFailed',
      message: 'its probe failed 3 times in a row: http://127.0.0.1:3000/healthz answered 503',
      critical: true,
      attempts: 3,
      nextAttemptAt: now + 40_000,
      lastAction: {
        type: 'kick',
        summary: 'restart, it runs and does not work',
        at: now - 60_000,
        outcome: 'succeeded',
        message: undefined,
      },
    }),
    seen('Process/web', {
      health: 'Missing',
      reason: 'DependencyNotReady',
      message: 'not in PM2; waits for Process/api',
      hold: 'DependencyNotReady',
    }),
    seen('Process/worker'),
    seen('Process/cache'),
    seen('Process/mailer'),
    seen('Process/old', {
      health: 'Suspended',
      reason: 'Suspended',
      message: 'suspended by ann: moving to the new queue',
    }),
    seen('Workflow/nightly', { reason: 'Green', message: 'run 99 was green 1h ago' }),
  ]
  return inputOf(statuses, {
    resources: [
      declared('Process/api', { script: './api.mjs', health: { http: { port: 3000, path: '/healthz' } } }),
      declared('Process/web', {}, ['Process/api']),
      declared('Process/worker', { maxMemory: '512M' }),
      declared('Process/cache', { maxMemory: '256M' }),
      declared('Process/mailer'),
      declared('Process/old'),
      declared('Workflow/nightly'),
    ],
    diagnostics: [broken],
    events: [
      {
        at: now - 5 * minute,
        firstAt: now - 3 * hour,
        type: 'Warning',
        reason: 'Degraded',
        id: idOf('Process/api'),
        message: 'its probe failed 3 times in a row',
        count: 4,
      },
      {
        at: now - 6 * hour,
        firstAt: now - 6 * hour,
        type: 'Normal',
        reason: 'Created',
        id: idOf('Process/worker'),
        message: 'start',
        count: 1,
      },
    ],
    samples: new Map([
      [idOf('Process/worker'), until(leak, now - minute)],
      [idOf('Process/cache'), until(steady, now - minute)],
      [idOf('Process/mailer'), until(crashing, now - minute)],
      [idOf('Workflow/nightly'), until(runs, now - hour)],
    ]),
    passes: until(passes, now - minute),
    steps: Array.from({ length: 20 }, (_, index) => ({
      intent: { at: now - (index + 1) * hour },
      outcome: index === 3 ? ('failed' as const) : ('succeeded' as const),
      at: now - (index + 1) * hour + 120 + index * 15,
    })),
  })
}

/** A report with something of everything in it. */
export const sampleReport = buildReport(sampleInput())
