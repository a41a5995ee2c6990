import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

/**
 * For esbuild: puts each group of modules into one chunk. esbuild makes a chunk for every set of entry points that
 * reach a module, of which there are more than a hundred. Here every entry point that reaches a module of a group is
 * made to reach all of it, so that one set is left. `roots` name a group by its topmost modules.
 */
export function oneChunkEach({ inputs, outputs }, groups) {
  const taken = new Set()
  const members = groups.map((roots) => {
    const there = roots.filter((root) => inputs[root] !== undefined)
    const all = [...new Set(there.flatMap((root) => [...reachedFrom(root, inputs)]))]
    const own = all.filter((path) => !taken.has(path))
    for (const path of own) taken.add(path)
    return own
  })
  const wanted = new Map()
  for (const { entryPoint } of Object.values(outputs)) {
    if (entryPoint === undefined || !inputs[entryPoint]) continue
    const reached = reachedFrom(entryPoint, inputs)
    const groupsOf = members.flatMap((own, index) => (own.some((path) => reached.has(path)) ? [index] : []))
    if (groupsOf.length > 0) wanted.set(resolve(entryPoint), groupsOf)
  }
  return {
    name: 'one-chunk-each',
    setup(build) {
      build.onResolve({ filter: /^group:\d+$/ }, ({ path }) => ({ path: path.slice(6), namespace: 'group' }))
      build.onLoad({ filter: /.*/, namespace: 'group' }, ({ path }) => ({
        contents: members[Number(path)].map((file) => `import ${JSON.stringify(importOf(file))}`).join('\n'),
        resolveDir: process.cwd(),
        loader: 'js',
      }))
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const groupsOf = wanted.get(path)
        if (groupsOf === undefined) return undefined
        const text = await readFile(path, 'utf8')
        return {
          contents: `${groupsOf.map((index) => `import 'group:${index}'`).join(';')};${text}`,
          loader: 'ts',
        }
      })
    },
  }
}

/** A module with all that it imports when it is loaded itself. */
function reachedFrom(root, inputs) {
  const reached = new Set([root])
  for (const path of reached) {
    for (const { kind, path: imported, external } of inputs[path]?.imports ?? []) {
      if (!external && (kind === 'import-statement' || kind === 'require-call')) reached.add(imported)
    }
  }
  return reached
}

/** How a module of esbuild's list is imported: by its file, or by the name of one of Node's own. */
function importOf(path) {
  return path.startsWith('builtin:') ? path.replace(/^builtin:/, 'node:') : resolve(path)
}
