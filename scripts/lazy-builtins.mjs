import { builtinModules } from 'node:module'

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

/** What nobody here imports by its name, and what takes long to be made when it is asked for. */
const leftOut = new Map([
  ['fs', ['ReadStream', 'WriteStream', 'FileReadStream', 'FileWriteStream']],
  ['http', ['WebSocket', 'CloseEvent', 'MessageEvent']],
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
      return { path: name, namespace: 'builtin' }
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
  const names = Object.keys(exported).filter(
    (each) => isName.test(each) && each !== 'default' && !leftOut.get(name)?.includes(each),
  )
  return [
    `const whole = () => process.getBuiltinModule('node:${name}')`,
    'const own = (name) => whole()[name]',
    // Stands for a function or a class, whose `prototype` and `promisify` it gives, too.
    'const later = (name) => {',
    '  const stand = new Proxy(function () {}, {',
    '    apply: (_, self, args) => Reflect.apply(own(name), self, args),',
    '    construct: (_, args, made) => Reflect.construct(own(name), args, made === stand ? own(name) : made),',
    '    get: (_, key) => own(name)[key],',
    '  })',
    '  return stand',
    '}',
    costly.has(name)
      ? 'const all = /* @__PURE__ */ new Proxy({}, { get: (_, name) => whole()[name] })'
      : 'const all = /* @__PURE__ */ whole()',
    'export { all as default }',
    ...names.map((each) => `export const ${each} = ${bindingOf(name, each)}`),
  ].join('\n')
}

/** Values are asked for when they are imported: they are compared. */
function bindingOf(module, name) {
  const { value } = Object.getOwnPropertyDescriptor(process.getBuiltinModule(`node:${module}`), name)
  const isLate = costly.has(module) && (typeof value === 'function' || value === undefined)
  return `/* @__PURE__ */ ${isLate ? 'later' : 'own'}('${name}')`
}
