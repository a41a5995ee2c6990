import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { findProgram } from '../../clients/pm2/daemon/program-path.ts'
import { Secret } from '../../core/secret.ts'
import {
  absoluteOrProgram,
  type DesiredProcess,
  defaultInterpreterOf,
  folderOf,
  isProgram,
  workingFolderOf,
} from './place.ts'

/** Whether what is declared could be started at all. */
export interface Startability {
  /** Where the script was found; undefined: it was not. */
  readonly execPath: string | undefined
  /** What is missing, as a sentence; undefined: nothing. */
  readonly missing: string | undefined
}

/**
 * Looks for script, working folder and interpreter. PM2 says `online` for ever of what it could not spawn, and its
 * measurements of all other processes then stop: so nothing is sent that cannot start.
 */
export async function findScript(desired: DesiredProcess, basePath: string): Promise<Startability> {
  const { spec } = desired
  const searchPath = searchPathOf(spec.env?.PATH, basePath)
  const cwd = workingFolderOf(desired)
  const folder = statsOf(cwd)
  const script = absoluteOrProgram(spec.script, folderOf(desired))
  const execPath = isProgram(script) ? await findProgram(script, searchPath) : script
  const isScript = execPath !== undefined && statsOf(execPath)?.isFile() === true
  const found = isScript ? execPath : undefined
  if (!folder?.isDirectory()) return { execPath: found, missing: `its working folder ${cwd} does not exist` }
  if (!isScript) {
    const what = isProgram(script) ? `no program ${script} is on PATH` : `its script ${script} does not exist`
    return { execPath: undefined, missing: what }
  }
  return { execPath: found, missing: await findInterpreter(desired, execPath, searchPath) }
}

/** A declared PATH is what the process gets, and so where its programs are. */
function searchPathOf(declared: string | Secret | undefined, basePath: string): string {
  if (declared instanceof Secret) return declared.isRead ? declared.reveal() : basePath
  return declared ?? basePath
}

async function findInterpreter(
  desired: DesiredProcess,
  execPath: string,
  searchPath: string,
): Promise<string | undefined> {
  const { spec } = desired
  if (spec.mode === 'cluster') return undefined
  const interpreter = absoluteOrProgram(spec.interpreter ?? defaultInterpreterOf(spec), folderOf(desired))
  if (interpreter === 'none') {
    return isExecutable(execPath) ? undefined : `its program ${execPath} may not be executed`
  }
  if (isProgram(interpreter)) {
    return (await findProgram(interpreter, searchPath))
      ? undefined
      : `no interpreter ${interpreter} is on PATH`
  }
  return isExecutable(interpreter) ? undefined : `its interpreter ${interpreter} does not exist`
}

/** Without Node's pool of threads, which takes ten times as long for each process. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
