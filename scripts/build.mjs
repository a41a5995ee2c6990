// Builds dist/: reconcile.mjs, a guard that an old Node understands; load.cjs, which loads main.cjs and the chunks that
// are needed; and code/, what V8 made of them. Run by `prepare`, so that `npm ci` leaves a program that works.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const entry = join(root, 'src/cli/main.ts')
const bundler = join(root, 'src/clients/bundler/child.ts')
const cacheFolder = join(root, 'src/clients/host/cache-folder.ts')
const action = join(root, 'src/action/main.ts')
const dist = join(root, 'dist')

// Loads nothing modern before it knows where it runs, and says in one line what it needs.
const guard = `#!/usr/bin/env node
import module from 'module'
var version = process.version
if (parseInt(version.slice(1), 10) < 24) {
  process.stderr.write(
    'reconcile needs Node.js 24 or later; this is ' + version +
      '. In a checkout use \`npx reconcile\`, which brings its own.\\n',
  )
  process.exitCode = 1
} else {
  module.createRequire(import.meta.url)('./load.cjs').start()
}
`

// What is loaded together by the verbs that people wait for: one file each, because Node takes a millisecond and more
// for a file however small. Each with all that it imports and that no earlier one holds.
const loadedTogether = [
  // Everything that understands a call and judges manifests.
  [
    'src/cli/program.ts',
    'src/cli/verbs/check.ts',
    ...readdirSync(join(root, 'src/reconcilers')).map((domain) => `src/reconcilers/${domain}/index.ts`),
  ],
  ['src/state/sqlite.ts'],
  // A plan and a pass, and what reads and corrects processes.
  ['src/cli/verbs/plan.ts', 'src/cli/verbs/pass.ts', 'src/reconcilers/process/connection.ts'],
  // What reads and deploys functions.
  ['src/reconcilers/function-set/connection.ts'],
]

// Bundled CommonJS packages ask for Node's own modules by require, which an ES module does not have. Made when it is
// needed: `createRequire` looks at the disk, once for each of our files.
const banner = `const require = (id) => process.getBuiltinModule(id) ??
  process.getBuiltinModule('node:module').createRequire(import.meta.url)(id);
require.resolve = (id) => process.getBuiltinModule('node:module').createRequire(import.meta.url).resolve(id)`

/** Characters that a chunk in the pack has at most. */
const mostOfSmall = 16_384

const isWritten = (path, text) => existsSync(path) && readFileSync(path, 'utf8') === text

function write(path, text) {
  if (isWritten(path, text)) return
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, text)
  renameSync(temporary, path)
}

/** Which modules each file holds. */
function modulesOf({ outputs }) {
  return Object.fromEntries(
    Object.entries(outputs).map(([path, { inputs }]) => [basename(path), Object.keys(inputs).sort()]),
  )
}

function fail(message) {
  console.error(`build: ${message}`)
  process.exit(1)
}

if (!existsSync(entry)) fail('src/cli/main.ts does not exist; there is no program to build')

const { generate, GenerateError } = await import('./generate.mjs')
try {
  for (const file of await generate()) console.error(`made ${file}`)
} catch (error) {
  if (!(error instanceof GenerateError)) throw error
  fail(error.message)
}

const { build } = await import('esbuild')
const { asFile, asFunction, asPack } = await import('./as-commonjs.mjs')
const { lazyBuiltins } = await import('./lazy-builtins.mjs')
const { oneChunkEach } = await import('./one-chunk-each.mjs')
const { makeCode } = await import('./make-code.mjs')
const { ownWords } = await import('./own-words.mjs')
const { packBundler } = await import('./pack-bundler.mjs')
const options = {
  outdir: dist,
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // PM2 is a program of its own: run from its folder, never loaded (and AGPL).
  external: ['pm2'],
  // What Node takes of it loads its parts in a way that esbuild cannot follow.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  legalComments: 'none',
  logLevel: 'error',
}
const bundle = (plugins) =>
  build({
    ...options,
    entryPoints: { main: entry },
    outExtension: { '.js': '.cjs' },
    chunkNames: 'chunk-[name]-[hash]',
    splitting: true,
    plugins: [lazyBuiltins, ownWords, ...plugins],
  }).catch(() => fail('esbuild could not bundle src/cli/main.ts; its messages stand above'))
// Once to see what is imported by what, and once more with what belongs together in one file.
const { metafile } = await bundle([])
const result = await bundle([oneChunkEach(metafile, loadedTogether)])

// esbuild gives a lazily imported CommonJS package a default export only, where Node finds its names: what works in a
// test would fail in the bundle. Import lazily a module of our own that imports the package.
for (const [file, input] of Object.entries(result.metafile.inputs)) {
  for (const { kind, path } of input.imports) {
    if (kind === 'dynamic-import' && result.metafile.inputs[path]?.format === 'cjs') {
      fail(
        `${file} imports the CommonJS package ${path} lazily; import lazily a module of ours that imports it`,
      )
    }
  }
}

// What `action.yml` runs, and the bundler of functions, which is a process of its own: each a file of its own, so that
// they change nothing of how the program's are cut.
const ofAction = existsSync(action)
  ? await build({
      ...options,
      entryPoints: { action },
      outExtension: { '.js': '.mjs' },
      banner: { js: banner },
      plugins: [lazyBuiltins],
    }).catch(() => fail('esbuild could not bundle src/action/main.ts; its messages stand above'))
  : { outputFiles: [] }
const ofBundler = existsSync(bundler)
  ? await packBundler(bundler, options).catch(() =>
      fail('esbuild could not bundle src/clients/bundler/child.ts; its messages stand above'),
    )
  : { outputFiles: [] }

// Where the loader has code kept that the build could not make.
const ofLoader = await build({
  ...options,
  entryPoints: { 'cache-folder': cacheFolder },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
}).catch(() => fail('esbuild could not bundle src/clients/host/cache-folder.ts; its messages stand above'))

const modules = await Promise.all(
  [...result.outputFiles, ...ofBundler.outputFiles].map(async ({ path, text }) => [
    basename(path),
    await asFunction(text),
  ]),
)
// A start needs a dozen and more of the small ones, and each file takes it half a millisecond.
const isSmall = ([name, text]) => name.startsWith('chunk-') && text.length < mostOfSmall

const files = new Map([
  ['reconcile.mjs', guard],
  ['load.cjs', readFileSync(join(root, 'scripts/load.cjs'), 'utf8')],
  ['bundle-functions.cjs', "require('./load.cjs').start('bundler.cjs')\n"],
  ['pack.cjs', asPack(modules.filter(isSmall))],
  // The small ones too, for a Node.js that loads them by itself.
  ...modules.map(([name, made]) => [name, asFile(made)]),
  ...[...ofAction.outputFiles, ...ofLoader.outputFiles].map(({ path, text }) => [basename(path), text]),
])
mkdirSync(dist, { recursive: true })
const code = join(dist, 'code', `${process.version}-${process.platform}-${process.arch}`)
const isCurrent = [...files].every(([name, text]) => isWritten(join(dist, name), text)) && existsSync(code)
// Before the files that it was made of change: V8 tells a file by its length.
if (!isCurrent) rmSync(join(dist, 'code'), { recursive: true, force: true })
for (const [name, text] of files) write(join(dist, name), text)
// For the test that says what each verb loads.
mkdirSync(join(root, 'build'), { recursive: true })
write(join(root, 'build/modules.json'), `${JSON.stringify(modulesOf(result.metafile))}\n`)
chmodSync(join(dist, 'reconcile.mjs'), 0o755)
for (const file of readdirSync(dist)) {
  if (!files.has(file) && file !== 'code') rmSync(join(dist, file), { recursive: true })
}
// A program without it is slower to start, and no other.
const loaded = ['pack.cjs', ...modules.filter((each) => !isSmall(each)).map(([name]) => name)]
if (!isCurrent) await makeCode(dist, code, loaded).catch((error) => console.error(`build: ${error.message}`))
