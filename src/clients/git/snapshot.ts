import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { ReconcileError } from '../../core/errors.ts'
import { type GitCall, runGit } from './run.ts'
import { excessOf, listTree, type TreeEntry } from './tree.ts'

/** What a call of git needs beside its arguments. */
export type GitPlace = Pick<GitCall, 'folder' | 'env' | 'clock' | 'signal'>

/** The files of a commit, written out. */
export interface Snapshot {
  /** Its full name. */
  readonly commit: string
  /** Links that lead out of the tree or in a circle, by their paths in it: they were not made. */
  readonly refusedLinks: readonly string[]
}

const most = { count: 100_000, bytes: 512 * 1024 * 1024 } as const
const batchBytes = 16 * 1024 * 1024
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
  const tree = await listTree((args) => ({ ...place, args }), commit)
  const excess = excessOf(tree, most)
  if (excess !== undefined) throw new ReconcileError('GitFailed', `Cannot compare: the commit ${excess}`)
  const files = tree.files.filter(({ mode }) => mode.startsWith('100'))
  const links = tree.files.filter(({ mode }) => mode === linkMode)
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
  const targets = new Map<string, string>()
  for (const batch of batchesOf(links)) {
    const contents = await readBlobs(place, batch)
    for (const [index, { path }] of batch.entries())
      targets.set(path, contents[index]?.toString('utf8') ?? '')
  }
  const refusedLinks: string[] = []
  for (const [path, target] of targets) {
    if (leadsOut(path, targets)) refusedLinks.push(path)
    else {
      await mkdir(dirname(join(into, path)), { recursive: true })
      await symlink(target, join(into, path))
    }
  }
  return { commit, refusedLinks }
}

/** As long as a system takes one, with the NUL at its end. */
const longestTarget = 4096

function isRelative(target: string): boolean {
  return target !== '' && target.length < longestTarget && !target.includes('\0') && !posix.isAbsolute(target)
}

/** As many links as a system follows on the way to one file; a circle has more. */
const mostLinks = 40

/**
 * Whether a link of a tree leads out of it at any step, other links of the tree followed: what `..` is above depends on
 * where they lead. One in a circle leads nowhere that could be trusted.
 */
function leadsOut(link: string, targets: ReadonlyMap<string, string>): boolean {
  let place: readonly string[] = []
  const way = link.split('/')
  for (let followed = 0; ; ) {
    const step = way.shift()
    if (step === undefined) return false
    if (step === '' || step === '.') continue
    if (step === '..') {
      if (place.length === 0) return true
      place = place.slice(0, -1)
      continue
    }
    const target = targets.get([...place, step].join('/'))
    if (target === undefined) place = [...place, step]
    else if (!isRelative(target)) return true
    else {
      followed += 1
      if (followed > mostLinks) return true
      way.unshift(...target.split('/'))
    }
  }
}

function batchesOf(entries: readonly TreeEntry[]): readonly (readonly TreeEntry[])[] {
  const batches: TreeEntry[][] = []
  let bytes = batchBytes + 1
  for (const entry of entries) {
    if (bytes + entry.size > batchBytes) {
      batches.push([])
      bytes = 0
    }
    batches.at(-1)?.push(entry)
    bytes += entry.size
  }
  return batches
}

/** The contents of blobs, in their order. */
async function readBlobs(place: GitPlace, entries: readonly TreeEntry[]): Promise<readonly Buffer[]> {
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
