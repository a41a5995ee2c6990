import { Secret } from '../../core/secret.ts'
import { DiskView } from './disk-view.ts'
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
export async function findScript(
  desired: DesiredProcess,
  basePath: string,
  disk = new DiskView(),
): Promise<Startability> {
  const { spec } = desired
  const searchPath = searchPathOf(spec.env?.PATH, basePath)
  const cwd = workingFolderOf(desired)
  const folder = disk.statsOf(cwd)
  const script = absoluteOrProgram(spec.script, folderOf(desired))
  const execPath = isProgram(script) ? await disk.findProgram(script, searchPath) : script
  const isScript = execPath !== undefined && disk.statsOf(execPath)?.isFile() === true
  const found = isScript ? execPath : undefined
  if (!folder?.isDirectory()) return { execPath: found, missing: `its working folder ${cwd} does not exist` }
  if (!isScript) {
    const what = isProgram(script) ? `no program ${script} is on PATH` : `its script ${script} does not exist`
    return { execPath: undefined, missing: what }
  }
  return { execPath: found, missing: await findInterpreter(desired, execPath, { searchPath, disk }) }
}

/** A declared PATH is what the process gets, and so where its programs are. */
function searchPathOf(declared: string | Secret | undefined, basePath: string): string {
  if (declared instanceof Secret) return declared.isRead ? declared.reveal() : basePath
  return declared ?? basePath
}

async function findInterpreter(
  desired: DesiredProcess,
  execPath: string,
  { searchPath, disk }: { readonly searchPath: string; readonly disk: DiskView },
): Promise<string | undefined> {
  const { spec } = desired
  if (spec.mode === 'cluster') return undefined
  const interpreter = absoluteOrProgram(spec.interpreter ?? defaultInterpreterOf(spec), folderOf(desired))
  if (interpreter === 'none') {
    return disk.isExecutable(execPath) ? undefined : `its program ${execPath} may not be executed`
  }
  if (isProgram(interpreter)) {
    return (await disk.findProgram(interpreter, searchPath))
      ? undefined
      : `no interpreter ${interpreter} is on PATH`
  }
  return disk.isExecutable(interpreter) ? undefined : `its interpreter ${interpreter} does not exist`
}
