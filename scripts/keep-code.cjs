'use strict'
// Preloaded into the program by the build: when it ends, what V8 made of each of its files is written into KEEP_CODE_IN,
// functions that were compiled when they were called included.
const { renameSync, writeFileSync } = require('node:fs')
const { basename, join } = require('node:path')
const vm = require('node:vm')

const scripts = []
vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options)
    // Others make scripts too, without a file.
    if (options?.filename !== undefined) scripts.push({ name: basename(options.filename), script: this })
  }
}
process.on('exit', () => {
  for (const { name, script } of scripts) {
    const path = join(process.env.KEEP_CODE_IN, `${name}.code`)
    // Whoever starts at the same time reads all of it, or what was there before.
    writeFileSync(`${path}.${process.pid}.tmp`, script.createCachedData())
    renameSync(`${path}.${process.pid}.tmp`, path)
  }
})
