import { userInfo } from 'node:os'
import { openSuspensions } from '../../state/suspensions.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { readDeclaration } from '../read-declaration.ts'
import { declaredId } from '../selection.ts'
import { openState, openWorkspace } from '../workspace.ts'

/** `reconcile suspend`: no actions on a resource until it is resumed, or its time is over. */
export async function suspend(
  call: Invocation,
  common: CommonOptions,
  resource: string,
  options: { readonly reason: string; readonly by?: string; readonly for?: number },
): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common)
  const store = await openState(workspace, 'write')
  try {
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
    const id = declaredId(declaration, resource)
    const until = options.for === undefined ? undefined : workspace.clock.now() + options.for
    const by = options.by ?? call.env.USER ?? userInfo().username
    await openSuspensions({ store, environment: workspace.environment }).suspend(id, {
      reason: options.reason,
      by,
      until,
    })
    const end = until === undefined ? 'until it is resumed' : `until ${new Date(until).toISOString()}`
    call.out.write(`${id} is suspended ${end}.\n`)
    return 0
  } finally {
    await store.close()
  }
}
