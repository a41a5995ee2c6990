import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Bundle, BundleFailure } from '../../clients/bundler/bundle.ts'

/** What was bundled the last time, by the name of the function. */
export interface BundleIndex {
  readonly entries: ReadonlyMap<string, IndexedBundle>
  /** Undefined: everything could be bundled. */
  readonly failed: FailedBundling | undefined
}

/** What could not be bundled, and what stood for the project then: unchanged, it most likely fails again. */
export interface FailedBundling {
  readonly project: string
  readonly failures: readonly KnownFailure[]
}

export interface KnownFailure extends BundleFailure {
  /** Epoch milliseconds. */
  readonly at: number
}

export interface IndexedBundle {
  /** Of all that the bundle was made of. */
  readonly sourceHash: string
  readonly bundle: Bundle
}

const format = 3

/** Reads the index; what cannot be read was never bundled: it is a saving, and nothing is lost without it. */
export async function readIndex(path: string): Promise<BundleIndex> {
  try {
    const data = JSON.parse(await readFile(path, 'utf8')) as {
      readonly format: number
      readonly entries: Readonly<Record<string, IndexedBundle>>
      readonly failed?: FailedBundling
    }
    if (data.format === format) {
      return { entries: new Map(Object.entries(data.entries).filter(isWhole)), failed: data.failed }
    }
  } catch {
    // Never written, or cut off: bundling makes it anew.
  }
  return { entries: new Map(), failed: undefined }
}

/**
 * The index after something was bundled. Several sets may be of one directory, each of its own functions: what the others
 * made stays, for as long as the directory has it.
 */
export function mergeIndex(
  before: BundleIndex,
  made: {
    /** All names in the directory, whichever of them are meant. */
    readonly present: ReadonlySet<string>
    /** Names that were meant this time: what is not said of them now is said no more. */
    readonly asked: ReadonlySet<string>
    readonly bundled: ReadonlyMap<string, IndexedBundle>
    readonly failed: FailedBundling
  },
): BundleIndex {
  const { present, asked, bundled, failed } = made
  const entries = new Map([...before.entries, ...bundled].filter(([name]) => present.has(name)))
  const others = before.failed?.project === failed.project ? before.failed.failures : []
  const kept = others.filter(({ name }) => present.has(name) && !asked.has(name))
  const failures = [...kept, ...failed.failures]
  return { entries, failed: failures.length > 0 ? { project: failed.project, failures } : undefined }
}

function isWhole([name, entry]: readonly [string, IndexedBundle]): boolean {
  const { bundle } = entry
  return (
    bundle?.name === name &&
    /^[0-9a-f]{64}$/.test(bundle.digest) &&
    Array.isArray(bundle.inputs) &&
    Array.isArray(bundle.included?.globs)
  )
}

/** Writes it whole or not at all. */
export async function writeIndex(path: string, index: BundleIndex, unique: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${unique}`
  const entries = Object.fromEntries([...index.entries].sort(([a], [b]) => (a < b ? -1 : 1)))
  await writeFile(temporary, JSON.stringify({ format, entries, failed: index.failed }), { mode: 0o600 })
  await rename(temporary, path)
}

/** Where the zip of a digest lies. */
export function zipPath(folder: string, digest: string): string {
  return join(folder, `${digest}.zip`)
}
