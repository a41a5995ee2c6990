import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { homePaths } from '../../../clients/pm2/home-paths.ts'
import { defaultLogPath } from '../../../clients/pm2/log-path.ts'
import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import { fieldRules } from '../fields.ts'
import { type DesiredProcess, pm2NameOf } from '../place.ts'

/** One file that a process prints into. */
export interface LogPlace {
  readonly path: string
  readonly stream: 'out' | 'err'
  /** The process's name in PM2; with a number where each instance has files of its own. */
  readonly source: string
  /** How its times are written; undefined: it has none. */
  readonly timeFormat: string | undefined
}

/** Every file once: by what PM2 lists, or, where it lists nothing of that name, by what is declared. */
export async function logPlacesOf(
  desired: DesiredProcess,
  records: readonly Pm2Record[],
  home: string,
): Promise<readonly LogPlace[]> {
  const found = records.length > 0 ? placesOfRecords(records) : await declaredPlaces(desired, home)
  const byPath = new Map<string, LogPlace>()
  for (const place of found) if (!byPath.has(place.path)) byPath.set(place.path, place)
  return [...byPath.values()]
}

function placesOfRecords(records: readonly Pm2Record[]): readonly LogPlace[] {
  return records.flatMap((record) => {
    const source = record.mergeLogs ? record.name : `${record.name}-${record.instance ?? record.pmId}`
    const timeFormat = record.logDateFormat
    return [
      { path: record.outLogPath, stream: 'out' as const },
      { path: record.errLogPath, stream: 'err' as const },
    ].flatMap(({ path, stream }) => (path === undefined ? [] : [{ path, stream, source, timeFormat }]))
  })
}

/** Without a daemon, or before the first start: where it logs, or logged when it last ran. */
async function declaredPlaces(desired: DesiredProcess, home: string): Promise<readonly LogPlace[]> {
  const name = pm2NameOf(desired)
  const places = await Promise.all(
    (['out', 'err'] as const).map(async (stream) => {
      const declared = fieldRules[stream === 'out' ? 'logs.out' : 'logs.error']?.declared(
        desired.spec,
        desired,
      )
      const isDeclared = typeof declared === 'string'
      const path = isDeclared ? declared : defaultLogPath(homePaths(home), name, stream)
      // PM2's own default, which what we did not create has, is a file for each instance.
      const isMerged = isDeclared && desired.spec.logs?.merge !== false
      const paths = isMerged ? [path] : await numberedFiles(path)
      return paths.map((file) => ({ path: file, stream, source: name, timeFormat: formatOf(desired) }))
    }),
  )
  return places.flat()
}

function formatOf(desired: DesiredProcess): string | undefined {
  const format = fieldRules['logs.timestamps']?.declared(desired.spec, desired)
  return typeof format === 'string' ? format : undefined
}

/** `x.log` and, with the number of an instance, `x-3.log`. */
async function numberedFiles(path: string): Promise<readonly string[]> {
  const name = basename(path)
  const stem = name.endsWith('.log') ? name.slice(0, -'.log'.length) : name
  const entries = await readdir(dirname(path)).catch(() => [])
  const numbered = entries.filter(
    (entry) => entry.startsWith(`${stem}-`) && /^\d+\.log$/.test(entry.slice(stem.length + 1)),
  )
  return [path, ...numbered.sort().map((entry) => join(dirname(path), entry))]
}
