import { ReconcileError } from '../../core/errors.ts'
import { findProgram } from '../pm2/daemon/program-path.ts'

/** Where the user's npm is, on a PATH without the folders of packages. */
export async function findNpm(path: string): Promise<string> {
  const npm = await findProgram('npm', path)
  if (npm !== undefined) return npm
  throw new ReconcileError('ProgramMissing', 'Cannot run npm scripts: npm is not on PATH', {
    hint: 'Install Node.js with npm, or put its folder on PATH.',
  })
}
