import { ensureDaemon } from '../../clients/pm2/daemon/ensure.ts'
import { openPm2 } from '../../clients/pm2/open.ts'
import { isErrorOf, messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Manifests } from '../../manifests/read.ts'
import { rotateWhereGrown } from '../../reconcilers/process/log-rotation.ts'
import type { Workspace } from '../workspace.ts'
import { controllerName, controllerProcess, findController, homeOf } from './controller-process.ts'
import { supervisedVariable } from './supervised-variable.ts'

const lookInterval = 2000
/** A daemon that is restarted by somebody is away for a moment: only then it is gone. */
const looksBeforeStart = 3
const logLimits = Object.freeze({ size: 10 * 1024 * 1024, keep: 5 })

/**
 * What a controller that PM2 keeps does for itself, until the signal: it rotates its own log, starts the daemon again
 * where that died, and has itself registered anew there. That one takes over from us: `onSuperseded` ends this one.
 */
export async function superviseSelf(
  workspace: Workspace,
  options: {
    readonly declaration: () => Manifests
    readonly log: Logger
    readonly signal: AbortSignal
    readonly onSuperseded: () => void
  },
): Promise<void> {
  const { call, clock, random, statePath } = workspace
  if (call.env[supervisedVariable] !== statePath) return
  const { log, signal, declaration } = options
  const home = homeOf(workspace, declaration())
  const name = controllerName(declaration())
  const pm2 = openPm2({ home, clock })
  let misses = 0
  try {
    while (!signal.aborted) {
      try {
        const found = findController(await pm2.list(signal), name, statePath)
        misses = 0
        if (!found) {
          log.warn({ name }, 'PM2 does not know the controller any more; registering it anew')
          await pm2.prepare(controllerProcess(workspace, declaration()), signal)
          options.onSuperseded()
          return
        }
        const { record, isOurs } = found
        if (isOurs && record.pid !== undefined && record.pid !== process.pid && record.status === 'online') {
          log.info(
            { name, pid: record.pid },
            'another controller of this fleet is kept by PM2; this one ends',
          )
          options.onSuperseded()
          return
        }
        await rotateWhereGrown([record.outLogPath, record.errLogPath], logLimits)
      } catch (error) {
        if (signal.aborted) return
        misses += 1
        if (!isErrorOf(error, 'DaemonNotRunning'))
          log.warn({ error: messageOf(error) }, 'PM2 could not be asked')
        else if (misses >= looksBeforeStart) {
          log.warn({ home }, 'the PM2 daemon is gone; starting it again')
          await ensureDaemon({ home, env: call.env, clock, random, signal }).catch((cause: unknown) =>
            log.warn({ error: messageOf(cause) }, 'the PM2 daemon could not be started'),
          )
        }
      }
      await clock.sleep(lookInterval, signal).catch(() => undefined)
    }
  } finally {
    await pm2.close()
  }
}
