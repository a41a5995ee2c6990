import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Owned } from '../../core/ownership.ts'
import { Secret } from '../../core/secret.ts'
import { liveVariable } from './fields.ts'
import type { DesiredProcess } from './place.ts'

/**
 * The values that processes have of variables which are secrets: they print them, and what the manifest refers to now may
 * be another value, or was not read because that runs a command.
 */
export function liveSecrets(
  records: readonly Pm2Record[],
  desired: DesiredProcess | undefined,
  owned?: Owned,
): readonly string[] {
  const declared = Object.entries(desired?.spec.env ?? {}).filter(([, value]) => value instanceof Secret)
  const kept = Object.entries(owned?.fields ?? {}).filter(([, { sensitive }]) => sensitive)
  const paths = kept.map(([path]) => path).filter((path) => path.startsWith('env.'))
  const keys = new Set([...declared.map(([key]) => key), ...paths.map((path) => path.slice('env.'.length))])
  return records.flatMap((record) => [...keys].flatMap((key) => liveVariable(record, key) ?? []))
}
