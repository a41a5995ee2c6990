import { build } from 'esbuild'

const bundler = '@netlify/zip-it-and-ship-it'

/**
 * What of it stays where npm put it, found from there as the bundler itself would: it may have versions of its own. By name,
 * and how it is loaded.
 */
const outside = new Map([
  // A program.
  ['esbuild', `module.exports = fromBundler('esbuild')`],
  // Reads a file beside itself.
  ['@netlify/binary-info', `module.exports = fromBundler('@netlify/binary-info')`],
  // Parsers of TypeScript, Vue and style sheets, which only the oldest way of bundling asks.
  ['precinct', `module.exports = fromBundler('precinct')`],
  // Its main file goes into zips as it lies there. What it would run in Netlify's cloud is loaded for few functions.
  [
    '@netlify/serverless-functions-api',
    `exports.getPath = () => fromBundler.resolve('@netlify/serverless-functions-api')
    Object.defineProperty(exports, 'eventHandlers', {
      enumerable: true,
      get: () => fromBundler('@netlify/serverless-functions-api').eventHandlers,
    })`,
  ],
])

/** What the tests of a package ask for. */
const neverRun = ['nock', 'mock-aws-s3', 'aws-sdk']

const banner = `const bundlerFile = require.resolve('${bundler}')
const bundlerUrl = require('node:url').pathToFileURL(bundlerFile).href
const fromBundler = require('node:module').createRequire(bundlerFile)`

const leaveOutside = {
  name: 'leave-outside',
  setup(build) {
    const filter = new RegExp(`^(?:${[...outside.keys()].join('|')})$`)
    build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'outside' }))
    build.onLoad({ filter: /.*/, namespace: 'outside' }, ({ path }) => ({
      contents: outside.get(path),
      loader: 'js',
    }))
  },
}

/**
 * Makes one file of `entry`, which asks Netlify's bundler, with all that the bundler needs. It is a thousand modules, and to
 * find and load each of them takes longer than to bundle a function. In that file the bundler looks for others from where it
 * is installed, as it does otherwise, so that its zips are the same to the byte. Where it cannot be packed the file loads it
 * as it is installed.
 */
export async function packBundler(entry, options) {
  const single = {
    ...options,
    entryPoints: { bundler: entry },
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
  }
  const { plugins = [], external = [] } = options
  const packed = {
    ...single,
    banner: { js: banner },
    define: { 'import.meta.url': 'bundlerUrl' },
    external: [...external, ...neverRun],
    loader: { '.html': 'empty' },
    plugins: [...plugins, leaveOutside],
  }
  return build(packed).catch((error) => {
    console.error(`build: ${bundler} could not be packed, and takes longer to start: ${error.message}`)
    return build({ ...single, external: [...external, bundler] })
  })
}
