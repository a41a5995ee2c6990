import { commandText, pm2 } from '../../reports/report/command.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { withBackground } from '../background/background.ts'
import { type StoppedController, stopController } from '../background/stop-controller.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { readDeclaration } from '../read-declaration.ts'
import { openState, openWorkspace } from '../workspace.ts'

/** `reconcile stop`: the controller ends; what it manages keeps running. It needs no manifests: they may be gone. */
export async function stop(call: Invocation, common: CommonOptions): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common, { mayBeGone: true })
  const store = await openState(workspace, 'read')
  try {
    const reading = await readDeclaration(workspace, store, { mayRunCommands: false }).catch(() => undefined)
    return await withBackground(
      workspace,
      { store, declaration: reading?.declaration },
      async (background) => {
        const stopped = await stopController(background)
        call.out.write(stopped ? stoppedText(stopped) : 'No controller runs in the background.\n')
        return 0
      },
    )
  } finally {
    await store.close()
  }
}

function stoppedText({ pid, home, isInDump }: StoppedController): string {
  const what =
    pid === undefined
      ? 'The controller was taken out of PM2; it did not run. What it managed was left as it is.'
      : `The controller with pid ${pid} has ended; what it managed keeps running.`
  if (!isInDump) return `${what}\n`
  // PM2's dump is the person's: it also says what else starts with the machine.
  const cure = commandText(pm2('save', '--force'), { fleetFlags: [], pm2: { home, program: ['pm2'] } })
  return sanitise(
    `${what}\nPM2 still starts it with the machine, as \`start --boot\` asked; \`${cure}\` ends that.`,
    {
      keepLines: true,
    },
  ).concat('\n')
}
