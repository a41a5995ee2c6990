import { withBackground } from '../background/background.ts'
import { startController } from '../background/start-controller.ts'
import { stopController } from '../background/stop-controller.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { openControlledPlaceAgain } from '../source/following.ts'
import { startedText, withControllable } from './start.ts'

/** `reconcile restart`: takes over a new version of the program, and the variables of this shell. */
export async function restart(call: Invocation, common: CommonOptions): Promise<ExitStatus> {
  return withControllable(await openControlledPlaceAgain(call, common), ({ workspace, store, declaration }) =>
    withBackground(workspace, { store, declaration }, async (background) => {
      await stopController(background)
      call.out.write(startedText(await startController(background, declaration)))
      return 0
    }),
  )
}
