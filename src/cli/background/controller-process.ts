import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { NewProcess } from '../../clients/pm2/process-config.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Manifests } from '../../manifests/read.ts'
import { baseEnvironment } from '../../reconcilers/process/base-env.ts'
import { pm2HomeOf } from '../../reconcilers/process/home.ts'
import { flagsOf } from '../source/git-options.ts'
import type { Workspace } from '../workspace.ts'
import { supervisedVariable } from './supervised-variable.ts'

/** As long as a pass may need to end what it began. */
const killTimeout = 60_000

/** Beginnings of the variables that decide how a controller works; all others it gets only where a manifest refers to them. */
const passedOn = [
  'RECONCILE_',
  'GITHUB_',
  'GH_',
  'NETLIFY_',
  'XDG_',
  'PM2_HOME',
  'SSL_CERT',
  'NODE_EXTRA_CA_CERTS',
]

/** The same of those that say how a git server is reached. */
const passedToGit = [
  'GIT_',
  'SSH_AUTH_SOCK',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
]

/** The name in PM2: of the fleet in its environment. */
export function controllerName(declaration: Pick<Manifests, 'fleet'>): string {
  const { name, environment } = declaration.fleet
  return `reconciled-${name}${environment === undefined ? '' : `-${environment}`}`
}

/** The PM2_HOME that the fleet's controller is started in: the one of its processes. */
export function homeOf(workspace: Workspace, declaration: Pick<Manifests, 'fleet'> | undefined): string {
  return pm2HomeOf(declaration?.fleet.pm2.home, workspace.call.env)
}

/**
 * The controller as a process for PM2: `watch` with the same manifests, environment and state, by the Node that runs
 * now. It bears no mark and no fleet owns it, so that no pass ever deletes it.
 */
export function controllerProcess(workspace: Workspace, declaration: Manifests): NewProcess {
  const { call, common, paths, environment, statePath, followed } = workspace
  const args = [
    'watch',
    '--file',
    ...(followed ? [followed.from] : paths),
    // What a Fleet says it reads there itself, so that an edit counts after a restart.
    ...(followed?.saidBy === 'flags' ? flagsOf(followed.settings) : []),
    '--state',
    statePath,
    ...(environment === undefined ? [] : ['--env', environment]),
    ...common.allowHost.flatMap((host) => ['--allow-host', host]),
    ...common.allowPath.flatMap((path) => ['--allow-path', path]),
    ...(common.verbose ? ['-v'] : []),
  ]
  return {
    name: controllerName(declaration),
    execPath: programPath(call.env),
    args,
    cwd: call.cwd,
    interpreter: process.execPath,
    mode: 'fork',
    env: {
      ...baseEnvironment(call.env),
      ...passedVariables(workspace, declaration),
      [supervisedVariable]: statePath,
    },
    instances: 1,
    killTimeout,
    expBackoffRestartDelay: 1000,
  }
}

/** The program that runs now. Under PM2 that is not what Node was started with, but what PM2 says. */
function programPath(env: Readonly<Record<string, string | undefined>>): string {
  const underPm2 = env[supervisedVariable] === undefined ? undefined : env.pm_exec_path
  return realpathSync(underPm2 ?? process.argv[1] ?? fileURLToPath(import.meta.url))
}

/** No token of the shell goes further than it is needed: what manifests refer to, and our own settings. */
function passedVariables(
  { call, followed }: Workspace,
  declaration: Manifests,
): Readonly<Record<string, string>> {
  const starts = followed ? [...passedOn, ...passedToGit] : passedOn
  const passed: Record<string, string> = {}
  for (const [key, value] of Object.entries(call.env)) {
    if (value === undefined || value === '') continue
    const isReferredTo = declaration.variables.has(key) || followed?.variables.has(key)
    if (isReferredTo || starts.some((start) => key.startsWith(start))) passed[key] = value
  }
  return passed
}

/**
 * The processes by which PM2 keeps the controller of a state, whatever they are called: a fleet may have got another
 * name since. What runs is first.
 */
export function findControllers(records: readonly Pm2Record[], statePath: string): readonly Pm2Record[] {
  const isOnline = (record: Pm2Record) => Number(record.status === 'online')
  return records
    .filter(({ env }) => env[supervisedVariable] === statePath)
    .toSorted((a, b) => isOnline(b) - isOnline(a))
}
