import { mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { type GitPlace, inside, repositoryFolder } from './repository.ts'
import { askGit, type GitCall } from './run.ts'
import { excessOf, listTree } from './tree.ts'

/** The tree that the fleet is read from: always the same folder, or every script would have moved with each commit. */
const currentFolder = ({ folder }: Pick<GitPlace, 'folder'>) => join(folder, 'current')
/** Where a commit is judged before it counts. */
export const candidateFolder = ({ folder }: Pick<GitPlace, 'folder'>) => join(folder, 'candidate')

/** A small push can hold the same content many times, and each is a file once it is laid out. */
const most = { count: 100_000, bytes: 1024 * 1024 * 1024 } as const

/** Stands while `current` is on its way from one commit to another. */
export const unfinishedMark = (place: Pick<GitPlace, 'folder'>) =>
  join(repositoryFolder(place), 'reconciled-unfinished')
const candidateIndex = (place: GitPlace) => join(repositoryFolder(place), 'candidate.index')

/** Why a commit is too large to be laid out, without a subject; undefined: it is not. */
export async function whyTooLarge(place: GitPlace, commit: string): Promise<string | undefined> {
  return excessOf(await listTree((args) => inside(place, args), commit), most)
}

/** Puts a commit beside the current one, and returns where. */
export async function layOutCandidate(place: GitPlace, commit: string): Promise<string> {
  const folder = candidateFolder(place)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // What bounds the files that manifests may name is the folder with a `.git` in it.
  await writeFile(join(folder, '.git'), '')
  try {
    await readTree(place, { folder, commit, variables: { GIT_INDEX_FILE: candidateIndex(place) } })
  } catch (error) {
    await dropCandidate(place)
    throw error
  }
  return folder
}

/** Forgets what was laid out: nobody knows how far one got who was killed. */
export async function dropCandidate(place: GitPlace): Promise<void> {
  await rm(candidateFolder(place), { recursive: true, force: true })
  await rm(candidateIndex(place), { force: true })
}

/**
 * Brings `current` to a commit. Files of the commit before that the new one does not have go; what no commit knows
 * (logs, installed packages) stays, but for manifests. Returns whether anything was done.
 */
export async function bringCurrentTo(place: GitPlace, commit: string, path: string): Promise<boolean> {
  const folder = currentFolder(place)
  const isThere =
    (await headOf(place)) === commit &&
    !(await exists(unfinishedMark(place))) &&
    (await exists(join(folder, '.git')))
  if (isThere) return restore(place, path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, '.git'), 'gitdir: ../repo\n')
  await writeFile(unfinishedMark(place), commit)
  await readTree(place, { folder, commit })
  await removeStrangers(place, path)
  await askGit(inside(place, ['update-ref', '--no-deref', 'HEAD', commit]))
  await rm(unfinishedMark(place), { force: true })
  return true
}

/** Which commit `current` is at; undefined: none yet. */
async function headOf(place: GitPlace): Promise<string | undefined> {
  const head = await readFile(join(repositoryFolder(place), 'HEAD'), 'utf8').catch(() => '')
  return /^[0-9a-f]{40,64}$/.exec(head.trim())?.[0]
}

async function readTree(
  place: GitPlace,
  target: {
    readonly folder: string
    readonly commit: string
    readonly variables?: Readonly<Record<string, string>>
  },
): Promise<void> {
  const { folder, commit, variables } = target
  const args = [`--work-tree=${folder}`, 'read-tree', '--reset', '-u', commit]
  // Relative paths are of the top of the work tree there.
  await askGit({ ...inside(place, args), folder, limit: 300_000, ...(variables && { variables }) })
}

/**
 * Undoes what was changed by hand in the manifests: exactly the commit counts. Of other files those come back that are
 * gone; what is in them is left as it is.
 */
async function restore(place: GitPlace, path: string): Promise<boolean> {
  const folder = currentFolder(place)
  const manifests = await realFolder(folder, path)
  const within = (args: readonly string[]): GitCall => ({
    ...inside(place, [`--work-tree=${folder}`, ...args]),
    folder,
  })
  const status = [
    'status',
    '--porcelain',
    '-z',
    '--no-renames',
    '--untracked-files=no',
    '--ignore-submodules=all',
  ]
  const changed = (await askGit(within(status)))
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => ({ isGone: entry.slice(0, 2).includes('D'), name: entry.slice(3) }))
    .filter(({ isGone, name }) => isGone || name === path || isManifest(manifests, name))
    .map(({ name }) => name)
  if (changed.length > 0) {
    const args = ['--literal-pathspecs', 'checkout', '--force', '--quiet', 'HEAD']
    const input = changed.map((name) => `${name}\0`).join('')
    await askGit({ ...within([...args, '--pathspec-from-file=-', '--pathspec-file-nul']), input })
  }
  const removed = await removeStrangers(place, path)
  return changed.length > 0 || removed
}

/** A manifest that no commit knows is none of the fleet's; one that git is told to ignore is there on purpose. */
async function removeStrangers(place: GitPlace, path: string): Promise<boolean> {
  const folder = currentFolder(place)
  const manifests = await realFolder(folder, path)
  const args = [`--work-tree=${folder}`, 'clean', '--force', '--', ...manifestsIn(manifests)]
  return (await askGit({ ...inside(place, args), folder })).trim() !== ''
}

/** Where a folder of the tree lies that may be a link within it: git knows files by no other name. */
async function realFolder(tree: string, path: string): Promise<string> {
  const [real, top] = await Promise.all(
    [join(tree, path), tree].map((each) => realpath(each).catch(() => each)),
  )
  const way = relative(top ?? tree, real ?? path)
    .split(sep)
    .join('/')
  if (way === '') return '.'
  return way === '..' || way.startsWith('../') || isAbsolute(way) ? path : way
}

const ignoreFile = '.reconcileignore'
const prefixOf = (path: string) => (path === '.' ? '' : `${path}/`)

/** Everything that is read as a manifest, or says what is. */
function manifestsIn(path: string): readonly string[] {
  const prefix = prefixOf(path)
  return [`:(glob)${prefix}**/*.y*ml`, `:(glob)${prefix}${ignoreFile}`]
}

/** The same of one file, by its name in the repository. */
function isManifest(path: string, name: string): boolean {
  const prefix = prefixOf(path)
  return name.startsWith(prefix) && (/\.y[^/]*ml$/.test(name) || name === `${prefix}${ignoreFile}`)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
