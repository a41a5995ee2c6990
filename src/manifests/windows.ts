import { Cron } from 'croner'
import type { Window } from '../core/resource.ts'
import { quote } from './excerpt.ts'
import type { Faults } from './faults.ts'

/** Judges when windows open. `now` is epoch milliseconds: an expression must fire some time after. */
export function checkWindows(windows: readonly Window[], now: number, faults: Faults): void {
  for (const [index, window] of windows.entries()) {
    const path = ['spec', 'windows', String(index)]
    if (!isTimezone(window.timezone)) {
      faults.add([...path, 'timezone'], {
        code: 'timezone-unknown',
        message: `The time zone ${quote(window.timezone)} is not known`,
        hint: 'Give an IANA name such as `Europe/Berlin`.',
      })
      continue
    }
    const cron = parseCron(window)
    if (!cron) {
      faults.add([...path, 'cron'], {
        code: 'cron-invalid',
        message: `Expected a cron expression of 5 fields, got ${quote(window.cron)}`,
        hint: 'Minute, hour, day of month, month, day of week, as in `0 2 * * 1-5`.',
      })
    } else if (!cron.nextRun(new Date(now))) {
      faults.add([...path, 'cron'], {
        code: 'cron-never',
        message: `The cron expression ${quote(window.cron)} can never fire`,
        hint: 'Give it a day that exists.',
      })
    }
  }
}

function parseCron({ cron, timezone }: Window): Cron | undefined {
  try {
    return new Cron(cron, { timezone, paused: true, mode: '5-part' })
  } catch {
    return undefined
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
