import type { Alert } from '../core/alert.ts'
import type { AlertSpec } from './alert-spec.generated.ts'
import { duration } from './controls.ts'
import type { Faults } from './faults.ts'

type Times = Pick<Alert, 'groupWait' | 'groupInterval' | 'repeatInterval'>

/** Alertmanager's own defaults, in milliseconds. */
const defaults: Times = Object.freeze({
  groupWait: 30_000,
  groupInterval: 300_000,
  repeatInterval: 4 * 3_600_000,
})

/** In milliseconds: nothing may become a storm of its own, nor be meant that never comes. */
const bounds = Object.freeze({
  groupWait: { least: 0, most: 3_600_000 },
  groupInterval: { least: 1000, most: 86_400_000 },
  repeatInterval: { least: 60_000, most: 31 * 86_400_000 },
})

/** The times of an alert, with their defaults; a fault for each that is out of bounds. */
export function readTimes(spec: AlertSpec, faults: Faults): Times {
  const read = (field: keyof Times) =>
    duration(spec[field], ['spec', field], bounds[field], faults) ?? defaults[field]
  return {
    groupWait: read('groupWait'),
    groupInterval: read('groupInterval'),
    repeatInterval: read('repeatInterval'),
  }
}
