import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Reading } from '../../core/reconciler.ts'
import type { ScriptOfPackage } from './checks/running-scripts.ts'
import type { ObservedScripts, SeenCheck } from './observed.ts'
import { obstacleTo } from './package-json/editable.ts'
import { parsePackage } from './package-json/package-file.ts'
import { type DesiredScriptSet, packagePathOf } from './place.ts'
import type { FileFacts } from './resolve/file-facts.ts'
import { resolvePackage } from './resolve/resolve-package.ts'

/** With what a package is looked at. */
export interface Looking {
  /** Shared by all packages of one pass. */
  readonly facts: FileFacts
  /** PATH as npm hands it on, absolute folders. */
  readonly searchPath: readonly string[]
  readonly lookAtCheck: (resource: string, one: ScriptOfPackage) => Promise<SeenCheck>
}

/** Reads a package whose set is no longer declared: that it is there, and no more, because nothing is done about it. */
export async function observeLeaving(
  path: string,
  { facts }: Pick<Looking, 'facts'>,
): Promise<Reading<ObservedScripts>> {
  const reading = parsePackage(await facts.read(path))
  if (reading.type === 'absent') return reading
  if (reading.type === 'unreadable') return unreadable(path, reading.message)
  const { hash, scripts } = reading.file
  const nothing = { locked: undefined, findings: [], graph: new Map(), checks: new Map() }
  return { type: 'present', value: Object.freeze({ path, realPath: path, hash, scripts, ...nothing }) }
}

function unreadable(path: string, message: string): Reading<ObservedScripts> {
  return { type: 'unreadable', code: 'PackageUnreadable', message: `${path}: ${message}` }
}

/** Reads one package and resolves its scripts. Starts nothing and changes nothing. */
export async function observePackage(
  desired: DesiredScriptSet,
  { facts, searchPath, lookAtCheck }: Looking,
): Promise<Reading<ObservedScripts>> {
  const path = packagePathOf(desired)
  const reading = parsePackage(await facts.read(path))
  if (reading.type === 'absent') return { type: 'absent' }
  if (reading.type === 'unreadable') return unreadable(desired.spec.package, reading.message)
  const { file } = reading
  const folder = dirname(path)
  const { findings, graph } = await resolvePackage({ folder, file, facts, searchPath })
  const names = Object.keys(desired.spec.checks ?? {})
  const checks = await Promise.all(
    names.map(async (script) => [script, await lookAtCheck(desired.name, { folder, script })] as const),
  )
  // Only where a text is declared may it come to an edit.
  const mayEdit = desired.spec.scripts !== undefined
  const realPath = mayEdit ? await realpath(path) : path
  const value: ObservedScripts = Object.freeze({
    path,
    realPath,
    hash: file.hash,
    scripts: file.scripts,
    locked: mayEdit ? await obstacleTo(realPath, file) : undefined,
    findings,
    graph,
    checks: new Map(checks),
  })
  return { type: 'present', value }
}
