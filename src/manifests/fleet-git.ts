import { dirname, resolve } from 'node:path'
import type { FleetGit } from '../core/fleet.ts'
import { isBranchName, isInnerFolder, readGitAddress } from '../core/git-address.ts'
import { readHookAddress, type SignaturePolicy, sourceDefaults } from '../core/source.ts'
import { duration } from './controls.ts'
import type { Layered } from './environment.ts'
import { quote } from './excerpt.ts'
import type { Faults } from './faults.ts'
import type { FleetSpec } from './fleet-spec.generated.ts'

/** The one host that everybody's token for it goes to, as with its API. */
const usualHost = 'github.com'

/** Bounds, in milliseconds: a look costs the server a connection. */
const bounds = Object.freeze({ least: 1000, most: 86_400_000 })

/** What `spec.git` says; undefined: nothing, or nothing that could be followed. Its references are read later. */
export function readFleetGit(
  { git }: FleetSpec,
  document: Layered | undefined,
  options: { readonly allow: { readonly hosts: readonly string[] } },
  faults: Faults | undefined,
): FleetGit | undefined {
  if (!git || !document || !faults) return undefined
  const { branch = sourceDefaults.branch, path = sourceDefaults.path } = git
  const before = faults.diagnostics.length
  const reading = readGitAddress(git.url)
  if (reading.type === 'fault') {
    faults.add(['spec', 'git', 'url'], {
      code: 'git-source',
      message: `Expected \`spec.git.url\` to be the address of a repository; it ${reading.message}`,
      hint: reading.hint,
    })
  } else if (git.token) checkTokenHost(reading.address, options.allow.hosts, faults)
  if (!isBranchName(branch)) {
    faults.add(['spec', 'git', 'branch'], {
      code: 'git-source',
      message: `Expected \`spec.git.branch\` to be the name of a branch, got ${quote(branch)}`,
      hint: 'Give it as `git branch` prints it, such as `main`.',
    })
  }
  if (!isInnerFolder(path)) {
    faults.add(['spec', 'git', 'path'], {
      code: 'git-source',
      message: `Expected \`spec.git.path\` to be a folder within the repository, got ${quote(path)}`,
      hint: 'Give it from the top of the repository, such as `manifests`; `.` is the top itself.',
    })
  }
  const interval = duration(git.interval, ['spec', 'git', 'interval'], bounds, faults)
  const webhook = git.webhook && readHookAddress(git.webhook.listen)
  if (git.webhook && !webhook) {
    faults.add(['spec', 'git', 'webhook', 'listen'], {
      code: 'wrong-value',
      message: `Expected \`spec.git.webhook.listen\` to have a port from 1 to 65535, got ${quote(git.webhook.listen)}`,
      hint: 'Give one that is free, such as "9444".',
    })
  }
  if (reading.type === 'fault' || faults.diagnostics.length > before) return undefined
  return Object.freeze({
    settings: Object.freeze({
      url: git.url,
      branch,
      path,
      interval: interval ?? sourceDefaults.interval,
      webhook,
      signatures: readSignatures(git, document),
    }),
    token: undefined,
    hookSecret: undefined,
  })
}

/** A manifest alone must not decide where a token is sent. */
function checkTokenHost(
  { protocol, host }: { readonly protocol: string; readonly host: string | undefined },
  allowedHosts: readonly string[],
  faults: Faults,
): void {
  const at = ['spec', 'git', 'token']
  if (host === undefined || (protocol !== 'https' && protocol !== 'http')) {
    faults.addAtKey(at, {
      code: 'git-source',
      message: 'Expected `spec.git.url` to be an https address beside `token`',
      hint: 'Remove `token`: ssh is shown a key of the user, and other addresses take no credential.',
    })
  } else if (host !== usualHost && !allowedHosts.some((allowed) => allowed.toLowerCase() === host)) {
    faults.add(['spec', 'git', 'url'], {
      code: 'host-not-allowed',
      message: `The host ${quote(host)} in \`spec.git.url\` is not allowed to be sent the token`,
      hint: `Allow it with \`--allow-host ${host}\`, or hand the token over in RECONCILE_GIT_TOKEN instead.`,
    })
  }
}

function readSignatures(git: NonNullable<FleetSpec['git']>, document: Layered): SignaturePolicy | undefined {
  const { requireSignedCommits: required } = git
  if (!required) return undefined
  if (required.allowedSigners === undefined) return { type: 'gpg' }
  return { type: 'ssh', allowedSigners: resolve(dirname(document.file.path), required.allowedSigners) }
}
