import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Builds the program first, so that no test judges a stale one. */
export function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))], {
    stdio: 'inherit',
  })
}
