import { stat } from 'node:fs/promises'
import type { Duration } from '../../core/duration.ts'
import { describeDaemon } from './daemon/daemon-identity.ts'
import { wasStartedByUs } from './daemon/starter.ts'
import { readDump } from './dump.ts'
import { homePaths } from './home-paths.ts'
import type { Pm2Record } from './process-record.ts'
import { readEnvironment } from './told.ts'

/** What a daemon that has just come up is being told to bring back (`pm2 resurrect`, `pm2 update`). */
export interface Returning {
  /** How many processes of each name were saved. */
  readonly saved: ReadonlyMap<string, number>
  /** When it is over if nothing more comes, epoch milliseconds. */
  readonly until: number
}

/**
 * How long the next one may take: PM2 brings them back two at a time, and waits for each until it is up, for those that
 * tell when they are ready until they do.
 */
const longestGap: Duration = 30_000

/**
 * What PM2 may still bring back. It looks once which names are there, and then starts all others one after the other: what
 * is started beside it runs twice. Nobody can ask whether it is at it, so it counts as being at it while the daemon is
 * young, was not started by us, and finds a dump that is older than itself; and for as long after each that came. Undefined:
 * it is not. On Linux alone: elsewhere the age of the daemon is not known. Changes nothing.
 */
export async function findReturning(
  home: string,
  listed: readonly Pm2Record[],
  now: number,
): Promise<Returning | undefined> {
  const daemon = await describeDaemon(home)
  if (!daemon) return undefined
  const [dump = ''] = homePaths(home).dumps
  const savedAt = await stat(dump).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
  if (savedAt === undefined || savedAt > daemon.startedAt) return undefined
  const until = endOfReturn(daemon.startedAt, listed)
  if (until <= now) return undefined
  if (wasStartedByUs(await readEnvironment(daemon.identity.pid), daemon.startedAt)) return undefined
  const entries = await readDump(home)
  const names = entries.map(({ name }) => name).filter((name) => typeof name === 'string')
  const saved = new Map([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]))
  return saved.size === 0 ? undefined : { saved, until }
}

/** It goes on after each that came: those were made before this daemon, and have not been started again since. */
export function endOfReturn(
  startedAt: number,
  listed: readonly Pick<Pm2Record, 'createdAt' | 'uptimeSince' | 'restartTime'>[],
): number {
  const came = listed
    .filter(({ createdAt, restartTime }) => restartTime === 0 && (createdAt ?? startedAt) < startedAt)
    .map(({ uptimeSince }) => uptimeSince ?? 0)
    .filter((at) => at >= startedAt)
    .sort((a, b) => a - b)
  return came.reduce((until, at) => (at <= until ? at + longestGap : until), startedAt + longestGap)
}
