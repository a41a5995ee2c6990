import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Commit } from '../../core/source.ts'
import { askGit, type GitCall, runGit } from './run.ts'
import { callOf, type GitServer } from './server.ts'

/** Where a repository of ours lies, and how git is run there. */
export interface GitPlace extends Pick<GitCall, 'env' | 'clock' | 'signal'> {
  /** Of the repository and its two work trees, absolute. Whoever works in it holds the fleet's lease. */
  readonly folder: string
}

const fetchLimit: Duration = 600_000
const tidyLimit: Duration = 300_000
const tip = 'refs/reconciled/tip'
const history = 'refs/reconciled/history'
const good = 'refs/reconciled/good/'
/** What was killed ends within this time: our watchdog gives it five seconds. */
const lockPatience: Duration = 7_000
const lockPoll: Duration = 100

/**
 * Bytes arrive as they were committed, on every machine, and no program that an attribute names is run on them: this
 * file counts more than those in the tree.
 */
const attributes = '* -text -filter -ident -working-tree-encoding\n'

export const repositoryFolder = ({ folder }: Pick<GitPlace, 'folder'>) => join(folder, 'repo')

/** A call within the repository. */
export function inside(place: GitPlace, args: readonly string[]): GitCall {
  const { env, clock, signal, folder } = place
  return { args: [`--git-dir=${repositoryFolder(place)}`, ...args], folder, env, clock, signal }
}

/** Makes the repository where there is none, and frees it of the locks of who was killed. */
export async function prepareRepository(place: GitPlace): Promise<void> {
  const path = repositoryFolder(place)
  await mkdir(place.folder, { recursive: true, mode: 0o700 })
  await freeLocks(place)
  if (!(await isRepository(place))) {
    // Half made, or damaged: everything in it can be fetched again.
    await rm(path, { recursive: true, force: true })
    const { env, clock, signal, folder } = place
    await askGit({
      args: ['init', '--quiet', '--bare', '--template=', '--initial-branch=reconciled', '--', path],
      folder,
      env,
      clock,
      signal,
    })
    // A work tree of its own names it: then `git` there says which commit runs.
    await askGit(inside(place, ['config', 'core.bare', 'false']))
  }
  await mkdir(join(path, 'info'), { recursive: true })
  await writeFile(join(path, 'info/attributes'), attributes)
}

async function isRepository(place: GitPlace): Promise<boolean> {
  if (!(await exists(join(repositoryFolder(place), 'HEAD')))) return false
  const { code, output } = await runGit(inside(place, ['rev-parse', '--is-bare-repository']))
  return code === 0 && output.toString('utf8').trim() === 'false'
}

/**
 * Whoever holds the fleet's lease works here alone, so what is locked was locked by one who was killed. It may still be
 * ending: that is waited for, and then the lock is a leftover.
 */
async function freeLocks({ folder, clock, signal }: GitPlace): Promise<void> {
  const path = join(folder, 'repo')
  const end = clock.monotonic() + lockPatience
  let locks = await findLocks(path)
  while (locks.length > 0 && clock.monotonic() < end) {
    await clock.sleep(lockPoll, signal)
    locks = await findLocks(path)
  }
  for (const lock of locks) await rm(lock, { force: true })
}

async function findLocks(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.lock'))
    .map((entry) => join(entry.parentPath, entry.name))
}

/**
 * Fetches the newest commit of a branch and nothing before it; returns what it was, which may be newer than what was
 * seen a moment ago.
 */
export async function fetchTip(place: GitPlace, server: GitServer, branch: string): Promise<string> {
  await fetch(place, server, ['--depth=1', '--', server.address.url, `+refs/heads/${branch}:${tip}`])
  return (
    await askGit(inside(place, ['rev-parse', '--verify', '--end-of-options', `${tip}^{commit}`]))
  ).trim()
}

/** Fetches one commit by its id, which most servers allow while a branch holds it; false: it could not be had. */
export async function fetchCommit(place: GitPlace, server: GitServer, commit: string): Promise<boolean> {
  try {
    await fetch(place, server, ['--depth=1', '--', server.address.url, `+${commit}:${history}`])
    return true
  } catch (error) {
    if (error instanceof ReconcileError) return false
    throw error
  }
}

/**
 * Whether a branch goes on from an earlier commit of it; undefined: that cannot be told. A shallow repository does not
 * know, so all of the branch that is younger than that commit is fetched, which has it unless the branch was rewritten.
 */
export async function goesOnFrom(
  place: GitPlace,
  server: GitServer,
  line: { readonly branch: string; readonly before: Commit; readonly now: Commit },
): Promise<boolean | undefined> {
  const { branch, before, now } = line
  const isAncestor = async (ref: string) =>
    (await runGit(inside(place, ['merge-base', '--is-ancestor', before.id, ref]))).code === 0
  if (await isAncestor(now.id)) return true
  // Nothing is younger than that: it was set back.
  if (now.at < before.at) return false
  // As seconds: what a commit says of its time may lie beyond every calendar.
  const since = `@${before.at / 1000} +0000`
  const refspec = `+refs/heads/${branch}:${history}`
  try {
    await fetch(place, server, [`--shallow-since=${since}`, '--', server.address.url, refspec])
  } catch (error) {
    if (error instanceof ReconcileError) return undefined
    throw error
  }
  return isAncestor(history)
}

async function fetch(place: GitPlace, server: GitServer, args: readonly string[]): Promise<void> {
  await askGit({
    ...callOf(server),
    args: [
      `--git-dir=${repositoryFolder(place)}`,
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--force',
      ...args,
    ],
    folder: place.folder,
    limit: fetchLimit,
  })
}

/** Whether commits are here with everything in them; what came before them does not matter. */
export async function hasCommits(place: GitPlace, commits: readonly string[]): Promise<boolean> {
  if (commits.length === 0) return true
  const args = ['rev-list', '--objects', '--quiet', '--no-walk', '--end-of-options', ...commits]
  return (await runGit(inside(place, args))).code === 0
}

/** What a commit says of itself. */
export async function readCommit(place: GitPlace, commit: string): Promise<Commit> {
  const format = '--format=%H%x00%ct%x00%an%x00%s'
  // Not `show`, which compares all files of the commit with none even where it shows no difference.
  const args = ['log', '--max-count=1', '--encoding=UTF-8', format, '--end-of-options', commit]
  const [id = '', seconds = '', author = '', subject = ''] = (await askGit(inside(place, args)))
    .trimEnd()
    .split('\0')
  return { id, at: Number(seconds) * 1000, author: author.slice(0, 100), subject: subject.slice(0, 200) }
}

/** Keeps these commits, and lets go of others that were kept: a branch that is rewritten takes none of them away. */
export async function keepCommits(place: GitPlace, commits: readonly string[]): Promise<void> {
  const listing = await askGit(inside(place, ['for-each-ref', '--format=%(refname)', good]))
  const known = new Set(listing.split('\n').filter((line) => line !== ''))
  const wanted = new Set(commits.map((commit) => `${good}${commit}`))
  const commands = [
    ...commits.map((commit) => `update ${good}${commit} ${commit}`),
    ...[...known].filter((ref) => !wanted.has(ref)).map((ref) => `delete ${ref}`),
  ]
  await askGit({ ...inside(place, ['update-ref', '--stdin']), input: `${commands.join('\n')}\n` })
}

/** Drops what nothing needs any more, when there is enough of it. */
export async function tidyRepository(place: GitPlace): Promise<void> {
  const args = ['-c', 'gc.auto=500', '-c', 'gc.autoDetach=false', '-c', 'gc.pruneExpire=1.hour.ago']
  await askGit({ ...inside(place, [...args, 'gc', '--auto', '--quiet']), limit: tidyLimit })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
