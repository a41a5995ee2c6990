import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Clock, Random } from '../../../core/clock.ts'
import type { Duration } from '../../../core/duration.ts'
import { isErrorOf, messageOf, ReconcileError } from '../../../core/errors.ts'
import { type Claim, tryClaim } from '../../host/claim.ts'
import { systemClock } from '../../host/clock.ts'
import { systemRandom } from '../../host/random.ts'
import { Caller } from '../caller.ts'
import { DeadlinePassed, startDeadline } from '../deadline.ts'
import { type HomePaths, homePaths } from '../home-paths.ts'
import { printable } from '../printable.ts'
import { raceAbort } from '../process-queue.ts'
import { bundledDaemon } from './bundled-copy.ts'
import { daemonIdentity } from './daemon-identity.ts'
import { daemonEnvironment, dataFolder, type Environment } from './environment.ts'
import { type Launched, launchDaemon, logEnd, logTail, runProgram } from './launch.ts'
import { findProgram } from './program-path.ts'
import { asStartedByUs } from './starter.ts'
import { findUsersPm2 } from './users-pm2.ts'

export interface EnsureDaemonOptions {
  /** PM2_HOME, absolute. It is made, for its owner alone, where it is not there. */
  readonly home: string
  /** The caller's environment: where programs are searched, and what little of it a daemon gets. */
  readonly env: Environment
  readonly signal?: AbortSignal
  /** How long all of it may take. Default 20 s. */
  readonly timeout?: Duration
  readonly clock?: Clock
  readonly random?: Random
}

export interface RunningDaemon {
  /** Undefined where it was there before and its own pid file does not name it. */
  readonly pid: number | undefined
  readonly version: string
  /** Whether it was this call that started it. */
  readonly started: boolean
}

const defaultTimeout: Duration = 20_000

/** How often is looked whether another one of us has the daemon up. */
const pollInterval: Duration = 25

/** How long the daemon may take to answer when it is there. */
const probeTimeout: Duration = 5000

/** A daemon that answers is ours if it says so within this time; its word and its socket come together. */
const ownWordTimeout: Duration = 2000

/** The longest path of a Unix socket: 108 bytes on Linux, 104 on macOS, with the NUL that ends it. */
const longestSocketPath = process.platform === 'darwin' ? 103 : 107

/** All that the steps of one call share. */
interface Task {
  readonly paths: HomePaths
  readonly env: Environment
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

/** The version of the daemon that answers; undefined where there is none. Changes nothing. */
async function probe(task: Task): Promise<string | undefined> {
  const caller = new Caller(task.paths.rpcSocket, task.clock, probeTimeout)
  try {
    return await caller.version(task.signal)
  } catch (error) {
    if (isErrorOf(error, 'DaemonNotRunning')) return undefined
    throw error
  } finally {
    caller.close()
  }
}

/** What PM2's own command makes before it starts a daemon. The home is for its owner alone: PM2 opens its sockets
 * to the group, and its dump holds environments. */
async function makeHome(paths: HomePaths): Promise<void> {
  if (Buffer.byteLength(paths.rpcSocket) > longestSocketPath) {
    throw new ReconcileError(
      'DaemonStartFailed',
      `Could not start a PM2 daemon: the path ${paths.rpcSocket} is too long for a socket`,
      { hint: `Choose a PM2_HOME of at most ${longestSocketPath - '/rpc.sock'.length} bytes.` },
    )
  }
  try {
    await mkdir(paths.home, { recursive: true, mode: 0o700 })
    for (const folder of [paths.logs, paths.pids, paths.modules]) await mkdir(folder, { recursive: true })
    for (const [file, text] of [
      [paths.moduleConfig, '{}'],
      [paths.bannerMark, ''],
    ] as const) {
      await writeFile(file, text, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      })
    }
  } catch (error) {
    const message = `Could not prepare the PM2_HOME ${paths.home}: ${printable(messageOf(error))}`
    throw new ReconcileError('DaemonStartFailed', message, { cause: error })
  }
}

function startFailed(task: Task, why: string, cause: unknown): ReconcileError {
  const message = `Could not start a PM2 daemon in ${task.paths.home}: ${printable(why, 700)}`
  return new ReconcileError('DaemonStartFailed', message, { cause })
}

/** Lets the user's own command start its daemon, as if it had been typed. */
async function startByCommand(
  task: Task,
  program: string,
  env: Record<string, string>,
): Promise<RunningDaemon> {
  const { output } = await runProgram(program, ['ping'], { env, cwd: task.paths.home, signal: task.signal })
  const version = await probe(task)
  if (version === undefined) throw startFailed(task, `${program} ping printed: ${output}`, undefined)
  return { pid: (await daemonIdentity(task.paths.home))?.pid, version, started: true }
}

/** Whether it says within `ownWordTimeout` that it is the daemon; false where it ended. */
async function isTheDaemon(task: Task, launched: Launched): Promise<boolean> {
  const deadline = startDeadline(task.clock, ownWordTimeout, task.signal)
  try {
    await raceAbort(launched.online, deadline.signal)
    return true
  } catch {
    task.signal.throwIfAborted()
    return false
  } finally {
    deadline.end()
  }
}

/** Waits until a daemon answers, ours or, where somebody outside of our claim was faster, another one. */
async function whenAnswered(task: Task, launched: Launched): Promise<RunningDaemon> {
  for (;;) {
    const version = await probe(task)
    if (version !== undefined) {
      if (await isTheDaemon(task, launched)) return { pid: launched.pid, version, started: true }
      await launched.kill()
      return { pid: (await daemonIdentity(task.paths.home))?.pid, version, started: false }
    }
    await Promise.race([task.clock.sleep(pollInterval, task.signal), launched.ended])
  }
}

async function startBundled(task: Task, env: Record<string, string>): Promise<RunningDaemon> {
  const { script } = await bundledDaemon(dataFolder(task.env), task.random)
  const node = (await findProgram('node', env.PATH ?? '')) ?? process.execPath
  const from = await logEnd(task.paths)
  const launched = await launchDaemon(node, script, task.paths, env)
  try {
    const daemon = await raceAbort(whenAnswered(task, launched), task.signal)
    launched.detach()
    return daemon
  } catch (error) {
    await launched.kill()
    const reason: unknown = task.signal.aborted ? task.signal.reason : error
    const isGivenUp = task.signal.aborted && !(reason instanceof DeadlinePassed)
    if (isGivenUp || reason instanceof ReconcileError) throw reason
    const printed = await logTail(task.paths, from)
    const why = `${messageOf(reason)}${printed === '' ? '' : `; it printed: ${printed}`}`
    throw startFailed(task, why, reason)
  }
}

async function start(task: Task): Promise<RunningDaemon> {
  const env = asStartedByUs(daemonEnvironment(task.env, task.paths.home), task.clock.now())
  const program = await findUsersPm2({ env, clock: task.clock, signal: task.signal })
  return program === undefined ? await startBundled(task, env) : await startByCommand(task, program, env)
}

async function running(task: Task): Promise<RunningDaemon | undefined> {
  const version = await probe(task)
  return version === undefined
    ? undefined
    : { pid: (await daemonIdentity(task.paths.home))?.pid, version, started: false }
}

/** Starts it if nobody else does, else waits for whoever does. */
async function ensure(task: Task): Promise<RunningDaemon> {
  const there = await running(task)
  if (there) return there
  await makeHome(task.paths)
  for (;;) {
    const result = await tryClaim(task.paths.startClaim, 'start the PM2 daemon')
    if (result.type === 'claimed') return await startClaimed(task, result.claim)
    await task.clock.sleep(pollInterval, task.signal)
    const started = await running(task)
    if (started) return started
  }
}

async function startClaimed(task: Task, claim: Claim): Promise<RunningDaemon> {
  try {
    return (await running(task)) ?? (await start(task))
  } finally {
    await claim.release()
  }
}

/**
 * Sees to it that a PM2 daemon runs in a home: the one that is there, or else one that the user's own `pm2` starts,
 * or else ours. However many of us ask at once, one daemon is started. Rejects with `DaemonStartFailed`,
 * `DaemonUnresponsive` (one is there and does not answer: none is started beside it), `DaemonUnsupported`, or with
 * the signal's reason.
 */
export async function ensureDaemon(options: EnsureDaemonOptions): Promise<RunningDaemon> {
  const clock = options.clock ?? systemClock
  const timeout = options.timeout ?? defaultTimeout
  const deadline = startDeadline(clock, timeout, options.signal)
  const task: Task = {
    paths: homePaths(resolve(options.home)),
    env: options.env,
    clock,
    random: options.random ?? systemRandom,
    signal: deadline.signal,
  }
  try {
    return await ensure(task)
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error
    throw startFailed(task, `it did not answer within ${timeout} ms`, error)
  } finally {
    deadline.end()
  }
}
