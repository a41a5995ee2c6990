import type { Duration } from '../core/duration.ts'
import { type Attendance, isControllerHung } from '../reports/attendance-text.ts'
import { openKeeper } from './actor.ts'
import { lastPassOf, queueOf } from './fleet-schedule.ts'
import { fleetStatusOf } from './fleet-status.ts'
import type { StoredFleet } from './stored-fleet.ts'

/** What is due may take so long before anybody says that it is late. */
const lateness: Duration = 60_000

/** Whether a controller lives, since when, and when it looks: of the whole fleet, whatever part is shown. */
export async function attendanceOf({
  workspace,
  declaration,
  view,
  store,
}: Pick<StoredFleet, 'workspace' | 'declaration' | 'view' | 'store'>): Promise<Attendance> {
  const now = workspace.clock.now()
  const sight = await openKeeper(workspace, store).look()
  const seen = sight?.holder.role === 'controller' ? sight : undefined
  const controller = seen && { pid: seen.holder.pid, since: seen.holder.since, seenAt: seen.seenAt }
  const status = fleetStatusOf(declaration, view.states)
  const nextAt = queueOf(declaration, status, workspace)[0]?.at
  const isLooking = controller && !seen.isOver && !isControllerHung(controller, now)
  return {
    controller: seen?.isOver ? undefined : controller,
    lost: seen?.isOver ? controller : undefined,
    isDown: view.isDown,
    lastPassAt: lastPassOf(status),
    nextPassAt: isLooking ? nextAt : undefined,
    isStale: !isLooking && nextAt !== undefined && now > nextAt + lateness,
  }
}
