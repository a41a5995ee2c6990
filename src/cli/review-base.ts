import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { commitOf, type GitPlace, type Snapshot, workTreeOf, writeSnapshot } from '../clients/git/snapshot.ts'
import type { Diagnostic, Position } from '../core/diagnostic.ts'
import { ReconcileError } from '../core/errors.ts'
import type { Manifests } from '../manifests/read.ts'
import type { Workspace } from './workspace.ts'

/** A revision whose manifests can be read as if they stood in the work tree. */
export interface ReviewBase extends Snapshot {
  /** That its files were written into, absolute. */
  readonly folder: string
  /** Where what lies in the work tree lies in the revision; undefined: it lies outside of both. */
  inRevision(path: string): string | undefined
  /** The same resources, as if they were declared in the work tree: relative paths mean the same then. */
  rehomed(declaration: Manifests): Manifests
  /** A diagnostic with places as `REV:path`. */
  named(fault: Diagnostic): Diagnostic
  /** `REV:path` of a file in the work tree. */
  nameOf(file: string): string
}

/** Writes out the files of a revision for as long as they are looked at. */
export async function withReviewBase<T>(
  workspace: Workspace,
  revision: string,
  look: (base: ReviewBase) => Promise<T>,
): Promise<T> {
  const { call, clock, folder } = workspace
  const place: GitPlace = { folder: dirname(folder), env: call.env, clock, signal: call.signal }
  const workTree = await realpath(await workTreeOf(place))
  const commit = await commitOf(place, revision)
  const tree = await realpath(await mkdtemp(join(tmpdir(), 'reconcile-review-')))
  try {
    const snapshot = await writeSnapshot(place, commit, tree)
    // It is the root of what its manifests may read, as the work tree is for theirs.
    await mkdir(join(tree, '.git'))
    return await look(baseOf({ snapshot, workTree, tree, revision }))
  } finally {
    await rm(tree, { recursive: true, force: true })
  }
}

function baseOf(input: {
  readonly snapshot: Snapshot
  readonly workTree: string
  readonly tree: string
  readonly revision: string
}): ReviewBase {
  const { snapshot, workTree, tree, revision } = input
  const moved = (path: string, from: string, to: string): string | undefined => {
    const way = relative(from, path)
    return way.startsWith('..') || isAbsolute(way) ? undefined : join(to, way)
  }
  const home = (file: string) => moved(file, tree, workTree) ?? file
  const nameOf = (file: string) => `${revision}:${relative(workTree, home(file))}`
  const atHome = <T extends { readonly origin: Position }>(resource: T) => ({
    ...resource,
    origin: { ...resource.origin, file: home(resource.origin.file) },
  })
  const shown = (text: string) => text.replaceAll(`${tree}/`, `${revision}:`)
  return {
    ...snapshot,
    folder: tree,
    inRevision: (path) => moved(path, workTree, tree),
    rehomed: (declaration) => ({
      ...declaration,
      resources: declaration.resources.map(atHome),
      settings: declaration.settings.map(atHome),
    }),
    named: (fault) => ({
      ...fault,
      message: shown(fault.message),
      hint: fault.hint === undefined ? undefined : shown(fault.hint),
      position: { ...fault.position, file: nameOf(fault.position.file) },
    }),
    nameOf,
  }
}

/** Where the manifests of a workspace lie in the revision; empty: it has none there. */
export async function pathsIn(base: ReviewBase, { paths }: Workspace): Promise<readonly string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path)))
  const inside = real.map((path) => {
    const found = base.inRevision(path)
    if (found !== undefined) return found
    throw new ReconcileError('UsageInvalid', `Cannot compare ${path}: it lies outside of the git work tree`)
  })
  return inside.filter((path) => existsSync(path))
}
