// Runs the program as people do, and keeps the code that V8 makes of it meanwhile.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import { openStandIn } from './pm2-stand-in.mjs'

const keeper = join(dirname(fileURLToPath(import.meta.url)), 'keep-code.cjs')
/** In this order: the first pass starts processes, and all after it find nothing to do. */
const calls = [
  ['check'],
  ['--no-wait'],
  ['--no-wait'],
  ['--dry-run'],
  ['--dry-run', '-o', 'json'],
  ['check', '-o', 'json'],
  ['status'],
  ['health'],
]
/** Milliseconds that one call may take, on a machine that is busy with an installation. */
const limit = 60_000
const manifest = (name) => `apiVersion: reconcile.dev/v1
kind: Process
metadata: { name: ${name} }
spec:
  script: ../app.mjs
`
/** Makes the code of all files of `dist` in `folder`. Rejects where they cannot be run; there is no folder then. */
export async function makeCode(dist, folder) {
  const world = mkdtempSync(join(tmpdir(), 'r-'))
  const home = join(world, 'p')
  const files = {
    'app.mjs': '',
    ...Object.fromEntries(['one', 'two', 'three'].map((name) => [`manifests/${name}.yaml`, manifest(name)])),
  }
  for (const path of [home, join(world, 'manifests'), folder]) mkdirSync(path, { recursive: true })
  for (const [path, text] of Object.entries(files)) writeFileSync(join(world, path), text)
  const env = { PATH: process.env.PATH, HOME: world, PM2_HOME: home, KEEP_CODE_IN: folder }
  let standIn
  try {
    standIn = await openStandIn(home)
    writeFirstCode(dist, folder)
    for (const args of calls) await run([join(dist, 'reconcile.mjs'), ...args], { cwd: world, env })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  } finally {
    standIn?.close()
    rmSync(world, { recursive: true, force: true })
  }
}

/** What is made of a file before it is run; each run adds what was called in it. */
function writeFirstCode(dist, folder) {
  for (const name of readdirSync(dist)) {
    if (!/^(?:main|chunk-.*)\.cjs$/.test(name)) continue
    const script = new Script(readFileSync(join(dist, name), 'latin1'), { filename: join(dist, name) })
    writeFileSync(join(folder, `${name}.code`), script.createCachedData())
  }
}
function run(args, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--require', keeper, ...args], { cwd, env, timeout: limit })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (said += piece))
    child.once('error', reject)
    child.once('close', (status) => {
      if (status === 0) resolve()
      else
        reject(
          new Error(
            `could not run the program to make its code: \`${args.join(' ')}\` ended with ${status}: ${said}`,
          ),
        )
    })
  })
}
