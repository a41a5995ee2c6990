import { execFile } from 'node:child_process'
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  truncate,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { ownCacheFolder } from '../../src/clients/host/cache-folder.ts'

const root = join(import.meta.dirname, '../..')

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function makeFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'r-load-')))
  folders.push(folder)
  return folder
}

/** The built program, as it is installed. */
async function install(): Promise<string> {
  const folder = await makeFolder()
  for (const name of ['package.json', 'schemas', 'node_modules']) {
    await symlink(join(root, name), join(folder, name))
  }
  await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  return folder
}

async function explain(folder: string, home: string): Promise<string> {
  const program = join(folder, 'dist/reconcile.mjs')
  const env = { HOME: home, PATH: process.env.PATH ?? '' }
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [program, 'explain', 'Process.spec.script'],
    { env },
  )
  expect(stderr).toBe('')
  return stdout
}

async function allFilesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).sort()
}

test('a start from the code of the build writes nothing', async () => {
  const [folder, home] = [await install(), await makeFolder()]
  const before = await allFilesIn(join(folder, 'dist'))
  expect(await explain(folder, home)).toContain('script')
  expect(await allFilesIn(join(folder, 'dist'))).toEqual(before)
  expect(await allFilesIn(home)).toEqual([])
})

test('code that was cut off, or that is of another file, is not used', async () => {
  const [folder, home] = [await install(), await makeFolder()]
  const expected = await explain(folder, home)
  const [version = ''] = await readdir(join(folder, 'dist/code'))
  const code = join(folder, 'dist/code', version)
  const names = (await readdir(code)).filter((name) => /^(?:pack|chunk-chunk)/.test(name))
  expect(names.length).toBeGreaterThan(5)
  for (const name of names) {
    const path = join(code, name)
    await truncate(path, Math.floor((await stat(path)).size / 2))
  }
  expect(await explain(folder, home)).toBe(expected)
  for (const name of names) await cp(join(code, 'main.cjs.code'), join(code, name))
  expect(await explain(folder, home)).toBe(expected)
})

test('built by another Node.js the program runs the same, and its code is kept where only its user can write', async () => {
  const [folder, home] = [await install(), await makeFolder()]
  const expected = await explain(folder, home)
  await rm(join(folder, 'dist/code'), { recursive: true })
  expect(await explain(folder, home)).toBe(expected)
  const kept = join(home, '.cache/reconciled/code')
  expect((await stat(kept)).mode & 0o777).toBe(0o700)
  const made = await allFilesIn(kept)
  expect(made.length).toBeGreaterThan(3)
  expect(await explain(folder, home)).toBe(expected)
  expect(await allFilesIn(kept)).toEqual(made)
})

test('a cache folder is taken only where nobody else could change or replace it', async () => {
  const home = await makeFolder()
  const folder = join(home, 'reconciled/code')
  const given = { XDG_CACHE_HOME: home, HOME: '/nowhere' }
  expect(ownCacheFolder(given)).toBe(folder)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  await chmod(home, 0o777)
  expect(ownCacheFolder(given)).toBeUndefined()
  // As in the folder of temporary files: what is ours stays ours.
  await chmod(home, 0o1777)
  expect(ownCacheFolder(given)).toBe(folder)
  await chmod(folder, 0o720)
  expect(ownCacheFolder(given)).toBeUndefined()
  expect(ownCacheFolder({})).toBeUndefined()
  expect(ownCacheFolder({ XDG_CACHE_HOME: 'relative', HOME: '' })).toBeUndefined()
})

test.runIf(process.geteuid?.() === 0)(
  'a cache folder of another user is not taken, though we may write to it',
  async () => {
    const home = await makeFolder()
    await mkdir(join(home, 'reconciled/code'), { recursive: true })
    await chown(join(home, 'reconciled'), 12_345, 12_345)
    expect(ownCacheFolder({ XDG_CACHE_HOME: home })).toBeUndefined()
    await chown(join(home, 'reconciled'), 0, 0)
    expect(ownCacheFolder({ XDG_CACHE_HOME: home })).toBe(join(home, 'reconciled/code'))
  },
)

test('where there is no place to keep code, the program starts without', async () => {
  const [folder, home] = [await install(), await makeFolder()]
  await rm(join(folder, 'dist/code'), { recursive: true })
  await chmod(home, 0o777)
  expect(await explain(folder, home)).toContain('script')
  expect(await allFilesIn(home)).toEqual(['.cache', '.cache/reconciled', '.cache/reconciled/code'])
})
