import { type Duration, formatDuration } from '../../core/duration.ts'
import type { ResourceStatus } from '../../core/status.ts'
import { ageText } from '../age.ts'
import { isControllerHung, type SeenController } from '../attendance-text.ts'
import { type Command, commandText, reconcile, type Surroundings } from './command.ts'
import type { Recommendation } from './report.ts'

/** Readings older than this without a controller: nobody looks any more. */
const staleAfter: Duration = 1_800_000

/** What to do where no controller works for a fleet whose readings are old, or the one that should work hangs. */
export function unattended({
  statuses,
  surroundings,
  controller,
  observedAt,
  now,
}: {
  readonly statuses: readonly ResourceStatus[]
  readonly surroundings: Surroundings
  readonly controller: SeenController | undefined
  readonly observedAt: number | undefined
  readonly now: number
}): readonly Recommendation[] {
  const shared = { severity: 'warning', resources: [], holdsUp: [] } as const
  if (controller && isControllerHung(controller, now)) {
    const again: readonly Command[] = surroundings.controller?.isInBackground
      ? [reconcile('restart')]
      : [{ type: 'shell', text: `kill -9 ${controller.pid}` }, reconcile('watch')]
    return [
      {
        ...shared,
        reason: 'ControllerHangs',
        problem: 'the controller hangs, and nobody looks after this fleet',
        observed: `the controller (pid ${controller.pid}) has given no sign of life for ${ageText(controller.seenAt, now)}`,
        cure: 'Put another in its place; it goes on where this one was.',
        commands: again.map((command) => commandText(command, surroundings)),
      },
    ]
  }
  if (controller || observedAt === undefined || statuses.length === 0 || now - observedAt < staleAfter)
    return []
  return [
    {
      ...shared,
      reason: 'Unattended',
      problem: 'nobody looks after this fleet',
      observed: `no controller is running, and the oldest reading is ${formatDuration(now - observedAt)} old`,
      cure: 'Read anew now, and keep a controller running.',
      commands: [commandText(reconcile(), surroundings), commandText(reconcile('start'), surroundings)],
    },
  ]
}
