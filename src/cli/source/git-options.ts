import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ReconcileError } from '../../core/errors.ts'
import { isBranchName, isInnerFolder, readGitAddress } from '../../core/git-address.ts'
import { type GitSettings, readHookAddress, sourceDefaults } from '../../core/source.ts'
import { parseTimeout } from '../options.ts'

/** What the command line says of a repository to follow. */
export interface GitOptions {
  readonly git?: string
  readonly branch?: string
  readonly path?: string
  readonly gitInterval?: number
  readonly webhook?: string
  readonly allowedSigners?: string
}

/** Gives a verb that starts a controller the options of a repository to follow. */
export function withGitOptions(command: Command): Command {
  return command
    .option('--git <url>', 'fetch the manifests from this repository, and follow its branch')
    .option('--branch <name>', `the branch that is followed (default: ${sourceDefaults.branch})`)
    .option('--path <folder>', `the manifests folder within the repository (default: ${sourceDefaults.path})`)
    .option('--git-interval <duration>', 'how often the branch is looked at (default: 1m)', parseTimeout)
    .option(
      '--webhook <address>',
      'hear of pushes on this port or address:port; RECONCILE_WEBHOOK_SECRET holds the secret',
    )
    .option('--allowed-signers <file>', 'take only commits that are signed by an SSH key of this file')
}

/** The options as settings; undefined: `--git` was not given. What stands beside it means nothing alone. */
export function settingsOf(options: GitOptions, cwd: string): GitSettings | undefined {
  const { git, branch = sourceDefaults.branch, path = sourceDefaults.path } = options
  if (git === undefined) {
    const [stray] = Object.entries(flags).filter(([name]) => options[name as keyof GitOptions] !== undefined)
    if (stray) throw refuse(`Expected \`--git\` beside \`${stray[1]}\`, got none`, 'Name the repository.')
    return undefined
  }
  const reading = readGitAddress(git)
  if (reading.type === 'fault') {
    throw refuse(`Expected \`--git\` to be the address of a repository; it ${reading.message}`, reading.hint)
  }
  if (!isBranchName(branch)) {
    throw refuse('Expected `--branch` to be the name of a branch', 'Give it as `git branch` prints it.')
  }
  if (!isInnerFolder(path)) {
    throw refuse(
      'Expected `--path` to be a folder within the repository',
      'Give it from the top of the repository, such as `manifests`; `.` is the top itself.',
    )
  }
  const webhook = options.webhook === undefined ? undefined : readHookAddress(options.webhook)
  if (options.webhook !== undefined && !webhook) {
    throw refuse('Expected `--webhook` to be a port, or an address and a port', 'Such as 127.0.0.1:9444.')
  }
  const { gitInterval = sourceDefaults.interval, allowedSigners } = options
  if (gitInterval < 1000) throw refuse('Expected `--git-interval` to be at least 1s', 'Such as 30s or 1m.')
  return Object.freeze({
    url: git,
    branch,
    path,
    interval: gitInterval,
    webhook,
    signatures:
      allowedSigners === undefined
        ? undefined
        : ({ type: 'ssh', allowedSigners: resolve(cwd, allowedSigners) } as const),
  })
}

const flags = Object.freeze({
  branch: '--branch',
  path: '--path',
  gitInterval: '--git-interval',
  webhook: '--webhook',
  allowedSigners: '--allowed-signers',
})

function refuse(message: string, hint: string): ReconcileError {
  return new ReconcileError('UsageInvalid', message, { hint })
}

/** Settings as the command line that says them. */
export function flagsOf({
  url,
  branch,
  path,
  interval,
  webhook,
  signatures,
}: GitSettings): readonly string[] {
  return [
    ...['--git', url, '--branch', branch, '--path', path, '--git-interval', `${interval}ms`],
    ...(webhook ? ['--webhook', `[${webhook.host}]:${webhook.port}`] : []),
    ...(signatures?.type === 'ssh' ? ['--allowed-signers', signatures.allowedSigners] : []),
  ]
}
