import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Bytes of a file that are looked at. */
const looked = 1024

/** Whether a file is text, as against a program for the processor; false where it cannot be read. */
export function isTextFile(path: string): boolean {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    // What cannot be read is judged by `check`, which names it.
    return false
  }
  try {
    const bytes = Buffer.alloc(looked)
    return !bytes.subarray(0, readSync(file, bytes, 0, looked, 0)).includes(0)
  } catch {
    // A folder.
    return false
  } finally {
    closeSync(file)
  }
}

/** Finds programs on a PATH as a shell does; undefined: there is none of that name. */
export function programFinder(path: string): (name: string) => string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  return (name) => folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate))
}
