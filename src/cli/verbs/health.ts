import { shown } from '../../core/shown.ts'
import { heardStates } from '../../engine/heard.ts'
import { attendanceDocument } from '../../reports/attendance-text.ts'
import { healthDocument } from '../../reports/health-json.ts'
import { healthText } from '../../reports/health-text.ts'
import { attendanceOf } from '../attendance.ts'
import { printDocument } from '../documents.ts'
import { fleetStatusOf } from '../fleet-status.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { assertSomethingDeclared } from '../read-declaration.ts'
import { withStoredFleet } from '../stored-fleet.ts'
import { typedIn } from '../surroundings.ts'

/** `reconcile health`: the score and what lowers it; 2 where it is under the target or something critical is not well. */
export function health(call: Invocation, common: CommonOptions): Promise<ExitStatus> {
  return withStoredFleet(call, common, async (fleet) => {
    const { declaration, view, workspace } = fleet
    assertSomethingDeclared(declaration)
    const now = workspace.clock.now()
    const known = fleetStatusOf(declaration, heardStates(view, declaration, now))
    const attendance = await attendanceOf(fleet)
    if (common.output === 'json' || common.output === 'yaml') {
      await printDocument(call, common.output, {
        ...healthDocument(known),
        ...attendanceDocument(attendance),
      })
    } else {
      const page = { ...pageOf(call, common, call.out), now, typed: typedIn(workspace) }
      call.out.write(healthText(shown(known, call.mask), { ...page, attendance }))
    }
    return known.health.state === 'Healthy' ? 0 : 2
  })
}
