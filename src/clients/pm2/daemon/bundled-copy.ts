import {
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import type { Random } from '../../../core/clock.ts'

/** A package as it lies on this machine. */
interface Package {
  readonly name: string
  readonly version: string
  /** Without links. */
  readonly folder: string
  /** Names of what it needs, and where that was found. */
  readonly dependencies: ReadonlyMap<string, string>
}

/** PM2 outside of every node_modules. */
export interface DaemonCopy {
  readonly version: string
  /** The file that is the daemon when Node runs it. */
  readonly script: string
}

type Manifest = Readonly<Record<string, unknown>>

async function readManifest(folder: string): Promise<Manifest> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  if (typeof manifest !== 'object' || manifest === null) throw new Error(`${folder} has no package.json`)
  return manifest as Manifest
}

function namesIn(manifest: Manifest, field: string): readonly string[] {
  const value = manifest[field]
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}

/** As Node resolves a package: the nearest `node_modules` upwards that holds it. */
async function findDependency(from: string, name: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (await exists(join(candidate, 'package.json'))) return await realpath(candidate)
    if (dirname(folder) === folder) return undefined
  }
}

async function readPackage(folder: string): Promise<Package> {
  const manifest = await readManifest(folder)
  const dependencies = new Map<string, string>()
  for (const name of namesIn(manifest, 'dependencies')) {
    const found = await findDependency(folder, name)
    if (found === undefined) throw new Error(`${String(manifest.name)} needs ${name}, which is not installed`)
    dependencies.set(name, found)
  }
  for (const name of [
    ...namesIn(manifest, 'optionalDependencies'),
    ...namesIn(manifest, 'peerDependencies'),
  ]) {
    const found = await findDependency(folder, name)
    if (found !== undefined) dependencies.set(name, found)
  }
  return { name: String(manifest.name), version: String(manifest.version), folder, dependencies }
}

/** A package and all that it needs, each folder once. */
async function closure(root: string): Promise<ReadonlyMap<string, Package>> {
  const packages = new Map<string, Package>()
  const open = [root]
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    if (packages.has(folder)) continue
    const found = await readPackage(folder)
    packages.set(folder, found)
    open.push(...found.dependencies.values())
  }
  return packages
}

/**
 * A second name for the file, which stays when a package manager removes the first one; thirty times as fast as a
 * copy. Where the file system or the file's owner does not allow it, a copy.
 */
async function keepFile(source: string, target: string): Promise<void> {
  try {
    await link(source, target)
  } catch {
    await copyFile(source, target)
  }
}

/** Takes a package over without the packages inside of it. */
async function keepPackage(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true })
  const entries = await readdir(source, { withFileTypes: true })
  await Promise.all(
    entries.map(async (entry) => {
      const from = join(source, entry.name)
      const to = join(target, entry.name)
      if (entry.isDirectory() && entry.name !== 'node_modules') await keepPackage(from, to)
      else if (entry.isFile()) await keepFile(from, to)
    }),
  )
}

/**
 * Lays the packages out so that each finds exactly what it needs, whichever package manager put them where:
 * `<name>@<version>/node_modules/<name>`, and beside it links to its dependencies.
 */
async function layOut(packages: ReadonlyMap<string, Package>, target: string): Promise<void> {
  const homes = new Map<string, string>()
  for (const { name, version, folder } of packages.values()) {
    const home = join(target, `${name.replace('/', '+')}@${version}`, 'node_modules')
    const isTaken = [...homes.values()].includes(join(home, name))
    homes.set(folder, join(isTaken ? join(`${dirname(home)}-${homes.size}`, 'node_modules') : home, name))
  }
  for (const { name, folder, dependencies } of packages.values()) {
    const own = homes.get(folder) ?? ''
    await keepPackage(folder, own)
    const modules = own.slice(0, -name.length - 1)
    for (const [dependency, source] of dependencies) {
      const path = join(modules, dependency)
      await mkdir(dirname(path), { recursive: true })
      await symlink(relative(dirname(path), homes.get(source) ?? source), path)
    }
  }
}

async function isWhole(script: string): Promise<boolean> {
  try {
    return (await stat(script)).size > 0
  } catch {
    return false
  }
}

/**
 * The PM2 that came with us, in a copy that nobody but us writes: made once for each version, under a name of its own
 * and then renamed, so that it is there whole or not at all.
 */
export async function bundledDaemon(dataFolder: string, random: Random): Promise<DaemonCopy> {
  const manifest = createRequire(import.meta.url).resolve('pm2/package.json')
  const source = await realpath(dirname(manifest))
  const version = String((await readManifest(source)).version)
  const parent = join(dataFolder, 'reconciled')
  const target = join(parent, `pm2-${version}`)
  const script = join(target, `pm2@${version}`, 'node_modules', 'pm2', 'lib', 'Daemon.js')
  if (await isWhole(script)) return { version, script }
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const staging = join(parent, `.${basename(target)}-${random.id()}`)
  try {
    await layOut(await closure(source), staging)
    await replace(staging, target, script)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  return { version, script }
}

/** Puts the copy in its place, unless another one of us was faster; a broken one makes room. */
async function replace(staging: string, target: string, script: string): Promise<void> {
  try {
    await rename(staging, target)
  } catch (error) {
    if (await isWhole(script)) return
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    const broken = `${staging}-broken`
    await rename(target, broken)
    await rename(staging, target)
    await rm(broken, { recursive: true, force: true })
  }
}
