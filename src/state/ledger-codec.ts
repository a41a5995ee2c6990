import type { Condition } from '../core/condition.ts'
import type { FleetEvent } from '../core/event.ts'
import { healthStatuses } from '../core/health.ts'
import type { Intent } from '../core/intent.ts'
import type { RecoveryState, ResourceState } from '../core/ledger.ts'
import type { Owned, OwnedField, Stray } from '../core/ownership.ts'
import type { Suspension } from '../core/resource.ts'
import type { ChildStatus, LastAction, ResourceStatus } from '../core/status.ts'
import {
  anything,
  boolean,
  type Decoder,
  dictionary,
  list,
  number,
  object,
  oneOf,
  optional,
  resourceIdText,
  text,
} from './codec.ts'

const health = oneOf(healthStatuses)

const detail: Decoder<string | number | boolean> = (value) =>
  typeof value === 'number' || typeof value === 'boolean' ? value : text(value)

const childStatus = object<ChildStatus>({
  name: text,
  health,
  message: text,
  details: dictionary(detail),
})

const condition = object<Condition>({
  type: text,
  status: oneOf(['True', 'False', 'Unknown']),
  reason: text,
  message: text,
  since: number,
})

const lastAction = object<LastAction>({
  type: text,
  summary: text,
  at: number,
  outcome: oneOf(['succeeded', 'failed', 'unknown']),
  message: optional(text),
  isAttempt: optional(boolean),
})

const resourceStatus = object<ResourceStatus>({
  id: resourceIdText,
  sync: oneOf(['Synced', 'OutOfSync', 'Unknown']),
  health,
  reason: text,
  message: text,
  observedAt: number,
  attempts: number,
  nextAttemptAt: optional(number),
  lastAction: optional(lastAction),
  conditions: list(condition),
  children: list(childStatus),
  critical: boolean,
  isExcused: boolean,
})

const recoveryState = object<RecoveryState>({
  attempts: number,
  deferrals: optional(number),
  lastAttemptAt: optional(number),
  nextAttemptAt: optional(number),
  healthySince: optional(number),
  specHash: text,
  heardResumeAt: optional(number),
  corrections: list(number),
})

export const resourceState = object<ResourceState>({
  status: resourceStatus,
  recovery: recoveryState,
  activeFor: list(resourceIdText),
  healthBeforeOutage: optional(health),
})

export const owned = object<Owned>({
  id: resourceIdText,
  externalName: text,
  origin: oneOf(['created', 'adopted']),
  deletionPolicy: optional(oneOf(['Delete', 'Orphan'])),
  fields: dictionary(object<OwnedField>({ value: anything, sensitive: boolean })),
  memory: dictionary(anything),
  since: number,
})

export const stray = object<Stray>({ id: resourceIdText, externalName: text })

export const intent = object<Intent>({
  intentId: text,
  id: resourceIdText,
  actionType: text,
  verb: text,
  summary: text,
  externalName: text,
  repeatable: boolean,
  at: number,
})

export const fleetEvent = object<FleetEvent>({
  at: number,
  type: oneOf(['Normal', 'Warning']),
  reason: text,
  id: optional(resourceIdText),
  message: text,
  count: number,
  firstAt: number,
})

export const suspension = object<Suspension>({
  reason: text,
  by: optional(text),
  until: optional(number),
})
