import { builtinModules } from 'node:module'
import { promisify } from 'node:util'

/**
 * Modules of Node's own that take a millisecond or more to load. Of these a function is only a way to it until it is
 * called, so that a verb that sends no request does not pay for `node:http`.
 */
const costly = new Set([
  'child_process',
  'crypto',
  'dns',
  'http',
  'http2',
  'https',
  'net',
  'readline',
  'readline/promises',
  'sqlite',
  'tls',
  'worker_threads',
  'zlib',
])

const isName = /^[A-Za-z_$][\w$]*$/

/**
 * For esbuild: imports of Node's own modules become `process.getBuiltinModule`. An `import` of one makes Node read each
 * of its exports, getters too: that of `node:http` loads a web client of 16 ms, where the module itself takes one.
 */
export const lazyBuiltins = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z_0-9/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      if (kind !== 'import-statement' && kind !== 'dynamic-import') return undefined
      if (!builtinModules.includes(name) && !builtinModules.includes(`node:${name}`)) return undefined
      return { path: name, namespace: 'builtin', sideEffects: false }
    })
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: stub(path),
      loader: 'js',
    }))
  },
}

/** The text of a module that gives what `node:<name>` exports. What nobody imports of it is left out by esbuild. */
function stub(name) {
  const exported = process.getBuiltinModule(`node:${name}`)
  const names = Object.keys(exported).filter((each) => isName.test(each) && each !== 'default')
  return [
    `const whole = () => process.getBuiltinModule('node:${name}')`,
    'const own = (name) => whole()[name]',
    // `promisify` looks at the function, so that one must be the real one then.
    'const later = (name, custom) => {',
    '  const call = (...args) => whole()[name](...args)',
    '  return custom ? Object.defineProperty(call, custom, { get: () => whole()[name][custom] }) : call',
    '}',
    'export default /* @__PURE__ */ whole()',
    ...names.map((each) => `export const ${each} = ${bindingOf(name, each)}`),
  ].join('\n')
}

/** Classes and values are asked for when they are imported: they are extended and compared. */
function bindingOf(module, name) {
  const type = Object.getOwnPropertyDescriptor(process.getBuiltinModule(`node:${module}`), name)
  const isFunction = typeof type?.value === 'function' && /^[a-z]/.test(name)
  if (!costly.has(module) || !isFunction) return `/* @__PURE__ */ own('${name}')`
  const custom = promisify.custom in type.value ? `, Symbol.for('nodejs.util.promisify.custom')` : ''
  return `/* @__PURE__ */ later('${name}'${custom})`
}
