import { ownPm2Program, usersPm2Program } from '../clients/pm2/daemon/pm2-command.ts'
import type { Secret } from '../core/secret.ts'
import type { Store } from '../core/store.ts'
import type { Manifests } from '../manifests/read.ts'
import { pm2HomeOf } from '../reconcilers/process/home.ts'
import { commandText, reconcile, type Surroundings } from '../reports/report/command.ts'
import { readControllerHome } from '../state/controller-home.ts'
import { liveController, openKeeper } from './actor.ts'
import type { Workspace } from './workspace.ts'

/** How this fleet is reached from where a verb was called, and what runs there. */
export async function surroundingsOf(
  workspace: Workspace,
  { store, declaration }: { readonly store: Store; readonly declaration: Manifests },
): Promise<Surroundings> {
  const { call, fleet } = { call: workspace.call, fleet: declaration.fleet }
  const holder = await liveController(openKeeper(workspace, store))
  const kept = await readControllerHome(store)
  return {
    fleetFlags: fleetFlagsOf(workspace),
    controller: holder && { pid: holder.pid, isInBackground: kept?.pid === holder.pid },
    pm2: await pm2CommandOf(workspace, fleet.pm2.home),
    tokens: {
      github: variableOf(fleet.github.token) ?? 'GITHUB_TOKEN',
      netlify: variableOf(fleet.netlify.token) ?? 'NETLIFY_AUTH_TOKEN',
    },
    workingDirectory: call.cwd,
    placeOf: declaration.placeOf,
  }
}

/** How `pm2` is called so that it asks the daemon of this fleet; without one on PATH, the one that came with us. */
export async function pm2CommandOf(
  { call }: Pick<Workspace, 'call'>,
  declaredHome: string | undefined,
): Promise<Surroundings['pm2']> {
  const home = pm2HomeOf(declaredHome, call.env)
  const isUsual = home === pm2HomeOf(undefined, { HOME: call.env.HOME })
  const isOnPath = (await usersPm2Program(call.env.PATH)) !== undefined
  return { home: isUsual ? undefined : home, program: isOnPath ? ['pm2'] : ['node', ownPm2Program()] }
}

/** What was said on the command line, and what only this shell's variables say. */
export function fleetFlagsOf({ call, common, environment }: Workspace): readonly string[] {
  const state = common.state ?? (call.env.RECONCILE_STATE || undefined)
  return [
    ...(common.file.length === 0 ? [] : ['--file', ...common.file]),
    ...(environment === undefined ? [] : ['--env', environment]),
    ...(state === undefined ? [] : ['--state', state]),
    ...common.allowHost.flatMap((host) => ['--allow-host', host]),
    ...common.allowPath.flatMap((path) => ['--allow-path', path]),
  ]
}

function variableOf(token: Secret | undefined): string | undefined {
  const start = 'fromEnv '
  return token?.source.startsWith(start) ? token.source.slice(start.length) : undefined
}

/** Commands of ours as they are typed for this fleet, in backquotes. */
export function typedIn(workspace: Workspace): (...args: readonly string[]) => string {
  const place = { fleetFlags: fleetFlagsOf(workspace), pm2: { home: undefined, program: ['pm2'] } }
  return (...args) => `\`${commandText(reconcile(...args), place)}\``
}
