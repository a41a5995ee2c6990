import { registerAtBoot } from '../../clients/pm2/boot.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { type StartedController, startController, withBackground } from '../background/background.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { assertWorthAState } from '../read-declaration.ts'
import { openWorkspace } from '../workspace.ts'

/** `reconcile start`: the controller under PM2. What runs already is told, and left as it is. */
export async function start(
  call: Invocation,
  common: CommonOptions,
  options: { readonly boot: boolean },
): Promise<ExitStatus> {
  await assertWorthAState(await openWorkspace(call, common))
  return withBackground(call, common, async (background) => {
    const started = await startController(background)
    call.out.write(startedText(started))
    if (!options.boot) return 0
    const { clock } = background.workspace
    const { isDone, output } = await registerAtBoot({
      home: background.pm2.home,
      env: call.env,
      clock,
      signal: call.signal,
    })
    call.out.write(`${sanitise(output, { keepLines: true }).trim()}\n`)
    if (!isDone)
      call.err.write('PM2 could not do all of it by itself: what it printed above says what to type.\n')
    return isDone ? 0 : 1
  })
}

/** What a person needs to know of it. */
export function startedText({ name, pid, log, isNew }: StartedController): string {
  const what = isNew ? 'The controller runs in the background' : 'The controller runs already'
  return sanitise(`${what}: pid ${pid}, kept by PM2 as ${name}. Its log: ${log ?? 'none'}`).concat('\n')
}
