import { ReconcileError } from '../../core/errors.ts'
import { silentLogger } from '../../core/logger.ts'
import { kindOf, type ResourceId } from '../../core/resource.ts'
import { shown } from '../../core/shown.ts'
import type { FleetStatus } from '../../core/status.ts'
import { heardStates } from '../../engine/heard.ts'
import { draftPass, statesOf } from '../../engine/pass.ts'
import { suggestId } from '../../manifests/suggest.ts'
import { attendanceDocument, attendanceText } from '../../reports/attendance-text.ts'
import { sourceDocument, sourceText } from '../../reports/source-text.ts'
import { statusDocument } from '../../reports/status-json.ts'
import { statusText } from '../../reports/status-text.ts'
import { assertBound } from '../actor.ts'
import { attendanceOf } from '../attendance.ts'
import { printDocument } from '../documents.ts'
import { fleetStatusOf } from '../fleet-status.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { idHint, selectResources } from '../selection.ts'
import { openSession } from '../session.ts'
import { sourceViewOf } from '../source-view.ts'
import { type StoredFleet, withStoredFleet } from '../stored-fleet.ts'
import { typedIn } from '../surroundings.ts'

/** `reconcile status`: what is known of each resource, and how old that is. */
export function status(
  call: Invocation,
  common: CommonOptions,
  options: { readonly resource: string | undefined; readonly refresh: boolean },
): Promise<ExitStatus> {
  return withStoredFleet(call, common, async (fleet) => {
    const { declaration, view, workspace } = fleet
    const heard = heardStates(view, declaration, workspace.clock.now())
    const states = options.refresh ? new Map([...heard, ...(await readAnew(fleet))]) : heard
    const chosen = selectResources(declaration, common)
    const selects = (id: ResourceId) =>
      (!chosen || chosen.has(id)) &&
      (options.resource === undefined || id === options.resource || kindOf(id) === options.resource)
    const known = fleetStatusOf(declaration, states, selects, view.strays)
    if (options.resource !== undefined && known.resources.length === 0) {
      throw new ReconcileError('NotFound', `Nothing is known of ${options.resource}`, {
        hint: statusHint(options.resource, fleetStatusOf(declaration, states)),
      })
    }
    const source = await sourceViewOf(workspace, fleet.store)
    if (common.output === 'json' || common.output === 'yaml') {
      await printDocument(call, common.output, {
        ...statusDocument(known),
        ...attendanceDocument(await attendanceOf(fleet)),
        ...(source && sourceDocument(source)),
      })
    } else {
      const now = workspace.clock.now()
      call.out.write(statusText(shown(known, call.mask), { ...pageOf(call, common, call.out), now }))
      const page = { ...pageOf(call, common, call.out), now, typed: typedIn(workspace) }
      call.out.write(attendanceText(await attendanceOf(fleet), page))
      if (source) call.out.write(sourceText(shown(source, call.mask), page))
    }
    return 0
  })
}

/** What helps who typed neither a kind nor an id that is known. */
function statusHint(typed: string, { resources }: FleetStatus): string {
  const ids = resources.map(({ id }) => id)
  const kind = ids.map(kindOf).find((each) => each.toLowerCase() === typed.toLowerCase())
  if (kind !== undefined) return `Did you mean ${kind}?`
  if (!ids.some((id) => suggestId(typed as ResourceId, [id]) !== undefined))
    return 'Name a kind, or a resource as Kind/name; `reconcile status` lists them.'
  return idHint(typed, ids)
}

/** Reads the world and judges it, and writes nothing down: that is a pass's work. */
async function readAnew({ workspace, declaration, store, ledger }: StoredFleet) {
  await assertBound(workspace, store)
  const session = openSession(workspace, {
    declaration,
    store,
    ledger,
    logger: silentLogger,
    mayRunCommands: workspace.common.runCommands,
    lease: undefined,
  })
  try {
    const request = { declaration, selection: undefined, allowedDeletions: undefined }
    return statesOf(await draftPass(session.world, request, workspace.call.signal))
  } finally {
    await session.close()
  }
}
