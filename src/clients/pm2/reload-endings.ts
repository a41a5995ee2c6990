import { linesFromEnd } from './daemon-log.ts'

/** A process of a cluster whose last reload is asked about. */
export interface Reloaded {
  readonly pmId: number
  readonly name: string
}

const startLine = /App \[(?<name>.*):(?<id>\d+)\] starting in -/
const stopOldLine = /Stopping app:(?<name>.*) id:_old_(?<id>\d+)$/
const listeningLine = /-reload- New worker listening$/

/**
 * Whether the new process of each last reload listened, or said that it is ready, before PM2 ended the old one all the same:
 * after `listen_timeout` it does, and its list does not tell (Reload.js, the same in 6 and 7). Its log does: the old one is
 * stopped in the very turn in which that line is written. By `pmId`; without those of which the log does not say it, and
 * those that were started again since. Rejects where there is a log that cannot be read.
 */
export async function readReloadEndings(
  daemonLog: string,
  asked: readonly Reloaded[],
): Promise<ReadonlyMap<number, 'listening' | 'timed-out'>> {
  const found = new Map<number, 'listening' | 'timed-out'>()
  const open = new Map(asked.map(({ name, pmId }) => [`${name}:${pmId}`, pmId]))
  let stopped: number | undefined
  for await (const lines of linesFromEnd(daemonLog)) {
    for (const line of lines) {
      if (stopped !== undefined) found.set(stopped, listeningLine.test(line) ? 'listening' : 'timed-out')
      stopped = undefined
      const stop = stopOldLine.exec(line)?.groups
      const said = stop ?? startLine.exec(line)?.groups
      if (!said) continue
      const key = `${said.name}:${said.id}`
      if (stop) stopped = open.get(key)
      open.delete(key)
    }
    if (open.size === 0 && stopped === undefined) return found
  }
  return found
}
