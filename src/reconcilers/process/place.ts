import { dirname, extname, resolve } from 'node:path'
import type { Resource } from '../../core/resource.ts'
import type { Resolved } from '../../core/secret.ts'
import type { ProcessSpec } from './spec.generated.ts'

/** A Process after its references were resolved. */
export type DesiredProcess = Resource<Resolved<ProcessSpec>>

/** The name in PM2. */
export function pm2NameOf(desired: Resource<Pick<ProcessSpec, 'name'>>): string {
  return desired.spec.name ?? desired.name
}

/** The folder that relative paths of a manifest start from. */
export function folderOf(desired: Resource): string {
  return dirname(desired.origin.file)
}

/** A script or an interpreter without a slash is a program that is looked for on PATH. */
export function isProgram(text: string): boolean {
  return !text.includes('/')
}

/** Absolute, or the program's bare name. */
export function absoluteOrProgram(text: string, folder: string): string {
  return isProgram(text) ? text : resolve(folder, text)
}

/** The working folder that a process is created with. */
export function workingFolderOf(desired: DesiredProcess): string {
  return resolve(folderOf(desired), desired.spec.cwd ?? '.')
}

/**
 * PM2's own table (its lib/API/interpreter.json), but for what it makes of the rest: it runs TypeScript by bun where
 * that happens to be installed, `.py` by Python 2 where there is one, and anything else by the Node of whoever
 * typed the command. Here the same manifest means the same on every machine.
 */
const interpreterByExtension: Readonly<Record<string, string>> = Object.freeze({
  '.js': 'node',
  '.mjs': 'node',
  '.cjs': 'node',
  '.ts': 'node',
  '.mts': 'node',
  '.cts': 'node',
  '.sh': 'bash',
  '.py': 'python3',
  '.rb': 'ruby',
  '.php': 'php',
  '.pl': 'perl',
})

/** The interpreter of a process that declares none. */
export function defaultInterpreterOf(spec: Pick<ProcessSpec, 'script' | 'mode'>): string {
  if (spec.mode === 'cluster') return 'node'
  if (isProgram(spec.script)) return 'none'
  return interpreterByExtension[extname(spec.script)] ?? 'none'
}
