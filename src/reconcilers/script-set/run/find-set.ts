import { ReconcileError } from '../../../core/errors.ts'
import type { Resource } from '../../../core/resource.ts'
import { parsePackage } from '../package-json/package-file.ts'
import { type DesiredScriptSet, packagePathOf } from '../place.ts'
import { machineDisk } from '../resolve/disk.ts'
import { scriptLike } from '../resolve/script-target.ts'

/** A set that a script belongs to, with what its package.json says now. */
export interface FoundSet {
  readonly desired: DesiredScriptSet
  readonly scripts: ReadonlyMap<string, string>
}

/**
 * Finds the one set that a script belongs to: its package has it, or the manifest names it. Rejects where there is
 * none, where several have it, and where a package cannot be read.
 */
export async function findSet(resources: readonly Resource[], script: string): Promise<FoundSet> {
  const sets = resources.filter(isScriptSet)
  if (sets.length === 0)
    throw new ReconcileError('NotFound', `Cannot run ${script}: no ScriptSet is declared`, {
      hint: '`reconcile import npm package.json` writes one.',
    })
  const found = await Promise.all(sets.map(readSet))
  const having = found.filter(({ desired, scripts }) => scripts.has(script) || isNamed(desired, script))
  const [first, ...others] = having
  if (!first) {
    const where = sets.map(({ id }) => id).join(', ')
    const like = found.map(({ scripts }) => scriptLike(script, scripts)).find((name) => name !== undefined)
    const hint = like === undefined ? {} : { hint: `Did you mean ${like}?` }
    throw new ReconcileError('NotFound', `Cannot run ${script}: ${where} has no such script`, hint)
  }
  if (others.length > 0)
    throw new ReconcileError(
      'UsageInvalid',
      `Cannot run ${script}: ${having.map(({ desired }) => desired.id).join(' and ')} have it`,
      { hint: `Say which with --only ${first.desired.id}.` },
    )
  return first
}

async function readSet(desired: DesiredScriptSet): Promise<FoundSet> {
  const path = packagePathOf(desired)
  const reading = parsePackage(await machineDisk.read(path))
  if (reading.type === 'package') return { desired, scripts: reading.file.scripts }
  const reason = reading.type === 'absent' ? 'it does not exist' : reading.message
  throw new ReconcileError('ScriptMissing', `Cannot read ${path} of ${desired.id}: ${reason}`)
}

/** Declared with its text, it is missing only until it is restored; named in `fallbacks` alone it is a slip of the pen. */
function isNamed({ spec }: DesiredScriptSet, script: string): boolean {
  return Object.hasOwn(spec.scripts ?? {}, script)
}

/** Manifests of this kind were held to its schema when they were read. */
function isScriptSet(resource: Resource): resource is DesiredScriptSet {
  return resource.kind === 'ScriptSet'
}
