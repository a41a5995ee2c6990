import type { Pm2Client } from '../../clients/pm2/client.ts'
import { openPm2 } from '../../clients/pm2/open.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { isErrorOf } from '../../core/errors.ts'
import type { Store } from '../../core/store.ts'
import type { Manifests } from '../../manifests/read.ts'
import { readControllerHome } from '../../state/controller-home.ts'
import type { Holder } from '../../state/holder.ts'
import { liveController, openKeeper } from '../actor.ts'
import type { Workspace } from '../workspace.ts'
import { findControllers, homeOf } from './controller-process.ts'

/** How long a controller may take to act, or to end what it does. */
const patience = 60_000
const lookInterval = 100

/** What starting and stopping work with. */
export interface Background {
  readonly workspace: Workspace
  readonly store: Store
  /** The PM2_HOME that a controller is started in now. */
  readonly home: string
  /** A line to the PM2 of a home; it is closed by whoever opened the background. */
  readonly pm2At: (home: string) => Pm2Client
}

/** Opens lines to PM2 for the work, and closes all of them after it. */
export async function withBackground<T>(
  workspace: Workspace,
  opened: { readonly store: Store; readonly declaration: Pick<Manifests, 'fleet'> | undefined },
  work: (background: Background) => Promise<T>,
): Promise<T> {
  const clients = new Map<string, Pm2Client>()
  const pm2At = (home: string) => {
    const client = clients.get(home) ?? openPm2({ home, clock: workspace.clock })
    clients.set(home, client)
    return client
  }
  try {
    return await work({
      workspace,
      store: opened.store,
      home: homeOf(workspace, opened.declaration),
      pm2At,
    })
  } finally {
    await Promise.all([...clients.values()].map((client) => client.close()))
  }
}

/** The controller that acts for the fleet now, whoever keeps it. */
export function controllerNow({ workspace, store }: Background): Promise<Holder | undefined> {
  return liveController(openKeeper(workspace, store))
}

/** The processes by which a PM2 keeps the controller. */
export interface Kept {
  readonly home: string
  readonly records: readonly Pm2Record[]
}

/**
 * Where the controller is kept, by its state and not by its name: whatever the manifests say by now, it is in the PM2
 * that it was started in. One that acts and lost its daemon registers itself anew; that is waited for.
 */
export async function findKept(background: Background): Promise<Kept | undefined> {
  const kept = await look(background)
  if (kept) return kept
  const acting = await controllerNow(background)
  const isInBackground = async () => {
    const now = await controllerNow(background)
    return now !== undefined && (await readControllerHome(background.store))?.pid === now.pid
  }
  if (!acting || !(await isInBackground())) return undefined
  const seen = await until(background, async () => {
    const found = await look(background)
    if (found) return { found }
    return (await isInBackground()) ? undefined : { found: undefined }
  })
  return seen?.found
}

async function look(background: Background): Promise<Kept | undefined> {
  const { workspace, store, home, pm2At } = background
  const remembered = (await readControllerHome(store))?.home
  for (const place of new Set([remembered ?? home, home, homeOf(workspace, undefined)])) {
    const records = findControllers(await listed(pm2At(place), workspace.call.signal), workspace.statePath)
    if (records.length > 0) return { home: place, records }
  }
  return undefined
}

/** What a PM2 runs; without a daemon that is nothing. */
export async function listed(pm2: Pm2Client, signal: AbortSignal): Promise<readonly Pm2Record[]> {
  try {
    return await pm2.list(signal)
  } catch (error) {
    if (isErrorOf(error, 'DaemonNotRunning')) return []
    throw error
  }
}

/** Looks until there is something, or the patience is over. */
export async function until<T>(
  { workspace }: Background,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const { clock, call } = workspace
  const end = clock.monotonic() + patience
  for (;;) {
    const found = await look()
    if (found !== undefined || clock.monotonic() > end) return found
    await clock.sleep(lookInterval, call.signal)
  }
}
