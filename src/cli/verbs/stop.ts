import { stopController, withBackground } from '../background/background.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'

/** `reconcile stop`: the controller ends; what it manages keeps running. */
export function stop(call: Invocation, common: CommonOptions): Promise<ExitStatus> {
  return withBackground(call, common, async (background) => {
    const pid = await stopController(background)
    call.out.write(
      pid === undefined
        ? 'No controller runs in the background.\n'
        : `The controller with pid ${pid} has ended; what it managed keeps running.\n`,
    )
    return 0
  })
}
