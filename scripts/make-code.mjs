// Runs the program as people do, and keeps the code that V8 makes of it meanwhile.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import { openNetlify } from './netlify-stand-in.mjs'
import { openStandIn } from './pm2-stand-in.mjs'
import { openVendor } from './vendor-stand-in.mjs'

const keeper = join(dirname(fileURLToPath(import.meta.url)), 'keep-code.cjs')

/** Milliseconds that one call may take, on a machine that is busy with an installation. */
const limit = 60_000

const manifest = (kind, name, spec) =>
  `apiVersion: reconcile.dev/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${JSON.stringify(spec)}\n`

const functionSet = manifest('FunctionSet', 'functions', { site: 'site', directory: '../functions' })

const sourceOf = (answer) => `export default async () => new Response('${answer}')\n`

/** What is run, by its manifests folder and in this order. */
const runs = [
  {
    files: {
      'app.mjs': '',
      ...Object.fromEntries(
        ['one', 'two', 'three'].map((name) => [
          `processes/${name}.yaml`,
          manifest('Process', name, { script: '../app.mjs' }),
        ]),
      ),
    },
    folder: 'processes',
    // The first pass starts them, and all that comes after it finds nothing to do.
    calls: [
      ['check'],
      ['--no-wait'],
      ['--no-wait'],
      ['--dry-run'],
      ['--dry-run', '-o', 'json'],
      ['check', '-o', 'json'],
      ['status'],
      ['health'],
    ],
  },
  {
    files: {
      'functions/hello.mjs': sourceOf('hello'),
      'functions/other.mjs': sourceOf('other'),
      'vendors/functions.yaml': functionSet,
      'vendors/workflow.yaml': manifest('Workflow', 'workflow', {
        repository: 'owner/name',
        path: '.github/workflows/ci.yml',
      }),
      'package.json': '{ "private": true, "scripts": { "build": "node app.mjs" } }',
      'vendors/scripts.yaml': manifest('ScriptSet', 'scripts', { package: '../package.json' }),
    },
    folder: 'vendors',
    calls: [['check'], ['--dry-run']],
  },
  // A first deploy, one with nothing to do, and one of a function that was changed.
  { files: { 'site/functions.yaml': functionSet }, folder: 'site', calls: [[], [], ['--dry-run']] },
  { files: { 'functions/hello.mjs': sourceOf('changed') }, folder: 'site', calls: [['--dry-run'], []] },
]

const sourceInTypeScript = `import type { Config } from '@netlify/functions'
export const config: Config = { schedule: '@daily', path: '/typed' }
export default async (request: Request): Promise<Response> => new Response(request.url)
`

/** Makes the code of files of `dist` in `folder`. Rejects where they cannot be run; there is no folder then. */
export async function makeCode(dist, folder, names) {
  const world = mkdtempSync(join(tmpdir(), 'r-'))
  const home = join(world, 'p')
  const close = []
  try {
    for (const path of [home, folder]) mkdirSync(path, { recursive: true })
    const [pm2, github, netlify] = [await openStandIn(home), await openVendor(), await openNetlify()]
    close.push(pm2, github, netlify)
    const env = {
      PATH: process.env.PATH,
      HOME: world,
      PM2_HOME: home,
      GITHUB_API_URL: github.url,
      GITHUB_TOKEN: 'none',
      NETLIFY_API_URL: netlify.url,
      NETLIFY_AUTH_TOKEN: 'none',
      KEEP_CODE_IN: folder,
    }
    writeFirstCode(dist, folder, names)
    for (const { files, folder: manifests, calls } of runs) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(world, path)), { recursive: true })
        writeFileSync(join(world, path), text)
      }
      const place = ['--file', manifests, '--state', `${manifests}.db`]
      for (const args of calls) {
        await run([join(dist, 'reconcile.mjs'), ...args, ...place], { cwd: world, env })
      }
    }
    await bundle(dist, { cwd: world, env })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  } finally {
    for (const each of close) each.close()
    rmSync(world, { recursive: true, force: true })
  }
}

/** What is made of a file before it is run; each run adds what was called in it. */
function writeFirstCode(dist, folder, names) {
  for (const name of names) {
    const script = new Script(readFileSync(join(dist, name), 'latin1'), { filename: join(dist, name) })
    writeFileSync(join(folder, `${name}.code`), script.createCachedData())
  }
}

/** Bundles a function of each kind of source, as a deploy does. */
function bundle(dist, { cwd, env }) {
  const folder = join(cwd, 'zips')
  mkdirSync(folder)
  const names = ['hello.mjs', 'typed.ts']
  writeFileSync(join(cwd, 'functions/typed.ts'), sourceInTypeScript)
  const functions = names.map((file) => ({ name: file, path: join(cwd, 'functions', file) }))
  const job = JSON.stringify({ root: cwd, folder, functions, config: {} })
  return run([join(dist, 'bundle-functions.cjs')], { cwd, env, input: job })
}

function run(args, { cwd, env, input = '' }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--require', keeper, ...args], { cwd, env, timeout: limit })
    child.stdin.end(input)
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece) => {
        said += piece
      })
    child.once('error', reject)
    child.once('close', (status) => {
      const call = `\`${args.join(' ')}\``
      if (status === 0) resolve()
      else
        reject(new Error(`could not run the program to make its code: ${call} ended with ${status}: ${said}`))
    })
  })
}
