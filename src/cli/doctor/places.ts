import { constants, type Stats, type StatsFs } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DoctorFinding } from '../../reports/doctor-text.ts'
import { sizeText } from '../../reports/report/trend-text.ts'

/** A folder that a fleet writes into; it need not exist yet. */
export interface Place {
  /** `the state`, `PM2`. */
  readonly what: string
  readonly path: string
  /** What helps where nothing can be written there. */
  readonly cure: string
}

/** What of `statfs` counts. */
export type Disk = Pick<StatsFs, 'bsize' | 'bavail' | 'files' | 'ffree'>

/** Of a disk. A deploy's copy, a log before it is rotated and SQLite's journal need some at once. */
const least = Object.freeze({
  /** Bytes below which writing fails now or with the next log line. */
  full: 16 * 1024 ** 2,
  /** Bytes that are advisable. */
  advisable: 512 * 1024 ** 2,
})

/** Whether there is room and leave to write where a fleet writes. Tries nothing out: it asks the file system. */
export async function examinePlaces(
  places: readonly Place[],
  diskOf: (folder: string) => Promise<Disk> = statfs,
): Promise<readonly DoctorFinding[]> {
  const findings: DoctorFinding[] = []
  const disks = new Set<number>()
  for (const place of places) {
    const [folder, stats] = await nearestTo(place.path)
    findings.push(await leaveFinding(place, folder, stats?.isDirectory() === true))
    if (stats === undefined || disks.has(stats.dev)) continue
    disks.add(stats.dev)
    findings.push(await roomFinding(folder, diskOf))
  }
  return findings
}

/** The folder itself, or the one that it would be made in; without `stats`: not even that can be looked at. */
async function nearestTo(path: string): Promise<readonly [folder: string, stats: Stats | undefined]> {
  for (let folder = path; ; folder = dirname(folder)) {
    const stats = await stat(folder).catch(() => undefined)
    if (stats !== undefined || folder === dirname(folder)) return [folder, stats]
  }
}

async function leaveFinding(
  { what, path, cure }: Place,
  folder: string,
  isFolder: boolean,
): Promise<DoctorFinding> {
  const check = 'write'
  const refusal = isFolder
    ? await access(folder, constants.W_OK | constants.X_OK).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      )
    : 'ENOTDIR'
  if (refusal === undefined) return { check, verdict: 'fine', message: `${what}: ${path}`, cure: undefined }
  const why =
    refusal === 'ENOTDIR'
      ? `${folder} is no folder`
      : refusal === 'EROFS'
        ? `${folder} is on a file system that is read-only`
        : `this user may not write to ${folder}`
  return { check, verdict: 'error', message: `${what} cannot be written to ${path}: ${why}`, cure }
}

async function roomFinding(
  folder: string,
  diskOf: (folder: string) => Promise<Disk>,
): Promise<DoctorFinding> {
  const check = 'disk'
  const disk = await diskOf(folder).catch(() => undefined)
  if (!disk)
    return { check, verdict: 'unknown', message: `the room at ${folder} is not told`, cure: undefined }
  const free = disk.bavail * disk.bsize
  // Some file systems count no files.
  const hasFiles = disk.files === 0 || disk.ffree > 0
  const message = hasFiles
    ? `${sizeText(free)} free at ${folder}`
    : `no more files can be made at ${folder}, whatever room there is`
  if (hasFiles && free >= least.advisable) return { check, verdict: 'fine', message, cure: undefined }
  const isFull = !hasFiles || free < least.full
  return {
    check,
    verdict: isFull ? 'error' : 'warning',
    message: isFull && hasFiles ? `full: ${message}` : message,
    cure: 'make room; `du -xh -d 2 / | sort -h | tail` names what takes most, often logs that nobody rotates (`logs.rotate`)',
  }
}
