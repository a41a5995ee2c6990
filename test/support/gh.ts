import { execFileSync, spawnSync } from 'node:child_process'

/** Makes sure that GitHub's own `gh` is there before tests that use it: they fail without it, and are never skipped. */
export function setup(): void {
  if (isThere()) return
  if (process.getuid?.() !== 0) {
    throw new Error('The tests of the GitHub simulator need GitHub’s own client: apt-get install gh')
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // An index that is old or missing is renewed; one that cannot be renewed may still name the package.
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' })
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'gh'], { env, stdio: 'ignore' })
  if (!isThere()) throw new Error('Installed gh, and it does not run')
}

function isThere(): boolean {
  return spawnSync('gh', ['--version'], { stdio: 'ignore' }).status === 0
}
