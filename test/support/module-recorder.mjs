import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

// Preloaded into a program: says on descriptor 3 which files it loaded, and which of Node's own modules, when it ends.

const files = []
const before = new Set(process.moduleLoadList)
registerHooks({
  load(url, context, next) {
    files.push(url)
    return next(url, context)
  },
})
process.on('exit', () => {
  const builtin = process.moduleLoadList.filter((name) => !before.has(name))
  writeSync(3, JSON.stringify({ files, builtin }))
})
