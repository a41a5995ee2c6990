import { constants } from 'node:fs'
import { open, readdir, readlink, stat } from 'node:fs/promises'

/** What the file system says of a file that was read. */
export interface FileStats {
  /** Permission bits. */
  readonly mode: number
  /** How many names it has: more than one where it is hard-linked. */
  readonly names: number
}

/** A text file, or why there is none. */
export type TextFact =
  | { readonly type: 'text'; readonly text: string; readonly stats: FileStats }
  | { readonly type: 'absent' }
  | { readonly type: 'unreadable'; readonly message: string }

/** What is at a path. `other` is a device, a pipe or a socket, which is never opened. */
export type PathFact =
  | { readonly type: 'file'; readonly isExecutable: boolean }
  | { readonly type: 'folder' }
  | { readonly type: 'other' }
  | { readonly type: 'absent' }
  /** Whether anything is there is not known. */
  | { readonly type: 'unreadable'; readonly message: string }

/** A link by its own words, or what is there in place of one. */
export type LinkFact = { readonly type: 'link'; readonly target: string } | PathFact

/** The questions that are put to the file system; each is one reading of one path. */
export interface Disk {
  look(path: string): Promise<PathFact>
  /** Undefined: there is no such folder, or it may not be read. */
  list(folder: string): Promise<readonly string[] | undefined>
  read(path: string): Promise<TextFact>
  /** What a link says, or what is there in place of one. */
  follow(path: string): Promise<LinkFact>
}

/** Larger files are not read: no lock file and no package.json of a person is. 64 MiB. */
const largestText = 64 * 1024 * 1024

const anyExecute = constants.S_IXUSR | constants.S_IXGRP | constants.S_IXOTH

/** The machine's own file system. Opens no pipe and no device. */
export const machineDisk: Disk = Object.freeze({
  look: lookAt,
  list: (folder: string) => readdir(folder).catch(() => undefined),
  read: readTextFile,
  follow: async (path: string): Promise<LinkFact> => {
    const target = await readlink(path).catch(() => undefined)
    return target === undefined ? lookAt(path) : { type: 'link', target }
  },
})

async function lookAt(path: string): Promise<PathFact> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (found instanceof Error) {
    return isAbsence(found)
      ? { type: 'absent' }
      : { type: 'unreadable', message: `it cannot be looked at (${found.code})` }
  }
  if (found.isDirectory()) return { type: 'folder' }
  if (!found.isFile()) return { type: 'other' }
  return { type: 'file', isExecutable: (found.mode & anyExecute) !== 0 }
}

/** Any other fault, such as a folder that may not be entered, says nothing of what is there. */
function isAbsence({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Decodes UTF-8 strictly and keeps a byte order mark; throws a TypeError for anything else. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

async function readTextFile(path: string): Promise<TextFact> {
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const fault = error as NodeJS.ErrnoException
    return isAbsence(fault)
      ? { type: 'absent' }
      : { type: 'unreadable', message: `it cannot be opened (${fault.code})` }
  }
  try {
    const found = await file.stat()
    if (!found.isFile()) return { type: 'unreadable', message: 'it is not a regular file' }
    if (found.size > largestText) return { type: 'unreadable', message: 'it is larger than 64 MiB' }
    const text = decodeText(await file.readFile())
    return { type: 'text', text, stats: { mode: found.mode & 0o7777, names: found.nlink } }
  } catch (error) {
    return {
      type: 'unreadable',
      message: error instanceof TypeError ? 'it is not UTF-8 text' : 'it could not be read',
    }
  } finally {
    await file.close()
  }
}
