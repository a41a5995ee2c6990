import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { PackageFile } from './package-file.ts'

/**
 * Why a careful person would not edit a package.json; undefined: nothing speaks against it. A file is replaced in one
 * step, which its own write bits would not prevent, so they are asked first.
 */
export async function obstacleTo(realPath: string, file: PackageFile): Promise<string | undefined> {
  if (file.ambiguity !== undefined) return file.ambiguity
  if ((file.stats.mode & 0o222) === 0) return 'it is read-only; `chmod u+w` says that it may be edited'
  if (file.stats.names > 1)
    return `it has ${file.stats.names} names (hard links), and replacing it would part them`
  if (!(await mayWrite(realPath))) return 'this user may not write it'
  if (!(await mayWrite(dirname(realPath)))) return 'this user may not write into its folder'
  return undefined
}

function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}
