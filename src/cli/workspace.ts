import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { systemClock } from '../clients/host/clock.ts'
import { systemRandom } from '../clients/host/random.ts'
import type { Clock, Random } from '../core/clock.ts'
import { ReconcileError } from '../core/errors.ts'
import type { AnyReconciler } from '../core/reconciler.ts'
import type { Store } from '../core/store.ts'
import { findUnknownEnvironment, folderAround } from '../manifests/location.ts'
import { withoutSecrets } from '../state/masked-store.ts'
import { domains } from './domains.generated.ts'
import type { Invocation } from './invocation.ts'
import type { CommonOptions } from './options.ts'
import { type Followed, findFollowed, followedFolder } from './source/followed.ts'
import { isWorkTreeSettled } from './source/work-tree.ts'

/** Where a verb works: which manifests, which environment, which state. Opening it touches nothing. */
export interface Workspace {
  readonly call: Invocation
  readonly common: CommonOptions
  /** What `-f` named, absolute; by default the `manifests` folder. */
  readonly paths: readonly string[]
  /** The manifests folder, absolute: what a store is bound to. */
  readonly folder: string
  readonly statePath: string
  /** Undefined: the base alone. */
  readonly environment: string | undefined
  /** Undefined: the manifests are what people write into the folder; else they are fetched into it. */
  readonly followed?: Followed
  readonly reconcilers: ReadonlyMap<string, AnyReconciler>
  readonly clock: Clock
  readonly random: Random
}

export async function openWorkspace(
  call: Invocation,
  common: CommonOptions,
  options: {
    /** The manifests need not be there any more; what was started from them still is. */
    readonly mayBeGone?: boolean
    /** What is in the folder is meant, whatever the fleet follows. */
    readonly isLocal?: boolean
  } = {},
): Promise<Workspace> {
  const named = common.file.map((path) => resolve(call.cwd, path))
  const paths = named.length > 0 ? named : [resolve(call.cwd, 'manifests')]
  const folder = folderOf(paths, resolve(call.cwd, 'manifests'))
  const state = common.state ?? call.env.RECONCILE_STATE
  const given = common.env ?? call.env.RECONCILE_ENV
  const place = {
    statePath: state ? resolve(call.cwd, state) : resolve(dirname(folder), '.reconcile/state.db'),
    environment: given === '' ? undefined : given,
    clock: systemClock,
    random: systemRandom,
  }
  const followed = options.isLocal ? undefined : await findFollowed({ ...place, from: folder })
  if (followed) {
    const fetched = followedFolder(followed.gitFolder, followed.settings)
    const reconcilers = await loadReconcilers()
    if (!(await isWorkTreeSettled(followed.gitFolder, systemClock)))
      call.err.write(
        'warning: the work tree was left between two commits; a pass or the controller brings it to one.\n',
      )
    return { call, common, paths: [fetched], folder: fetched, followed, reconcilers, ...place }
  }
  const missing = paths.find((path) => !existsSync(path))
  if (missing !== undefined && !options.mayBeGone) {
    throw new ReconcileError('NothingDeclared', `Cannot read manifests: ${missing} does not exist`, {
      hint: 'Name the folder with -f, go to the folder that holds `manifests`, or have `reconcile init` write the first ones.',
    })
  }
  return { call, common, paths, folder, reconcilers: await loadReconcilers(), ...place }
}

/** The first folder that was named, or else that of the first file. */
function folderOf(paths: readonly string[], usual: string): string {
  return paths.find(isFolder) ?? folderAround(paths[0] ?? usual, usual)
}

/** What is gone was a folder, unless its name is a file's. */
function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? !/\.ya?ml$/.test(path)
}

/** Rejects where it does not, and lists those that do. */
export async function assertEnvironmentExists(workspace: Workspace): Promise<void> {
  const { paths, call, environment } = workspace
  // What was not fetched yet is judged when it is.
  if (environment === undefined || (workspace.followed && !existsSync(workspace.folder))) return
  const fault = await findUnknownEnvironment({ paths, cwd: call.cwd, environment })
  if (fault)
    throw new ReconcileError('ManifestsInvalid', fault.message, { ...(fault.hint && { hint: fault.hint }) })
}

/** Every domain, by its kind. */
export async function loadReconcilers(): Promise<ReadonlyMap<string, AnyReconciler>> {
  const loaded = await Promise.all(
    Object.entries(domains).map(async ([kind, load]) => [kind, await load()] as const),
  )
  return new Map(loaded)
}

/**
 * Opens the state; `read` changes nothing on disk and finds an empty store where there is none. For an environment that
 * does not exist nothing is ever written.
 */
export async function openState(workspace: Workspace, mode: 'read' | 'write'): Promise<Store> {
  if (mode === 'write') await assertEnvironmentExists(workspace)
  const { openSqliteStore } = await import('../state/sqlite.ts')
  const { clock, random, statePath } = workspace
  return withoutSecrets(await openSqliteStore({ path: statePath, mode, clock, random }), workspace.call.mask)
}
