import { ensureDaemon } from '../../clients/pm2/daemon/ensure.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Manifests } from '../../manifests/read.ts'
import { type Background, controllerNow, findKept, listed, until } from './background.ts'
import { controllerName, controllerProcess, findControllers } from './controller-process.ts'

export interface StartedController {
  readonly name: string
  readonly pid: number
  /** The PM2_HOME that it is kept in. */
  readonly home: string
  readonly log: string | undefined
  readonly isNew: boolean
}

/** Puts the controller under PM2, and resolves when it acts. One that is there already is left as it is. */
export async function startController(
  background: Background,
  declaration: Manifests,
): Promise<StartedController> {
  const { workspace, home, pm2At } = background
  const { call, clock, random, statePath } = workspace
  const kept = await findKept(background)
  const acting = await controllerNow(background)
  const record = kept?.records.find(({ pid }) => pid !== undefined && pid === acting?.pid)
  if (acting && kept && record) {
    return { name: record.name, pid: acting.pid, home: kept.home, log: record.errLogPath, isNew: false }
  }
  if (acting) {
    throw new ReconcileError(
      'ControllerAlive',
      `Cannot start the controller: one acts for this fleet already, with pid ${acting.pid}`,
      {
        hint: `No PM2 keeps it, so it was started by hand (\`reconcile watch\`): end it first, there or by \`kill ${acting.pid}\`.`,
      },
    )
  }
  const name = controllerName(declaration)
  await assertNameIsFree(background, name)
  for (const record of kept?.records ?? [])
    await pm2At(kept?.home ?? home).delete({ pmId: record.pmId, name: record.name }, call.signal)
  await ensureDaemon({ home, env: call.env, clock, random, signal: call.signal })
  const pm2 = pm2At(home)
  await pm2.prepare(controllerProcess(workspace, declaration), call.signal)
  const mine = async () => findControllers(await pm2.list(call.signal), statePath)
  const found = await until(background, async () => {
    const holder = await controllerNow(background)
    const record = holder && (await mine()).find(({ pid }) => pid === holder.pid)
    return record && { pid: holder.pid, record }
  })
  if (!found) {
    const log = (await mine())[0]?.errLogPath
    throw new ReconcileError('OperationTimedOut', `The controller was started as ${name} and does not act`, {
      hint: `Its log says why: ${log ?? 'none'}`,
    })
  }
  // Who was started at the same moment by somebody else stands by for ever, and would be kept so by PM2.
  for (const { pmId, name, pid } of await mine()) {
    if (pid !== found.pid) await pm2.delete({ pmId, name }, call.signal)
  }
  return { name, pid: found.pid, home, log: found.record.errLogPath, isNew: true }
}

/** Another fleet of the same name may live in the same PM2, with a state of its own. */
async function assertNameIsFree({ workspace, home, pm2At }: Background, name: string): Promise<void> {
  const { call, statePath } = workspace
  const records = await listed(pm2At(home), call.signal)
  const ours = new Set(findControllers(records, statePath))
  if (!records.some((record) => record.name === name && !ours.has(record))) return
  throw new ReconcileError('NotOurs', `Cannot start the controller: PM2 has another process named ${name}`, {
    hint: 'Two fleets of one name share this PM2: give one of them a name of its own (kind: Fleet, metadata.name).',
  })
}
