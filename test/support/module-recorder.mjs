import fs from 'node:fs'
import { registerHooks } from 'node:module'
import vm from 'node:vm'

// Preloaded into a program: says on descriptor 3 which files it loaded, which of them V8 had to compile, what it read as
// one piece, and which of Node's own modules it loaded, when it ends.

const files = []
const compiled = []
const read = []
const before = new Set(process.moduleLoadList)
registerHooks({
  load(url, context, next) {
    files.push(url)
    return next(url, context)
  },
})
vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options)
    // Others make scripts too, without a file.
    if (options?.filename === undefined) return
    files.push(options.filename)
    if (this.cachedDataRejected !== false) compiled.push(options.filename)
  }

  // A pack of modules is loaded for those of them that are run.
  runInThisContext(...args) {
    const made = super.runInThisContext(...args)
    if (made === null || typeof made !== 'object') return made
    const recorded = Object.entries(made).map(([name, run]) => [
      name,
      (...given) => {
        files.push(given[3])
        return run(...given)
      },
    ])
    return Object.fromEntries(recorded)
  }
}
const { readFileSync, writeSync } = fs
fs.readFileSync = (path, ...rest) => {
  read.push(String(path))
  return readFileSync(path, ...rest)
}
process.on('exit', () => {
  const builtin = process.moduleLoadList.filter((name) => !before.has(name))
  writeSync(3, JSON.stringify({ files, compiled, read, builtin }))
})
