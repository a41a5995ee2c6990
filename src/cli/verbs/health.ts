import { shown } from '../../core/shown.ts'
import { heardStates } from '../../engine/heard.ts'
import { healthDocument } from '../../reports/health-json.ts'
import { healthText } from '../../reports/health-text.ts'
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
  return withStoredFleet(call, common, async ({ declaration, view, workspace }) => {
    assertSomethingDeclared(declaration)
    const now = workspace.clock.now()
    const known = fleetStatusOf(declaration, heardStates(view, declaration, now))
    if (common.output === 'json' || common.output === 'yaml') {
      await printDocument(call, common.output, healthDocument(known))
    } else {
      call.out.write(healthText(shown(known, call.mask), { ...pageOf(call, common, call.out), now }))
      if (view.isDown)
        call.out.write(`The fleet is down; ${typedIn(workspace)('resume', '--all')} ends it.\n`)
    }
    return known.health.state === 'Healthy' ? 0 : 2
  })
}
