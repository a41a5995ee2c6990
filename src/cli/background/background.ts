import type { Pm2Client } from '../../clients/pm2/client.ts'
import { ensureDaemon } from '../../clients/pm2/daemon/ensure.ts'
import { openPm2 } from '../../clients/pm2/open.ts'
import { isErrorOf, ReconcileError } from '../../core/errors.ts'
import type { Store } from '../../core/store.ts'
import type { Manifests } from '../../manifests/read.ts'
import type { Holder } from '../../state/holder.ts'
import { liveController, openKeeper } from '../actor.ts'
import { printDiagnostics } from '../diagnostics.ts'
import type { Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { assertSomethingDeclared, readDeclaration } from '../read-declaration.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'
import { controllerName, controllerProcess, findController, homeOf } from './controller-process.ts'

/** How long a controller may take to act, or to end what it does. */
const patience = 60_000
const lookInterval = 100

/** What starting and stopping work with. */
export interface Background {
  readonly workspace: Workspace
  readonly declaration: Manifests
  readonly store: Store
  readonly pm2: Pm2Client
}

/** Opens the fleet and the line to its PM2, does the work, and closes both. */
export async function withBackground<T>(
  call: Invocation,
  common: CommonOptions,
  work: (background: Background) => Promise<T>,
): Promise<T> {
  const workspace = await openWorkspace(call, common)
  const store = await openState(workspace, 'read')
  try {
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
    printDiagnostics(workspace, declaration.diagnostics)
    assertSomethingDeclared(declaration)
    const pm2 = openPm2({ home: homeOf(workspace, declaration), clock: workspace.clock })
    try {
      return await work({ workspace, declaration, store, pm2 })
    } finally {
      await pm2.close()
    }
  } finally {
    await store.close()
  }
}

/** The controller that acts for the fleet now, whoever keeps it. */
function controllerNow({ workspace, store }: Background): Promise<Holder | undefined> {
  return liveController(openKeeper(workspace, store))
}

export interface StartedController {
  readonly name: string
  readonly pid: number
  readonly since: number
  readonly log: string | undefined
  readonly isNew: boolean
}

/** Puts the controller under PM2, and resolves when it acts. One that is there already is left as it is. */
export async function startController(background: Background): Promise<StartedController> {
  const { workspace, declaration, pm2 } = background
  const name = controllerName(declaration)
  const { call, clock, random, statePath } = workspace
  const there = await recordOf(background)
  if (there && !there.isOurs) {
    throw new ReconcileError(
      'NotOurs',
      `Cannot start the controller: PM2 has another process named ${name}`,
      {
        hint: 'Two fleets of one name share this PM2: give one of them a name of its own (kind: Fleet, metadata.name).',
      },
    )
  }
  const acting = await controllerNow(background)
  if (acting && there?.record.pid === acting.pid) {
    return { name, pid: acting.pid, since: acting.since, log: there.record.errLogPath, isNew: false }
  }
  if (acting) {
    throw new ReconcileError(
      'ControllerAlive',
      `Cannot start the controller: one acts for this fleet already, with pid ${acting.pid}`,
      { hint: 'It was started by hand (`reconcile watch`): end it first.' },
    )
  }
  await ensureDaemon({ home: pm2.home, env: call.env, clock, random, signal: call.signal })
  if (there) await pm2.delete({ pmId: there.record.pmId, name }, call.signal)
  await pm2.prepare(controllerProcess(workspace, declaration), call.signal)
  const found = await until(background, async () => {
    const holder = await controllerNow(background)
    const mine = findController(await pm2.list(call.signal), name, statePath)?.record
    return holder && mine?.pid === holder.pid ? { holder, record: mine } : undefined
  })
  const log = (await recordOf(background))?.record.errLogPath
  if (!found) {
    throw new ReconcileError('OperationTimedOut', `The controller was started as ${name} and does not act`, {
      hint: `Its log says why: ${log ?? 'none'}`,
    })
  }
  return { name, pid: found.holder.pid, since: found.holder.since, log, isNew: true }
}

/** Takes the controller out of PM2 and waits until it has ended; what it manages keeps running. Undefined: none was there. */
export async function stopController(background: Background): Promise<number | undefined> {
  const { declaration, pm2, workspace } = background
  const name = controllerName(declaration)
  const there = await recordOf(background)
  if (!there?.isOurs) {
    const acting = await controllerNow(background)
    if (!acting) return undefined
    throw new ReconcileError(
      'ControllerAlive',
      `Cannot stop the controller with pid ${acting.pid}: PM2 does not keep it`,
      { hint: `It was started by hand (\`reconcile watch\`): end it there, or by \`kill ${acting.pid}\`.` },
    )
  }
  const { pid, pmId } = there.record
  await pm2.delete({ pmId, name }, workspace.call.signal)
  await until(background, async () => ((await controllerNow(background)) === undefined ? true : undefined))
  return pid ?? 0
}

async function recordOf({ workspace, declaration, pm2 }: Background) {
  try {
    const records = await pm2.list(workspace.call.signal)
    return findController(records, controllerName(declaration), workspace.statePath)
  } catch (error) {
    if (isErrorOf(error, 'DaemonNotRunning')) return undefined
    throw error
  }
}

/** Looks until there is something, or the patience is over. */
async function until<T>(
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
