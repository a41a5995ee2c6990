import { join } from 'node:path'
import { fileNameOf, type HomePaths } from './home-paths.ts'
import type { Pm2Record } from './process-record.ts'

/**
 * The log file that a process of this id writes: with logs merged, the declared one; else PM2 puts the id before its
 * ending, in place of a number that is there, where it ends in `.log`.
 */
export function logPathOf(declared: string, mergeLogs: boolean, pmId: number): string {
  return mergeLogs ? declared : declared.replace(/(?:-\d+)?\.log$/, `-${pmId}.log`)
}

/**
 * Whether `actual`, a log path of the record, is what `declared` means for it. One that was only registered got its
 * paths before it had an id, and writes the file as declared even where logs are not merged.
 */
export function isLogOf(record: Pm2Record, actual: string | undefined, declared: string): boolean {
  return actual === declared || actual === logPathOf(declared, record.mergeLogs, record.pmId)
}

/** Where a process logs that does not say it. */
export function defaultLogPath(paths: HomePaths, name: string, stream: 'out' | 'err'): string {
  return join(paths.logs, `${fileNameOf(name)}-${stream === 'out' ? 'out' : 'error'}.log`)
}
