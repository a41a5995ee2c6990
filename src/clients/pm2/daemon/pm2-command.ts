import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { findProgram, withoutModuleFolders } from './program-path.ts'

/** The `pm2` that a person's shell finds; undefined: there is none. Nothing is run. */
export function usersPm2Program(path: string | undefined): Promise<string | undefined> {
  return findProgram('pm2', withoutModuleFolders(path))
}

/** PM2's command as it came with us, for Node to run. */
export function ownPm2Program(): string {
  return join(dirname(createRequire(import.meta.url).resolve('pm2/package.json')), 'bin', 'pm2')
}
