import { readDump } from '../../clients/pm2/dump.ts'
import { ReconcileError } from '../../core/errors.ts'
import { type Background, controllerNow, findKept, until } from './background.ts'
import { supervisedVariable } from './supervised-variable.ts'

export interface StoppedController {
  /** Undefined: PM2 kept it, and it did not run. */
  readonly pid: number | undefined
  /** The PM2_HOME that it was kept in. */
  readonly home: string
  /** Whether PM2 starts it again with the machine, because its dump names it. */
  readonly isInDump: boolean
}

/** Takes the controller out of PM2 and waits until it has ended; what it manages keeps running. Undefined: none was there. */
export async function stopController(background: Background): Promise<StoppedController | undefined> {
  const { workspace, pm2At } = background
  const kept = await findKept(background)
  const acting = await controllerNow(background)
  if (!kept) {
    if (!acting) return undefined
    throw new ReconcileError(
      'ControllerAlive',
      `Cannot stop the controller with pid ${acting.pid}: PM2 does not keep it`,
      { hint: `It was started by hand (\`reconcile watch\`): end it there, or by \`kill ${acting.pid}\`.` },
    )
  }
  const { home, records } = kept
  const pids = new Set(records.flatMap(({ pid }) => pid ?? []))
  for (const { pmId, name } of records) await pm2At(home).delete({ pmId, name }, workspace.call.signal)
  const isOver = await until(background, async () => {
    const holder = await controllerNow(background)
    return holder === undefined || !pids.has(holder.pid) ? { holder } : undefined
  })
  const [pid] = pids
  if (!isOver) {
    throw new ReconcileError(
      'OperationTimedOut',
      `The controller with pid ${[...pids].join(', ')} was taken out of PM2 and has not ended`,
      {
        hint: `It may still end what it does. \`kill -9 ${pid}\` ends it at once; the next pass goes on from there.`,
      },
    )
  }
  if (isOver.holder) {
    throw new ReconcileError(
      'ControllerAlive',
      `The controller with pid ${[...pids].join(', ') || 'unknown'} has ended, and another acts now, with pid ${isOver.holder.pid}`,
      {
        hint: `PM2 does not keep that one: end it where it was started, or by \`kill ${isOver.holder.pid}\`.`,
      },
    )
  }
  const dumped = await readDump(home)
  return { pid, home, isInDump: dumped.some((env) => env[supervisedVariable] === workspace.statePath) }
}
