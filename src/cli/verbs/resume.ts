import { ReconcileError } from '../../core/errors.ts'
import { shortId } from '../../core/source.ts'
import type { Store } from '../../core/store.ts'
import { openLedger } from '../../state/ledger.ts'
import { recordOutsideEvent } from '../../state/outside-event.ts'
import { liftPin, readSource } from '../../state/source.ts'
import { openSuspensions } from '../../state/suspensions.ts'
import { liveController, openKeeper } from '../actor.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { readDeclaration } from '../read-declaration.ts'
import { knownId } from '../selection.ts'
import { typedIn } from '../surroundings.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'

/** `reconcile resume`: ends a suspension by command, or a rollback, and starts recovery attempts anew. */
export async function resume(
  call: Invocation,
  common: CommonOptions,
  options: { readonly resource: string | undefined; readonly all: boolean; readonly source: boolean },
): Promise<ExitStatus> {
  if ([options.all, options.source, options.resource !== undefined].filter(Boolean).length !== 1) {
    throw new ReconcileError('UsageInvalid', 'Cannot resume: expected one resource, --source, or --all')
  }
  const workspace = await openWorkspace(call, common)
  const store = await openState(workspace, 'write')
  try {
    if (options.source) {
      const message = await resumeSource(workspace, store)
      call.out.write(message ?? 'The fleet was not rolled back.\n')
      return 0
    }
    const { environment, clock, folder } = workspace
    const suspensions = openSuspensions({ store, environment })
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
    const view = await openLedger({ store, fleet: folder, environment, clock }).load()
    // What is no longer declared may be kept by a suspension, or wait after a deletion that failed.
    const known = [
      ...new Set([
        ...declaration.resources.map((resource) => resource.id),
        ...view.inventory.keys(),
        ...view.suspensions.keys(),
      ]),
    ]
    if (options.resource === undefined) {
      const ids = await suspensions.resumeAll(known, clock.now())
      if (view.isDown) {
        const controller = await liveController(openKeeper(workspace, store))
        call.out.write(
          controller
            ? `The fleet is no longer down; the controller (pid ${controller.pid}) starts it.\n`
            : `The fleet is no longer down; ${typedIn(workspace)()} starts it.\n`,
        )
      }
      if (ids.length > 0) call.out.write(`Resumed ${ids.join(', ')}.\n`)
      else if (!view.isDown) call.out.write('Everything is resumed; nothing was suspended.\n')
      call.out.write((await resumeSource(workspace, store)) ?? '')
      return 0
    }
    const id = knownId(known, options.resource)
    const wasSuspended = await suspensions.resume(id, clock.now())
    const declared = declaration.resources.find((resource) => resource.id === id)?.controls.suspend
    call.out.write(
      `${id} ${wasSuspended ? 'is resumed' : 'was not suspended'}; its recovery attempts start anew.\n`,
    )
    if (declared) call.err.write('Its manifest suspends it, too: remove `suspend` there.\n')
    return 0
  } finally {
    await store.close()
  }
}

/** Lets a fleet that was rolled back follow its branch again, and says so; undefined: it was not. */
async function resumeSource(workspace: Workspace, store: Store): Promise<string | undefined> {
  const { environment, clock } = workspace
  const place = { store, environment }
  const held = await liftPin(place)
  if (!held) return undefined
  const branch = (await readSource(place))?.git.branch ?? 'its branch'
  const message = `the fleet follows ${branch} again; it was held at ${shortId(held.commit)}`
  await recordOutsideEvent(place, {
    at: clock.now(),
    type: 'Normal',
    reason: 'SourceResumed',
    id: undefined,
    message,
  })
  // What a person went back from is not gone to again because something else is faulty.
  return `The fleet follows ${branch} again; it was held at ${shortId(held.commit)}, and stays there while the newest commit is refused.\n`
}
