import { realpath } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { DiskView } from './disk-view.ts'
import { liveVariable } from './fields.ts'
import { type DesiredProcess, isProgram } from './place.ts'

/**
 * The records with program and interpreter spelled as a search on their PATH finds them. PM2 keeps the path behind all
 * links of the Node that started a process; a manifest says `node`, which on PATH is often a link. It is one program.
 */
export async function spelledAsFound(
  records: readonly Pm2Record[],
  desired: DesiredProcess | undefined,
  disk = new DiskView(),
): Promise<readonly Pm2Record[]> {
  const { script, interpreter } = desired?.spec ?? {}
  if (![script, interpreter].some((text) => text !== undefined && isProgram(text))) return records
  return Promise.all(
    records.map(async (record): Promise<Pm2Record> => {
      const [execPath, found] = await Promise.all([
        asFound(record, { path: record.execPath, declared: script, disk }),
        asFound(record, { path: record.interpreter, declared: interpreter, disk }),
      ])
      return { ...record, execPath, interpreter: found }
    }),
  )
}

async function asFound(
  record: Pm2Record,
  spelling: {
    readonly path: string | undefined
    readonly declared: string | undefined
    readonly disk: DiskView
  },
): Promise<string | undefined> {
  const { path, declared, disk } = spelling
  if (path === undefined || declared === undefined || !isProgram(declared)) return path
  if (isProgram(path) || basename(path) !== declared) return path
  const found = await disk.findProgram(declared, liveVariable(record, 'PATH') ?? '')
  if (found === undefined || found === path) return path
  const [one, other] = await Promise.all([found, path].map((each) => realpath(each).catch(() => undefined)))
  return one !== undefined && one === other ? found : path
}
