import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { glob } from 'tinyglobby'

/** Files that a bundle may be made of, or that decide where its parts are found. */
const sources = ['**/*.{js,cjs,mjs,jsx,ts,cts,mts,tsx,json,toml}', '**/{yarn.lock,pnpm-lock.yaml}']

/** What was installed last is told by these; the packages themselves are many. */
const installed = [
  'node_modules/.package-lock.json',
  'node_modules/.yarn-state.yml',
  'node_modules/.modules.yaml',
]

/**
 * Stands for all sources of a project, by their sizes and times. What a function that cannot be bundled is made of is
 * not known, so anything that changes may be what mends it.
 */
export async function hashProjectTree(root: string): Promise<string> {
  const found = await glob(sources, { cwd: root, ignore: ['**/node_modules/**'], onlyFiles: true })
  const paths = [...found, ...installed].sort()
  const facts = await Promise.all(
    paths.map(async (path) => {
      const stats = await stat(join(root, path)).catch(() => undefined)
      return `${path} ${stats?.size} ${stats?.mtimeMs}`
    }),
  )
  return createHash('sha256').update(facts.join('\n')).digest('hex')
}
