import { startController, stopController, withBackground } from '../background/background.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { startedText } from './start.ts'

/** `reconcile restart`: takes over a new version of the program, and the variables of this shell. */
export function restart(call: Invocation, common: CommonOptions): Promise<ExitStatus> {
  return withBackground(call, common, async (background) => {
    await stopController(background)
    call.out.write(startedText(await startController(background)))
    return 0
  })
}
