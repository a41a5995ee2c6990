import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import { daemonEnvironment, type Environment } from './daemon/environment.ts'
import { runProgram } from './daemon/launch.ts'
import { findUsersPm2 } from './daemon/users-pm2.ts'

/**
 * Has the user's own PM2 start with the machine and keep what runs now: its `startup` and its `save`, and the only time
 * that its dump is written. Without a PM2 of the user's own there is nothing that a machine could start.
 */
export async function registerAtBoot(options: {
  readonly home: string
  readonly env: Environment
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<{ readonly isDone: boolean; readonly output: string }> {
  const { home, clock, signal } = options
  const env = daemonEnvironment(options.env, home)
  const program = await findUsersPm2({ env, clock, signal })
  if (program === undefined) {
    throw new ReconcileError(
      'DaemonStartFailed',
      'Cannot start PM2 with the machine: there is no `pm2` on PATH',
      {
        hint: 'Install it for good (`npm install --global pm2`); the controller itself runs already.',
      },
    )
  }
  const startup = await runProgram(program, ['startup'], { env, cwd: home, signal })
  const save = await runProgram(program, ['save'], { env, cwd: home, signal })
  return { isDone: startup.code === 0 && save.code === 0, output: `${startup.output}\n${save.output}` }
}
