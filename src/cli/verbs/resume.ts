import { ReconcileError } from '../../core/errors.ts'
import { openSuspensions } from '../../state/suspensions.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { readDeclaration } from '../read-declaration.ts'
import { declaredId } from '../selection.ts'
import { openState, openWorkspace } from '../workspace.ts'

/** `reconcile resume`: ends a suspension by command and starts recovery attempts anew. */
export async function resume(
  call: Invocation,
  common: CommonOptions,
  options: { readonly resource: string | undefined; readonly all: boolean },
): Promise<ExitStatus> {
  if (options.all === (options.resource !== undefined)) {
    throw new ReconcileError('UsageInvalid', 'Cannot resume: expected one resource, or --all')
  }
  const workspace = await openWorkspace(call, common)
  const store = await openState(workspace, 'write')
  try {
    const suspensions = openSuspensions({ store, environment: workspace.environment })
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
    if (options.resource === undefined) {
      const known = declaration.resources.map((resource) => resource.id)
      const ids = await suspensions.resumeAll(known, workspace.clock.now())
      call.out.write(
        ids.length === 0 ? 'Everything is resumed; nothing was suspended.\n' : `Resumed ${ids.join(', ')}.\n`,
      )
      return 0
    }
    const id = declaredId(declaration, options.resource)
    const wasSuspended = await suspensions.resume(id, workspace.clock.now())
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
