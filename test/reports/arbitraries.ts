import fc from 'fast-check'
import type { Action, Change } from '../../src/core/action.ts'
import type { Diagnostic } from '../../src/core/diagnostic.ts'
import type { FleetEvent } from '../../src/core/event.ts'
import { healthStatuses } from '../../src/core/health.ts'
import type { Hold, HoldReason } from '../../src/core/hold.ts'
import type { Plan, PlannedResource } from '../../src/core/plan.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import { type FleetStatus, type ResourceStatus, scoreFleet } from '../../src/core/status.ts'

/** What an outside name or message may do to a terminal, a comment or a reader. */
const nasty = fc.constantFrom(
  '\u001b[31mred\u001b[0m',
  '\u001b]0;title\u0007',
  '\u009b2J',
  '\r\nforged line',
  '\u202ereversed\u2066',
  '\ud800',
  '漢字',
  '👩‍👩‍👧',
  'é',
  '`code` @someone <script> | **bold**',
  '```',
  '"quoted" \\ back',
  '\u0000\u0007\b\u007f',
  ' ',
)
export const text: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.lorem({ maxCount: 8 }), nasty), {
    maxLength: 5,
  })
  .map((parts) => parts.join(''))

const time = fc.integer({ min: 0, max: 4e12 })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
/** Valid names, and what a damaged store or a hostile world might name a thing. */
const id: fc.Arbitrary<ResourceId> = fc
  .tuple(
    fc.constantFrom('Process', 'Workflow', 'FunctionSet'),
    fc.oneof(
      fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,30}[a-z0-9])?$/),
      fc.stringMatching(/^[a-z0-9]{100,253}$/),
      text.map((name) => `x${name}`),
    ),
  )
  .map(([kind, name]) => `${kind}/${name}` as ResourceId)
const health = fc.constantFrom(...healthStatuses)
const sync = fc.constantFrom('Synced' as const, 'OutOfSync' as const, 'Unknown' as const)

const change: fc.Arbitrary<Change> = fc
  .record({
    path: text,
    before: maybe(fc.jsonValue()),
    after: maybe(fc.jsonValue()),
    sensitive: fc.boolean(),
    note: maybe(text),
  })
  .map(({ note, ...rest }) => (note === undefined ? rest : { ...rest, note }))

const action: fc.Arbitrary<Action> = fc.record({
  type: text,
  verb: fc.constantFrom('create', 'update', 'run', 'delete'),
  summary: text,
  reason: text,
  changes: fc.array(change, { maxLength: 4 }),
  repeatable: fc.boolean(),
  removes: fc.nat(3),
  isRecovery: fc.boolean(),
})

const holdReasons: readonly HoldReason[] = ['Suspended', 'BackOff', 'DeletionLimit', 'NotOurs', 'Contended']
const hold: fc.Arbitrary<Hold> = fc.record({
  reason: fc.constantFrom(...holdReasons),
  message: text,
  until: maybe(time),
})

const position = fc.record({
  file: fc.constantFrom('/srv/fleet/manifests/api.yaml', '/srv/fleet/m\u001b[31m.yaml', '/etc/other.yaml'),
  line: fc.integer({ min: 1, max: 99_999 }),
  column: fc.integer({ min: 1, max: 300 }),
})

const planned: fc.Arbitrary<PlannedResource> = fc.record({
  id,
  origin: maybe(position),
  sync,
  health,
  message: text,
  actions: fc.array(action, { maxLength: 3 }),
  holds: fc.array(hold, { maxLength: 2 }),
  unread: fc.array(text, { maxLength: 2 }),
  unknown: fc.option(fc.record({ code: text, message: text }), { nil: undefined, freq: 3 }),
})

export const plan: fc.Arbitrary<Plan> = fc.record({
  fleet: text,
  environment: maybe(text),
  observedAt: time,
  resources: fc.array(planned, { maxLength: 8 }),
  basis: fc.constant(new Map()),
  fingerprint: text,
})

const resourceStatus: fc.Arbitrary<ResourceStatus> = fc.record({
  id,
  sync,
  health,
  reason: text,
  message: text,
  observedAt: time,
  attempts: fc.nat(),
  nextAttemptAt: maybe(time),
  lastAction: maybe(
    fc.record({
      type: text,
      summary: text,
      at: time,
      outcome: fc.constantFrom('succeeded', 'failed', 'unknown'),
      message: maybe(text),
    }),
  ),
  conditions: fc.array(
    fc.record({
      type: text,
      status: fc.constantFrom('True', 'False', 'Unknown'),
      reason: text,
      message: text,
      since: time,
    }),
    { maxLength: 3 },
  ),
  children: fc.array(
    fc.record({
      name: text,
      health,
      message: text,
      details: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean()), {
        noNullPrototype: true,
        maxKeys: 3,
      }),
    }),
    { maxLength: 2 },
  ),
  critical: fc.boolean(),
  isExcused: fc.boolean(),
})

export const fleetStatus: fc.Arbitrary<FleetStatus> = fc
  .record({
    fleet: text,
    environment: maybe(text),
    observedAt: maybe(time),
    resources: fc.array(resourceStatus, { maxLength: 6 }),
    target: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ target, ...rest }) => ({ ...rest, health: scoreFleet(rest.resources, target) }))

export const events: fc.Arbitrary<readonly FleetEvent[]> = fc.array(
  fc.record({
    at: time,
    type: fc.constantFrom('Normal', 'Warning'),
    reason: text,
    id: maybe(id),
    message: text,
    count: fc.integer({ min: 1, max: 999 }),
    firstAt: time,
  }),
  { maxLength: 6 },
)

export const diagnostics: fc.Arbitrary<readonly Diagnostic[]> = fc.array(
  fc.record({
    severity: fc.constantFrom('error', 'warning'),
    code: fc.constantFrom('unknown-field', 'yaml-syntax'),
    message: text,
    position,
    length: fc.integer({ min: 1, max: 200 }),
    excerpt: maybe(fc.oneof(text, fc.string({ minLength: 100, maxLength: 400 }))),
    hint: maybe(text),
  }),
  { maxLength: 4 },
)

export const width = fc.integer({ min: 60, max: 200 })
