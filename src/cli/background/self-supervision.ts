import { ensureDaemon } from '../../clients/pm2/daemon/ensure.ts'
import { openPm2 } from '../../clients/pm2/open.ts'
import { isErrorOf, messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Store } from '../../core/store.ts'
import type { Manifests } from '../../manifests/read.ts'
import { rotateWhereGrown } from '../../reconcilers/process/log-rotation.ts'
import { saveControllerHome } from '../../state/controller-home.ts'
import type { Fence } from '../../state/fence.ts'
import type { Workspace } from '../workspace.ts'
import { controllerProcess, findControllers, homeOf } from './controller-process.ts'
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
    readonly store: Store
    readonly lease: Fence
    readonly declaration: () => Manifests
    readonly log: Logger
    readonly signal: AbortSignal
    readonly onSuperseded: () => void
  },
): Promise<void> {
  const { call, clock, random, statePath } = workspace
  if (call.env[supervisedVariable] !== statePath) return
  const { store, lease, log, signal, declaration } = options
  const home = homeOf(workspace, declaration())
  await saveControllerHome(store, { home, pid: process.pid }, lease).catch((error: unknown) =>
    log.warn({ error: messageOf(error) }, 'where the controller is kept could not be written down'),
  )
  const pm2 = openPm2({ home, clock })
  let misses = 0
  try {
    while (!signal.aborted) {
      try {
        const records = findControllers(await pm2.list(signal), statePath)
        misses = 0
        if (records.length === 0) {
          log.warn({ home }, 'PM2 does not know the controller any more; registering it anew')
          await pm2.prepare(controllerProcess(workspace, declaration()), signal)
          options.onSuperseded()
          return
        }
        const mine = records.find(({ pid }) => pid === process.pid)
        const other = records.find(({ pid, status }) => pid !== undefined && status === 'online')
        if (!mine && other) {
          const { name, pid } = other
          log.info({ name, pid }, 'another controller of this fleet is kept by PM2; this one ends')
          options.onSuperseded()
          return
        }
        if (mine) await rotateWhereGrown([mine.outLogPath, mine.errLogPath], logLimits)
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
