import { shown } from '../../core/shown.ts'
import { withoutManifests } from '../../engine/heard.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { statusDocument } from '../../reports/status-json.ts'
import { statusText } from '../../reports/status-text.ts'
import { takenText } from '../../reports/taken-text.ts'
import { printDocument } from '../documents.ts'
import { fleetStatusOf } from '../fleet-status.ts'
import { pageOf } from '../page.ts'
import type { Workspace } from '../workspace.ts'
import type { PassReport } from './own-pass.ts'

/** Prints what a pass did and how the fleet is after it. */
export async function printPass(
  { call, common, clock }: Workspace,
  report: Omit<PassReport, 'hasErrors' | 'desk'>,
): Promise<void> {
  const { declaration, states } = report
  const isPart = states.size < report.known.size
  const known = shown(
    fleetStatusOf(
      declaration,
      withoutManifests(report.known, declaration),
      (id) => !isPart || states.has(id),
      report.strays,
    ),
    call.mask,
  )
  if (report.pid !== undefined && !common.quiet) {
    call.err.write(sanitise(`The controller with pid ${report.pid} made this pass.`).concat('\n'))
  }
  const { output } = common
  if (output === 'json' || output === 'yaml') {
    await printDocument(call, output, statusDocument(known))
  } else {
    const page = pageOf(call, common, call.out)
    const taken = takenText(shown(report.actions, call.mask), page)
    call.out.write(`${taken === '' ? '' : `${taken}\n`}${statusText(known, { ...page, now: clock.now() })}`)
  }
}
