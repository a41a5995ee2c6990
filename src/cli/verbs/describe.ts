import type { ResourceId } from '../../core/resource.ts'
import { shown } from '../../core/shown.ts'
import { heardStates } from '../../engine/heard.ts'
import { describeDocument } from '../../reports/describe-json.ts'
import { type Description, describeText } from '../../reports/describe-text.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { assertKnown, withStoredFleet } from '../stored-fleet.ts'

const shownEvents = 20

/** `reconcile describe`: all that is known of one resource. */
export function describe(call: Invocation, common: CommonOptions, resource: string): Promise<ExitStatus> {
  return withStoredFleet(call, common, async (fleet) => {
    const { workspace, declaration, view, ledger } = fleet
    const id = resource as ResourceId
    const description: Description = {
      id,
      resource: declaration.resources.find((declared) => declared.id === id),
      isLost: declaration.missing.includes(id),
      state: heardStates(view, declaration, workspace.clock.now()).get(id),
      owned: view.inventory.get(id),
      suspension: view.suspensions.get(id),
      events: await ledger.events({ id, limit: shownEvents }),
    }
    assertKnown(fleet, resource)
    if (common.output === 'json' || common.output === 'yaml') {
      await printDocument(call, common.output, describeDocument(description))
    } else {
      const now = workspace.clock.now()
      call.out.write(
        describeText(shown(description, call.mask), {
          ...pageOf(call, common, call.out),
          now,
          workingDirectory: call.cwd,
        }),
      )
    }
    return 0
  })
}
