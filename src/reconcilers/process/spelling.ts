import { realpath } from 'node:fs/promises'
import { basename } from 'node:path'
import { findProgram } from '../../clients/pm2/daemon/program-path.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { liveVariable } from './fields.ts'
import { type DesiredProcess, isProgram } from './place.ts'

/**
 * The records with program and interpreter spelled as a search on their PATH finds them. PM2 keeps the path behind all
 * links of the Node that started a process; a manifest says `node`, which on PATH is often a link. It is one program.
 */
export async function spelledAsFound(
  records: readonly Pm2Record[],
  desired: DesiredProcess | undefined,
): Promise<readonly Pm2Record[]> {
  const { script, interpreter } = desired?.spec ?? {}
  if (![script, interpreter].some((text) => text !== undefined && isProgram(text))) return records
  return Promise.all(
    records.map(async (record): Promise<Pm2Record> => {
      const [execPath, found] = await Promise.all([
        asFound(record, record.execPath, script),
        asFound(record, record.interpreter, interpreter),
      ])
      return { ...record, execPath, interpreter: found }
    }),
  )
}

async function asFound(
  record: Pm2Record,
  path: string | undefined,
  declared: string | undefined,
): Promise<string | undefined> {
  if (path === undefined || declared === undefined || !isProgram(declared)) return path
  if (isProgram(path) || basename(path) !== declared) return path
  const found = await findProgram(declared, liveVariable(record, 'PATH') ?? '')
  if (found === undefined || found === path) return path
  const [one, other] = await Promise.all([found, path].map((each) => realpath(each).catch(() => undefined)))
  return one !== undefined && one === other ? found : path
}
