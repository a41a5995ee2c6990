import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const script = fileURLToPath(new URL('../../scripts/generate.mjs', import.meta.url))

/** Runs once before all tests: no test may judge validators or types that an older schema made. */
export async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, [script])
}
