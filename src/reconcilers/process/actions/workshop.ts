import type { Pm2Client } from '../../../clients/pm2/client.ts'
import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import type { Clock } from '../../../core/clock.ts'
import { ReconcileError } from '../../../core/errors.ts'
import type { SecretMask } from '../../../core/secret-mask.ts'
import type { ProcessAction } from '../action.ts'
import type { baseEnvironment } from '../base-env.ts'
import { type Making, newProcessOf } from '../config.ts'
import type { DaemonKeeper } from '../daemon-keeper.ts'
import type { Deafness } from '../deafness.ts'
import { findScript } from '../facts.ts'
import type { DesiredProcess } from '../place.ts'
import { spelledAsFound } from '../spelling.ts'
import { findWatchIgnore } from '../watch-ignore.ts'

/** What an action works with. */
export interface Workshop {
  readonly pm2: Pm2Client
  readonly keeper: DaemonKeeper
  readonly deafness: Deafness
  /** What every process gets. */
  readonly base: ReturnType<typeof baseEnvironment>
  /** PM2_HOME. */
  readonly home: string
  readonly processors: number
  /** Where our store lies. */
  readonly storePath: string
  readonly clock: Clock
  /** What must not be shown of what a process said. */
  readonly mask?: SecretMask | undefined
  readonly signal: AbortSignal
}

/** The declaration that an action makes true. */
export function desiredOf(action: ProcessAction): DesiredProcess {
  if (!action.desired) throw new TypeError(`Expected ${action.type} of ${action.name} to have a declaration`)
  return action.desired
}

/** What a configuration is made of; rejects with `ScriptMissing` where there is nothing to start. */
export async function makingOf(action: ProcessAction, workshop: Workshop): Promise<Making> {
  const desired = desiredOf(action)
  const { execPath, missing } = await findScript(desired, workshop.base.PATH)
  if (missing !== undefined || execPath === undefined) {
    throw new ReconcileError('ScriptMissing', `Could not start ${action.name}: ${missing}`, {
      hint: 'nothing is sent to PM2 until it is there',
    })
  }
  return {
    desired,
    mark: action.mark,
    sourcesHash: action.sourcesHash,
    storePath: workshop.storePath,
    watchIgnore: await findWatchIgnore(desired, workshop.storePath),
    base: workshop.base,
    execPath,
    clock: workshop.clock,
  }
}

/**
 * Creates so many instances, each by an order of its own. Of one order for several PM2 makes one after the other, each
 * when the one before is online, and goes on when who gave it is dead: whoever comes after him would not see those in any
 * list, and order them again.
 */
export async function createInstances(
  making: Making,
  count: number,
  { pm2, signal }: Pick<Workshop, 'pm2' | 'signal'>,
): Promise<void> {
  const madeAt = making.clock.now()
  for (let made = 0; made < count; made += 1) await pm2.prepare(newProcessOf(making, madeAt), signal)
}

/** The processes of the action's name, as they are now. */
export async function freshRecords(action: ProcessAction, workshop: Workshop): Promise<readonly Pm2Record[]> {
  return recordsOf(action, await workshop.pm2.list(workshop.signal))
}

/** The processes of the action's name in a list. */
export function recordsOf(
  action: ProcessAction,
  listed: readonly Pm2Record[],
): Promise<readonly Pm2Record[]> {
  return spelledAsFound(
    listed.filter((record) => record.name === action.name),
    action.desired,
  )
}
