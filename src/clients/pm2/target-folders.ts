import { constants } from 'node:fs'
import { access, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import { printable } from './printable.ts'
import type { ProcessConfig } from './process-config.ts'

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Refuses, with `ScriptMissing`, what the daemon would show as online for ever though nothing runs: a working folder
 * or a script that is not there, a program that cannot be executed.
 */
export async function checkTarget(config: Partial<ProcessConfig>, name: string): Promise<void> {
  const { cwd, execPath, interpreter } = config
  const missing = (what: string): ReconcileError =>
    new ReconcileError('ScriptMissing', `Could not start ${printable(name, 80)}: ${printable(what)}`)
  if (cwd !== undefined && !(await isFolder(cwd))) throw missing(`its working folder ${cwd} does not exist`)
  if (execPath === undefined) return
  if (!(await isFile(execPath))) throw missing(`its script ${execPath} does not exist`)
  if (interpreter === 'none' && !(await isExecutable(execPath))) {
    throw missing(`its program ${execPath} may not be executed`)
  }
}

/** Makes the folders of log files: the daemon does not, and a process whose log cannot be opened hangs half-started. */
export async function makeLogFolders(paths: readonly unknown[]): Promise<void> {
  for (const path of paths) {
    if (typeof path !== 'string') continue
    try {
      await mkdir(dirname(path), { recursive: true })
    } catch (error) {
      const message = `Could not make the folder of the log file ${printable(path)}: ${printable(messageOf(error))}`
      throw new ReconcileError('DaemonCallFailed', message, { cause: error })
    }
  }
}
