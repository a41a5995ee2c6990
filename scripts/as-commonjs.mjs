import { transform } from 'esbuild'

const placeOfFile = '__place'

/**
 * Makes of a file of the program the function that CommonJS makes of a module. esbuild cuts a program into chunks as ES
 * modules only, and of those V8 keeps no code that it made while they ran. What they import stays bound to the name, as
 * in an ES module.
 */
export async function asFunction(text) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    define: { 'import.meta.url': placeOfFile },
    supported: { 'dynamic-import': false },
    legalComments: 'none',
    // V8 keeps the text of all that was loaded. Names stay, for messages of defects.
    minifyWhitespace: true,
    lineLimit: 200,
  })
  const own = code.includes(placeOfFile)
    ? `const ${placeOfFile} = require('node:url').pathToFileURL(__filename).href\n`
    : ''
  return `function (exports, require, module, __filename, __dirname) {\n${own}${code}\n}`
}

/**
 * A file of one module: run by our loader it gives the function, and runs it where Node itself loads it. In brackets of
 * its own, so that V8 compiles it at once.
 */
export function asFile(made) {
  return `(typeof module === 'object' ? (run) => run(exports, require, module, __filename, __dirname) : (run) => run)((${made}))\n`
}

/** A file of many modules, for our loader alone: their functions by their names. */
export function asPack(modules) {
  return `({\n${[...modules].map(([name, made]) => `${JSON.stringify(name)}: ${made},\n`).join('')}})\n`
}
