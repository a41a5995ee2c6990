import { healthText } from '../../reports/health-text.ts'
import { statusDocument } from '../../reports/status-json.ts'
import { printDocument } from '../documents.ts'
import { fleetStatusOf } from '../fleet-status.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { assertSomethingDeclared } from '../read-declaration.ts'
import { withStoredFleet } from '../stored-fleet.ts'

/** `reconcile health`: the score and what lowers it; 2 where it is under the target or something critical is not well. */
export function health(call: Invocation, common: CommonOptions): Promise<ExitStatus> {
  return withStoredFleet(call, common, async ({ declaration, view }) => {
    assertSomethingDeclared(declaration)
    const known = fleetStatusOf(declaration, view.states)
    if (common.output === 'json' || common.output === 'yaml') {
      const { health: score, summary, fleet, environment, observedAt } = statusDocument(known)
      const lowering = known.resources.filter((one) => one.health !== 'Healthy' && one.health !== 'Suspended')
      const lowers = lowering.map(({ id, health: state, critical, message }) => ({
        id,
        health: state,
        critical,
        message,
      }))
      printDocument(call, common.output, {
        formatVersion: '1',
        fleet,
        environment,
        observedAt,
        health: score,
        summary,
        lowers,
      })
    } else {
      call.out.write(healthText(known, pageOf(call, common, call.out)))
    }
    return known.health.state === 'Healthy' ? 0 : 2
  })
}
