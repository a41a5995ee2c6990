import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
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

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** The first program of this name on a PATH; undefined where there is none. */
export async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, name)
    if (folder !== '' && (await isProgram(candidate))) return candidate
  }
  return undefined
}
