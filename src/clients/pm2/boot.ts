import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import { inQuotes } from '../../core/shell-word.ts'
import { daemonEnvironment, type Environment } from './daemon/environment.ts'
import { type Outcome, runProgram } from './daemon/launch.ts'
import { findUsersPm2 } from './daemon/users-pm2.ts'
import { homePaths } from './home-paths.ts'

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
  const save = await saveDump(program, { env, home, signal })
  const asked = forThisHome(startup.output, home, env.HOME ?? '')
  return { isDone: startup.code === 0 && save.code === 0, output: `${asked}\n${save.output}` }
}

/**
 * The command that PM2 prints for root to type names the user's folder (`--hp`), and so `.pm2` in it, whatever PM2_HOME is
 * (7.0.4, lib/API/Startup.js): of another home a machine would start nothing that was saved there. Without `--hp` PM2 takes
 * PM2_HOME.
 */
function forThisHome(output: string, home: string, userFolder: string): string {
  if (home === join(userFolder, '.pm2')) return output
  const variable = `PM2_HOME=${inQuotes(home)}`
  return output.replace(/^sudo env (.*) --hp .*$/m, (_, rest: string) => `sudo env ${variable} ${rest}`)
}

/**
 * Has PM2 write its dump, which holds the environment of every process and so their secrets, for its owner alone: what
 * it makes anew by the umask, and what is there already (the former dump too) before and after. PM2 itself leaves it to
 * the whole machine to read.
 */
async function saveDump(
  program: string,
  {
    env,
    home,
    signal,
  }: { readonly env: Record<string, string>; readonly home: string; readonly signal: AbortSignal },
): Promise<Outcome> {
  await closeDumps(home)
  try {
    // Its own umask, not ours: ours is every file's that we write meanwhile.
    const command = ['-c', 'umask 077; exec "$@"', 'sh', program, 'save']
    return await runProgram('/bin/sh', command, { env, cwd: home, signal })
  } finally {
    await closeDumps(home)
  }
}

/** One that is somebody else's cannot be written either: PM2 says so itself. */
async function closeDumps(home: string): Promise<void> {
  for (const file of homePaths(home).dumps) {
    await chmod(file, 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'EPERM') throw error
    })
  }
}
