import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Clock } from '../../../core/clock.ts'
import { isErrorOf } from '../../../core/errors.ts'
import { Caller } from '../caller.ts'
import { homePaths } from '../home-paths.ts'
import { runProgram } from './launch.ts'
import { findProgram, withoutModuleFolders } from './program-path.ts'

/** The versions of a `pm2` on PATH that may start the daemon. */
const supportedVersion = /^[67]\.\d+\.\d+/

/** How long a daemon that nobody wanted may take to hear that it is to end. */
const killTimeout = 2000

/** What a search for the user's own `pm2` needs. */
export interface Pm2Search {
  /** With the PATH to search. */
  readonly env: Record<string, string>
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** The version in the package that the program is a part of; undefined where it is a shim of something else. */
async function installedVersion(program: string): Promise<string | undefined> {
  for (let folder = dirname(await realpath(program)); folder !== dirname(folder); folder = dirname(folder)) {
    let text: string
    try {
      text = await readFile(join(folder, 'package.json'), 'utf8')
    } catch {
      continue
    }
    const manifest: unknown = JSON.parse(text)
    if (typeof manifest !== 'object' || manifest === null || !('name' in manifest)) return undefined
    return manifest.name === 'pm2' && 'version' in manifest ? String(manifest.version) : undefined
  }
  return undefined
}

/** Ends a daemon of a home that is thrown away; there seldom is one. */
async function endDaemon(home: string, clock: Clock): Promise<void> {
  const caller = new Caller(homePaths(home).rpcSocket, clock, killTimeout)
  try {
    await caller.version(undefined)
    await caller.change({
      method: 'killMe',
      args: [{}],
      purpose: 'end a PM2 daemon that nobody asked for',
      timeout: killTimeout,
      signal: undefined,
      onLost: () => undefined,
    })
  } catch (error) {
    // It ends without an answer.
    if (!isErrorOf(error, 'DaemonNotRunning') && !isErrorOf(error, 'OutcomeUnknown')) throw error
  } finally {
    caller.close()
  }
}

/**
 * Asks the program. The words are chosen with care: `pm2 --version` starts a daemon, `pm2 -v --` prints and ends. In a
 * home of its own all the same, because it is not known what else the program is.
 */
async function askedVersion(program: string, search: Pm2Search): Promise<string | undefined> {
  const home = await mkdtemp(join(search.env.TMPDIR ?? tmpdir(), 'pm2-'))
  try {
    const { code, output } = await runProgram(program, ['-v', '--'], {
      env: { ...search.env, PM2_HOME: home },
      cwd: home,
      signal: search.signal,
    })
    return code === 0 ? output.trim().split('\n').at(-1)?.trim() : undefined
  } finally {
    await endDaemon(home, search.clock)
    await rm(home, { recursive: true, force: true })
  }
}

/** The user's own `pm2` on PATH, where it is one that we know; undefined otherwise. */
export async function findUsersPm2(search: Pm2Search): Promise<string | undefined> {
  const program = await findProgram('pm2', search.env.PATH ?? '')
  if (program === undefined) return undefined
  const version = (await installedVersion(program)) ?? (await askedVersion(program, search))
  return version !== undefined && supportedVersion.test(version) ? program : undefined
}

/** The version of the `pm2` on a PATH, by its package alone: nothing is run. Undefined: none, or a shim of its own. */
export async function usersPm2Version(path: string | undefined): Promise<string | undefined> {
  const program = await findProgram('pm2', withoutModuleFolders(path))
  return program === undefined ? undefined : installedVersion(program)
}
