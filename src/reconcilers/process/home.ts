import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** PM2_HOME: what the Fleet says, else the environment, else PM2's own default. Makes nothing. */
export function pm2HomeOf(
  declared: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const named = declared ?? (env.PM2_HOME === '' ? undefined : env.PM2_HOME)
  return resolve(named ?? join(env.HOME ?? homedir(), '.pm2'))
}
