import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { ReconcileError } from '../../core/errors.ts'
import { askGit, type GitCall, runGit } from './run.ts'

/** What a call of git needs beside its arguments. */
export type GitPlace = Pick<GitCall, 'folder' | 'env' | 'clock' | 'signal'>

/** The files of a commit, written out. */
export interface Snapshot {
  /** Its full name. */
  readonly commit: string
  /** Links that lead out of the tree, by their paths in it: they were not made. */
  readonly refusedLinks: readonly string[]
}

interface Entry {
  readonly mode: string
  readonly object: string
  readonly size: number
  readonly path: string
}

const most = { files: 100_000, bytes: 512 * 1024 * 1024, batch: 16 * 1024 * 1024 } as const
const linkMode = '120000'
const programMode = '100755'

/** The folder that the work tree around a folder begins in, links resolved. */
export async function workTreeOf(place: GitPlace): Promise<string> {
  const { code, output } = await runGit({ ...place, args: ['rev-parse', '--show-toplevel'] })
  if (code === 0) return output.toString('utf8').replace(/\n$/, '')
  throw new ReconcileError('UsageInvalid', `Cannot compare ${place.folder}: it is in no git work tree`)
}

/** The full name of the commit that a revision names. */
export async function commitOf(place: GitPlace, revision: string): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]
  const { code, output } = await runGit({ ...place, args })
  const commit = output.toString('utf8').trim()
  if (code === 0 && /^[0-9a-f]{40,64}$/.test(commit)) return commit
  throw new ReconcileError('UsageInvalid', `Cannot compare with ${revision}: there is no such commit here`, {
    hint: 'In a shallow clone fetch it first: `git fetch --depth 1 origin REV`.',
  })
}

/**
 * Writes the files of a commit into an empty folder, as they were committed: nothing is checked out, no filter runs, no
 * index and no reference is touched. A link that leads out of the tree is left out, and so is a submodule.
 */
export async function writeSnapshot(place: GitPlace, commit: string, into: string): Promise<Snapshot> {
  const entries = await listTree(place, commit)
  const files = entries.filter(({ mode }) => mode.startsWith('100'))
  const links = entries.filter(({ mode }) => mode === linkMode)
  assertBounded([...files, ...links])
  for (const batch of batchesOf(files)) {
    const contents = await readBlobs(place, batch)
    for (const [index, { path, mode }] of batch.entries()) {
      const target = join(into, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, contents[index] ?? '', {
        flag: 'wx',
        mode: mode === programMode ? 0o755 : 0o644,
      })
    }
  }
  // Links come last, so that nothing is ever written through one.
  const refusedLinks: string[] = []
  for (const batch of batchesOf(links)) {
    const targets = await readBlobs(place, batch)
    for (const [index, { path }] of batch.entries()) {
      const target = targets[index]?.toString('utf8') ?? ''
      if (leadsOut(path, target)) refusedLinks.push(path)
      else {
        await mkdir(dirname(join(into, path)), { recursive: true })
        await symlink(target, join(into, path))
      }
    }
  }
  return { commit, refusedLinks }
}

function leadsOut(path: string, target: string): boolean {
  if (target === '' || target.includes('\0') || posix.isAbsolute(target)) return true
  const place = posix.normalize(posix.join(posix.dirname(path), target))
  return place === '..' || place.startsWith('../')
}

async function listTree(place: GitPlace, commit: string): Promise<readonly Entry[]> {
  const text = await askGit({ ...place, args: ['ls-tree', '-r', '-l', '-z', '--full-tree', commit] })
  return text.split('\0').flatMap((line) => {
    const [, mode = '', type, object = '', size = '', path = ''] =
      /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t([\s\S]+)$/.exec(line) ?? []
    if (type !== 'blob') return []
    assertPlain(path)
    return [{ mode, object, size: Number(size), path }]
  })
}

/** A tree that was made by hand can name what git itself would never write. */
function assertPlain(path: string): void {
  const isPlain = path
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git')
  if (isPlain) return
  throw new ReconcileError('GitFailed', `Cannot read the commit: it holds the path ${JSON.stringify(path)}`)
}

function assertBounded(entries: readonly Entry[]): void {
  const bytes = entries.reduce((sum, { size }) => sum + size, 0)
  if (entries.length <= most.files && bytes <= most.bytes) return
  throw new ReconcileError(
    'GitFailed',
    `Cannot compare: the commit has ${entries.length} files of ${bytes} bytes; at most ${most.files} of ${most.bytes} are written out`,
  )
}

function batchesOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const batches: Entry[][] = []
  let bytes = most.batch + 1
  for (const entry of entries) {
    if (bytes + entry.size > most.batch) {
      batches.push([])
      bytes = 0
    }
    batches.at(-1)?.push(entry)
    bytes += entry.size
  }
  return batches
}

/** The contents of blobs, in their order. */
async function readBlobs(place: GitPlace, entries: readonly Entry[]): Promise<readonly Buffer[]> {
  const input = entries.map(({ object }) => `${object}\n`).join('')
  const maxBytes = most.bytes + entries.length * 200
  const { output } = await runGit({ ...place, args: ['cat-file', '--batch'], input, maxBytes })
  let at = 0
  return entries.map(({ object, size }) => {
    const end = output.indexOf('\n', at)
    const head = output.toString('utf8', at, end < 0 ? at : end)
    if (head !== `${object} blob ${size}`) {
      throw new ReconcileError(
        'GitFailed',
        `Cannot read ${object} of the commit: git answered ${head || 'nothing'}`,
      )
    }
    at = end + 1 + size + 1
    return output.subarray(end + 1, end + 1 + size)
  })
}
