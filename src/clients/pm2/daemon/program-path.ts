import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, sep } from 'node:path'

/**
 * A PATH without what npm puts before it: folders inside of a `node_modules`, which `npm ci` removes from under
 * programs that run, and relative ones. What a shell of the user would search.
 */
export function withoutModuleFolders(path: string | undefined): string {
  const folders = (path ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && !folder.split(sep).includes('node_modules'))
  return [...new Set(folders)].join(delimiter)
}

/** Without Node's pool of threads: a PATH has many folders, and each question through it takes ten times as long. */
function isProgram(path: string): boolean {
  try {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The first program of this name on a PATH; undefined where there is none. */
export async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, name)
    if (folder !== '' && isProgram(candidate)) return candidate
  }
  return undefined
}
