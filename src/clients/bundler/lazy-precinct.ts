import { createRequire, registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Loads `precinct` when it is asked for the first time, and not with the bundler. It brings parsers of TypeScript, Vue
 * and style sheets, which are a third of all that the bundler loads, and only the oldest way of bundling asks it.
 */
export function loadPrecinctWhenAsked(): void {
  let isAsked = false
  registerHooks({
    load: (url, context, nextLoad) => {
      if (isAsked || !url.endsWith('/node_modules/precinct/index.js')) return nextLoad(url, context)
      const file = fileURLToPath(url)
      const require = createRequire(url)
      Object.assign(globalThis, {
        [loader]: (): unknown => {
          isAsked = true
          delete require.cache[file]
          return require(file)
        },
      })
      return { format: 'commonjs', shortCircuit: true, source: stub }
    },
  })
}

const loader = 'reconciledLoadPrecinct'
const stub = `let real
const load = () => (real ??= globalThis.${loader}())
module.exports = Object.assign((...given) => load()(...given), {
  paperwork: (...given) => load().paperwork(...given),
})`
