import { dirname, sep } from 'node:path'
import { isError } from '../core/diagnostic.ts'
import type { ResourceId } from '../core/resource.ts'
import { isResource } from './alerting.ts'
import { parseBeside } from './beside.ts'
import { type ComposeInput, type Composition, compose } from './compose.ts'
import { environmentOf } from './files.ts'
import { type ManifestFile, parseManifestFile } from './manifest-file.ts'
import { type PoliciesInForce, policiesInForce } from './policies/in-force.ts'

/** What of the manifests cannot be read or is wrong, and what is remembered of it. */
export interface Damage {
  readonly broken: ReadonlySet<string>
  readonly lastGood: ReadonlyMap<string, string>
  readonly kinds: readonly string[]
  /** Files of which only the Fleet and the policies count. */
  readonly beside: ReadonlySet<string>
  /** What is there and could not be looked into. */
  readonly unread: readonly string[]
  /** The manifests folders: what lies in `environments/` of one belongs to an environment. */
  readonly folders: readonly string[]
}

/** What holds: as it was read where nothing is broken. */
export type Effective = Pick<Composition, 'drafts' | 'alerting' | 'policyDrafts' | 'fleet'> & {
  readonly policies: PoliciesInForce['policies']
  readonly brokenPolicies: PoliciesInForce['broken']
  readonly missing: readonly ResourceId[]
}

/**
 * What holds while files are broken: their last good texts stand in for them, whole files at a time, so that
 * nothing of a file takes effect before all of it is right. What has no last good text is missing.
 */
export async function standIn(input: ComposeInput, current: Composition, damage: Damage): Promise<Effective> {
  const { broken, lastGood, kinds, beside } = damage
  const parse = (path: string, text: string) =>
    (beside.has(path) ? parseBeside : parseManifestFile)(path, text, kinds)
  const replace = async (files: readonly ManifestFile[], isOurs: (path: string) => boolean) => {
    const sound = files.filter((file) => !isBroken(file.path, broken))
    const recalled = [...lastGood].filter(([path]) => isBroken(path, broken) && isOurs(path))
    return [...sound, ...(await Promise.all(recalled.map(([path, text]) => parse(path, text))))]
  }
  const { environment } = input
  const environmentsOf = (path: string) =>
    damage.folders.flatMap((folder) => environmentOf(path, folder) ?? [])
  const isBase = (path: string) => environmentsOf(path).length === 0
  const isPatch = (path: string) => environmentsOf(path).some((name) => name === environment?.name)
  const lost = lostIds(input, current, damage)
  const restored = await compose({
    ...input,
    base: await replace(input.base, isBase),
    environment: environment && { ...environment, files: await replace(environment.files, isPatch) },
    broken: lost,
  })
  // A last good text may contradict what others say today: its resources are missing then.
  const faulty = new Set(
    [...restored.drafts, ...restored.alerting, ...restored.policyDrafts]
      .filter(({ faults }) => faults.diagnostics.some(isError))
      .map(({ resource }) => resource.id),
  )
  const stays = ({ resource: { id }, document }: Composition['drafts'][number]) =>
    !faulty.has(id) && !(lost.has(id) && document.files.every((path) => !lastGood.has(path)))
  const isFleetLost = isFleetBroken(input, current, damage)
  const drafts = isFleetLost ? [] : restored.drafts.filter(stays)
  const present = new Set(drafts.map(({ resource }) => resource.id))
  const declared = [...current.declared.keys(), ...lost].filter(isResource)
  const missing = [...new Set(declared)].filter((id) => !present.has(id)).sort()
  const { policies, broken: brokenPolicies } = policiesInForce(
    { current, restored },
    {
      fleet: restored.fleet.settings.name,
      environment: environment?.name,
      lost,
      isSomeUnnamed: isPolicyLost(input, damage),
      stays,
    },
  )
  const { fleet } = restored
  return {
    drafts,
    alerting: restored.alerting.filter(stays),
    policyDrafts: restored.policyDrafts.filter(stays),
    fleet,
    policies,
    brokenPolicies,
    missing,
  }
}

/** Whether what cannot be read or recalled may hold a policy whose name nobody knows. */
function isPolicyLost(input: ComposeInput, damage: Damage): boolean {
  const { broken, lastGood } = damage
  const isHidden = [...input.base, ...(input.environment?.files ?? [])].some(
    ({ path, hidden }) => hidden.includes('Policy') && isBroken(path, broken) && !lastGood.has(path),
  )
  return isHidden || isFolderLost(damage)
}

/** Whether there is a folder that cannot be read, and of which nothing is remembered. */
function isFolderLost({ unread, lastGood }: Damage): boolean {
  return unread.some((folder) => [...lastGood.keys()].every((path) => !path.startsWith(folder + sep)))
}

/** Ids of broken files that have no last good text: the base below a lost patch must not take effect either. */
function lostIds(
  input: ComposeInput,
  current: Composition,
  { broken, lastGood }: Damage,
): ReadonlySet<ResourceId> {
  const isLost = (path: string) => isBroken(path, broken) && !lastGood.has(path)
  const lost = new Set<ResourceId>()
  for (const [id, files] of current.declared) if (files.some(isLost)) lost.add(id)
  for (const file of [...input.base, ...(input.environment?.files ?? [])]) {
    if (isLost(file.path)) for (const id of file.readableIds) lost.add(id)
  }
  const unreadable = input.environment?.files.some(
    (file) => isLost(file.path) && file.readableIds.length === 0,
  )
  // Nobody can say what that patch would have changed.
  if (unreadable) for (const id of current.declared.keys()) lost.add(id)
  return lost
}

/** The Fleet's name is the mark of ownership: without it nothing may be done. */
function isFleetBroken(input: ComposeInput, current: Composition, damage: Damage): boolean {
  const { broken, lastGood } = damage
  const isLost = ({ path }: ManifestFile) => isBroken(path, broken) && !lastGood.has(path)
  const names = ({ readableIds, path }: ManifestFile) =>
    readableIds.some((id) => id.startsWith('Fleet/')) || current.fleet.document?.files.includes(path) === true
  const hides = ({ hidden }: ManifestFile) => hidden.includes('Fleet')
  const patches = (input.environment?.files ?? []).filter(isLost)
  if ([...input.base.filter(isLost), ...patches].some(names) || patches.some(hides)) return true
  // There is one Fleet: where it was read, what cannot be read is another thing.
  if (current.fleet.document) return false
  return input.base.filter(isLost).some(hides) || isFolderLost(damage)
}

/** Whether a file, or a folder that it lies in, is broken. */
export function isBroken(path: string, broken: ReadonlySet<string>): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (broken.has(at)) return true
    if (dirname(at) === at) return false
  }
}
