import type { Alerting, Trouble } from '../core/alert.ts'
import type { Clock, Random } from '../core/clock.ts'
import type { Courier } from '../core/courier.ts'
import type { Duration } from '../core/duration.ts'
import { encode } from './encode.ts'
import { selects } from './groups.ts'
import { makeNotice } from './notice.ts'
import type { FleetView } from './troubles.ts'

/** Tells that the controller ends because of a fault, past the store, which may be the fault. Best effort. */
export async function sayLastWords(
  { courier, clock, random }: { readonly courier: Courier; readonly clock: Clock; readonly random: Random },
  words: {
    readonly message: string
    readonly alerting: Alerting
    readonly view: FleetView
    /** How long it may take. */
    readonly limit: Duration
  },
): Promise<void> {
  const { message, alerting, view, limit } = words
  const now = clock.now()
  const trouble: Trouble = {
    type: 'ControllerError',
    id: undefined,
    severity: 'critical',
    message,
    since: now,
  }
  const { signal } = new AbortController()
  const sends = alerting.alerts
    .filter((alert) => selects(alert, trouble, view))
    .flatMap((alert) =>
      alert.receivers.flatMap((name) => {
        const receiver = alerting.receivers.find((one) => one.name === name)
        if (!receiver || receiver.unusable !== undefined) return []
        const notice = makeNotice(
          { alert: alert.name, id: 'end', name: '', since: now },
          {
            id: random.id(),
            receiver: name,
            now,
            tell: { status: 'firing', firing: [trouble], resolved: [], withdrawn: [] },
          },
        )
        return courier.send(encode(notice, receiver, { alert, sender: view, now }), signal)
      }),
    )
  await Promise.race([Promise.allSettled(sends), clock.sleep(limit)])
}
