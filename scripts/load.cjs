'use strict'
// Loads the program, whose files are CommonJS, from the code that V8 made of them when the program was built and run: so
// a start compiles nothing. The build puts this file and that code into `dist/`. The code lies beside the program and
// deserves the same trust: who cannot change one of them cannot change the other. A start writes nothing there.
const { readFileSync } = require('node:fs')
const { createRequire, enableCompileCache } = require('node:module')
const { join } = require('node:path')
const { Script } = require('node:vm')

const own = './'
const codeFolder = join(__dirname, 'code', `${process.version}-${process.platform}-${process.arch}`)

/** By the name of the file. */
const loaded = new Map()

function codeOf(name) {
  try {
    return readFileSync(join(codeFolder, `${name}.code`))
  } catch {
    return undefined
  }
}

/** What a file of the program gives, by the code that was made of it before. What V8 does not take it compiles. */
function evaluate(name, cachedData = codeOf(name)) {
  const filename = join(__dirname, name)
  // The build escapes what is not ASCII, and this is the fastest way to read it.
  return new Script(readFileSync(filename, 'latin1'), { filename, cachedData }).runInThisContext()
}

/** Small modules, by the name of their file. */
let pack

function packed(name) {
  if (!name.startsWith('chunk-')) return undefined
  pack ??= evaluate('pack.cjs')
  return pack[name]
}

/** As Node's own `require`. */
function load(name, code) {
  const known = loaded.get(name)
  if (known) return known.exports
  const run = packed(name) ?? evaluate(name, code)
  const filename = join(__dirname, name)
  const module = { exports: {} }
  loaded.set(name, module)
  run(module.exports, requireFrom(filename), module, filename, __dirname)
  return module.exports
}

function requireFrom(filename) {
  const require = (id) => {
    if (id.startsWith(own)) return load(id.slice(own.length))
    return process.getBuiltinModule(id) ?? createRequire(filename)(id)
  }
  require.resolve = (...args) => createRequire(filename).resolve(...args)
  return require
}

exports.start = function start(main = 'main.cjs') {
  const code = codeOf(main)
  if (code !== undefined) {
    load(main, code)
    return
  }
  // It was built by another Node.js than it is run by.
  const folder = require('./cache-folder.cjs').ownCacheFolder(process.env)
  if (folder !== undefined) enableCompileCache(folder)
  require(`./${main}`)
}
