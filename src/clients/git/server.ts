import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { GitAddress } from '../../core/git-address.ts'
import type { Environment, GitToken } from './environment.ts'
import { askGit, type GitCall, gitFailure, runGit } from './run.ts'

/** How a repository elsewhere is spoken to. */
export interface GitServer extends Pick<GitCall, 'env' | 'clock' | 'signal'> {
  readonly address: GitAddress
  readonly token: GitToken | undefined
}

/** A look at the branches is short, and a server that is slow to answer is looked at again anyway. */
const lookLimit: Duration = 60_000
/** Listing at most so much: a repository with a hundred thousand branches needs 10 MB. */
const lookBytes = 16 * 1024 * 1024

/** A token for one host, by its address. Only https has one: ssh has keys. */
export function tokenFor({ protocol, host }: GitAddress, value: string): GitToken | undefined {
  return protocol === 'https' || protocol === 'http' ? { url: `${protocol}://${host}/`, value } : undefined
}

/** What all calls to a server have in common: where they are sent, and what they may use for it. */
export function callOf({ address, token, env, clock, signal }: GitServer) {
  return {
    env: env satisfies Environment,
    clock,
    signal,
    token,
    // Plain http is refused unless the address itself says it.
    ...(address.protocol === 'http' && { variables: { GIT_ALLOW_PROTOCOL: 'http' } }),
  }
}

/** The commit that a branch is at; undefined: the server answered, and has no such branch. */
export async function readTip(server: GitServer, branch: string): Promise<string | undefined> {
  const ref = `refs/heads/${branch}`
  const args = ['ls-remote', '--exit-code', '--', server.address.url, ref]
  const { code, output, complaint } = await runGit({
    ...callOf(server),
    args,
    // Outside of any repository, so that none of its settings count.
    folder: '/',
    limit: lookLimit,
    maxBytes: lookBytes,
  })
  // ls-remote says so with a code of its own.
  if (code === 2) return undefined
  if (code !== 0) throw gitFailure(args, { code, complaint })
  const lines = output.toString('utf8').split('\n')
  // A server may list `refs/heads/x/refs/heads/main` too.
  const line = lines.find((each) => each.endsWith(`\t${ref}`))
  const id = line?.split('\t')[0]
  if (id === undefined) return undefined
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) {
    throw new ReconcileError('GitFailed', `Cannot read ${server.address.url}: it names no commit`)
  }
  return id
}

/** The names of its branches, as many as a message can hold. */
export async function readBranches(server: GitServer): Promise<readonly string[]> {
  const text = await askGit({
    ...callOf(server),
    args: ['ls-remote', '--heads', '--', server.address.url],
    folder: '/',
    limit: lookLimit,
    maxBytes: lookBytes,
  })
  return text
    .split('\n')
    .flatMap((line) => /\trefs\/heads\/(.+)$/.exec(line)?.[1] ?? [])
    .slice(0, 20)
}
