import type { Attendance } from '../reports/attendance-text.ts'
import { liveController, openKeeper } from './actor.ts'
import { lastPassOf, queueOf } from './fleet-schedule.ts'
import { fleetStatusOf } from './fleet-status.ts'
import type { StoredFleet } from './stored-fleet.ts'

/** Whether a controller lives, since when, and when it looks: of the whole fleet, whatever part is shown. */
export async function attendanceOf({
  workspace,
  declaration,
  view,
  store,
}: StoredFleet): Promise<Attendance> {
  const holder = await liveController(openKeeper(workspace, store))
  const status = fleetStatusOf(declaration, view.states)
  return {
    controller: holder && { pid: holder.pid, since: holder.since },
    isDown: view.isDown,
    lastPassAt: lastPassOf(status),
    nextPassAt: holder && queueOf(declaration, status, workspace)[0]?.at,
  }
}
