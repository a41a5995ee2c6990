import { constants } from 'node:fs'
import { open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { describeProcess } from '../../../clients/host/process-identity.ts'
import { ReconcileError } from '../../../core/errors.ts'
import { decodeText } from '../resolve/disk.ts'
import { hashText } from './package-file.ts'

/** An edit of a file that was read before. */
export interface FileEdit {
  /** As it is declared: a link is followed. */
  readonly path: string
  /** Where it was when it was read, links resolved. */
  readonly realPath: string
  /** Of the text that the edit rests on. */
  readonly hash: string
  readonly edit: (text: string) => string
}

/**
 * Changes a file in one step: whoever reads it sees the old text or the new one, whole, also after a power cut. Its
 * mode and owner stay. Refused where it is not any more what was read.
 */
export async function editFile({ path, realPath, hash, edit }: FileEdit): Promise<void> {
  if ((await realpath(path).catch(() => undefined)) !== realPath)
    throw changed(path, 'the link leads elsewhere now')
  const file = await open(realPath, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw changed(path, 'it cannot be opened any more', error)
  })
  try {
    const before = await file.stat()
    const text = decodeText(await file.readFile())
    if (hashText(text) !== hash) throw changed(path, 'it has been edited')
    const isUntouched = async () => {
      const now = await stat(realPath).catch(() => undefined)
      return now?.ino === before.ino && now.mtimeMs === before.mtimeMs && now.size === before.size
    }
    await replaceFile(realPath, edit(text), before, isUntouched)
  } finally {
    await file.close()
  }
}

async function replaceFile(
  path: string,
  text: string,
  before: { readonly mode: number; readonly uid: number; readonly gid: number },
  isUntouched: () => Promise<boolean>,
): Promise<void> {
  const folder = dirname(path)
  const prefix = `.${basename(path)}.reconciled-`
  await clearAbandoned(folder, prefix)
  const temporary = join(folder, `${prefix}${process.pid}`)
  let isRenamed = false
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      const made = await file.stat()
      if (made.uid !== before.uid || made.gid !== before.gid) await file.chown(before.uid, before.gid)
      await file.chmod(before.mode & 0o7777)
      await file.sync()
    } finally {
      await file.close()
    }
    if (!(await isUntouched())) throw changed(path, 'it has been edited')
    await rename(temporary, path)
    isRenamed = true
    await syncFolder(folder)
  } catch (error) {
    if (error instanceof ReconcileError || isRenamed) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new ReconcileError('FileNotEditable', `Cannot write ${path}: ${code ?? 'it failed'}`, {
      cause: error,
    })
  } finally {
    if (!isRenamed) await unlink(temporary).catch(ignoreAbsent)
  }
}

/** What a killed predecessor left: files of a pid that is none any more. */
async function clearAbandoned(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix)) continue
    const pid = Number(name.slice(prefix.length))
    if (pid === process.pid || !(await describeProcess(pid)))
      await unlink(join(folder, name)).catch(ignoreAbsent)
  }
}

/** A rename is kept by a power cut only when its folder was written out. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

function changed(path: string, how: string, cause?: unknown): ReconcileError {
  return new ReconcileError('RemoteChanged', `Did not edit ${path}: ${how} since it was read`, { cause })
}
