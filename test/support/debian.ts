import { execFileSync, spawnSync } from 'node:child_process'

/**
 * Makes sure that a program of Debian is there before tests that use it: they fail without it, and are never skipped.
 * Its package is named as it is, unless told.
 */
export function ensureProgram(program: string, why: string, inPackage = program): void {
  if (isThere(program)) return
  if (process.getuid?.() !== 0) throw new Error(`${why} need ${program}: apt-get install ${inPackage}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // An index that is old or missing is renewed; one that cannot be renewed may still name the package.
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' })
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', inPackage], {
    env,
    stdio: 'ignore',
  })
  if (!isThere(program)) throw new Error(`Installed ${program}, and it does not run`)
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}
