import type { ResourceId } from '../../core/resource.ts'
import { shown } from '../../core/shown.ts'
import { eventsText } from '../../reports/events-text.ts'
import { isoTime } from '../../reports/names.ts'
import { sanitiseJson } from '../../reports/sanitise.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { assertKnown, withStoredFleet } from '../stored-fleet.ts'

/** `reconcile events`: what happened, newest last, as a log is read. */
export function events(
  call: Invocation,
  common: CommonOptions,
  options: { readonly resource: string | undefined; readonly limit: number },
): Promise<ExitStatus> {
  return withStoredFleet(call, common, async (fleet) => {
    const { workspace, ledger } = fleet
    const id = options.resource as ResourceId | undefined
    const newestFirst = await ledger.events({ limit: options.limit, ...(id !== undefined && { id }) })
    // What is forgotten has events still.
    if (id !== undefined && newestFirst.length === 0) assertKnown(fleet, id)
    const told = newestFirst.toReversed()
    if (common.output === 'json' || common.output === 'yaml') {
      const document = told.map((event) => ({
        at: isoTime(event.at),
        firstAt: isoTime(event.firstAt),
        count: event.count,
        type: event.type,
        reason: event.reason,
        id: event.id ?? null,
        message: event.message,
      }))
      await printDocument(call, common.output, sanitiseJson({ formatVersion: '1', events: document }))
    } else {
      call.out.write(
        eventsText(shown(told, call.mask), { ...pageOf(call, common, call.out), now: workspace.clock.now() }),
      )
    }
    return 0
  })
}
