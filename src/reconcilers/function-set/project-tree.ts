import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { glob } from 'tinyglobby'

/** Files that a bundle may be made of, or that decide where its parts are found. */
const sources = [
  '**/*.{js,cjs,mjs,jsx,ts,cts,mts,tsx,json,toml,txt,css,wasm,node}',
  '**/{yarn.lock,pnpm-lock.yaml}',
]

/** What an installer writes last; the packages themselves are many. */
const marks = ['.package-lock.json', '.yarn-state.yml', '.yarn-integrity', '.modules.yaml']

/**
 * Stands for all sources of a project, by their sizes and times, and for what is installed for a directory in it. What a
 * function that cannot be bundled is made of is not known, so anything that changes may be what mends it.
 */
export async function hashProjectTree(root: string, directory: string): Promise<string> {
  const found = await glob(sources, {
    cwd: root,
    ignore: ['**/node_modules/**'],
    onlyFiles: true,
    // What a link in the project leads to is found by itself, and what lies elsewhere may be a whole disk.
    followSymbolicLinks: false,
  })
  const paths = [...found.map((path) => join(root, path)), ...(await installedFor(directory))].sort()
  const facts = await Promise.all(
    paths.map(async (path) => {
      const stats = await stat(path).catch(() => undefined)
      return `${relative(root, path)} ${stats?.isFile() && stats.size} ${stats?.mtimeMs}`
    }),
  )
  return createHash('sha256').update(facts.join('\n')).digest('hex')
}

/**
 * Every folder of packages that a file in the directory finds, above the project as well: that of a workspace lies there.
 * The times of a folder tell what was put into it; a scope is a folder of its own.
 */
async function installedFor(directory: string): Promise<readonly string[]> {
  const paths: string[] = []
  for (let folder = directory; ; folder = dirname(folder)) {
    const packages = join(folder, 'node_modules')
    const names = await readdir(packages).catch((): string[] => [])
    const scopes = names.filter((name) => name.startsWith('@'))
    paths.push(packages, ...[...scopes, ...marks].map((name) => join(packages, name)))
    if (dirname(folder) === folder) return paths
  }
}
