import { type Diagnostic, isError } from '../core/diagnostic.ts'
import type { AnyReconciler, Report } from '../core/reconciler.ts'
import type { ResourceId } from '../core/resource.ts'
import type { SecretMask } from '../core/secret-mask.ts'
import { isResource } from './alerting.ts'
import { checkAlerting } from './check-alerting.ts'
import { checkControls } from './check-controls.ts'
import { checkCircles } from './circles.ts'
import { checkContainedPaths, checkReferenceFiles } from './contained-paths.ts'
import { type Draft, draft } from './draft.ts'
import { checkExternalNames, findDuplicates, firstOfEach } from './duplicates.ts'
import { type Layered, layer, overlay } from './environment.ts'
import { Faults } from './faults.ts'
import { type Allowances, type FleetDraft, readFleet } from './fleet.ts'
import { boundsOf, type Roots, rootsOf } from './fleet-root.ts'
import { checkLiterals } from './literal-secrets.ts'
import type { ManifestFile } from './manifest-file.ts'
import { judgeResources } from './policies/judge-resources.ts'
import { type Policy, readPolicies } from './policies/policy.ts'
import { checkTargets } from './references.ts'
import { type SoundPart, soundPartOf } from './sound-part.ts'
import { parsePointer } from './tree.ts'
import { validateDocument } from './validate.ts'
import { checkWindows } from './windows.ts'

/** What all files mean together, in one environment. */
export interface Composition {
  /** Valid documents, as resources whose references are not resolved. In id order. */
  readonly drafts: readonly Draft[]
  /** Valid documents of the kinds Alert and Receiver, likewise. */
  readonly alerting: readonly Draft[]
  /** Policies whose rules can be asked. */
  readonly policies: readonly Policy[]
  /** Valid documents of the kind Policy, also those whose rules cannot be asked. */
  readonly policyDrafts: readonly Draft[]
  readonly fleet: FleetDraft
  /** Of the files and of what they mean together; each once. */
  readonly diagnostics: readonly Diagnostic[]
  /** Every id that is declared, valid or not, with the files that have a part in it. */
  readonly declared: ReadonlyMap<ResourceId, readonly string[]>
}

export interface ComposeInput {
  readonly base: readonly ManifestFile[]
  /** Undefined: the base alone. */
  readonly environment: { readonly name: string; readonly files: readonly ManifestFile[] } | undefined
  /** Names of all environments that there are. */
  readonly environments: readonly string[]
  /** Whether all manifests were read, so that what is not among them does not exist. */
  readonly isWhole: boolean
  readonly reconcilers: ReadonlyMap<string, AnyReconciler>
  /** What files may lie in, links resolved, before the Fleet allows more. */
  readonly root: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly allow: Allowances
  /** Epoch milliseconds. */
  readonly now: number
  /** Is told of literals that look like secrets. */
  readonly mask?: SecretMask | undefined
  /** Ids of broken files that are not among `base` and `environment`. */
  readonly broken: ReadonlySet<ResourceId>
}

/** Lays the environment over the base and judges the result, each resource and all together. Starts nothing. */
export async function compose(input: ComposeInput): Promise<Composition> {
  const { base, environment, reconcilers, isWhole } = input
  const files = [...base, ...(environment?.files ?? [])]
  const diagnostics = files.flatMap((file) => file.diagnostics)
  const layers = base.flatMap((file) => file.documents).map(layer)
  diagnostics.push(...findDuplicates(layers))
  const first = firstOfEach(layers)
  const broken = base.filter(isFaulty)
  const unsure = new Set([...input.broken, ...broken.flatMap((file) => file.readableIds)])
  const isUnreadable = broken.some((file) => file.readableIds.length === 0)
  const patches = environment?.files.flatMap((file) => file.documents) ?? []
  const laid = environment
    ? overlay(first, patches, {
        name: environment.name,
        isBaseWhole: isWhole,
        mayExist: (id) => !isWhole || isUnreadable || unsure.has(id),
      })
    : { documents: first, diagnostics: [] }
  diagnostics.push(...laid.diagnostics)

  const parts: SoundPart[] = []
  const valid = laid.documents.filter((document) => {
    const faults = validateDocument(document.kind, document.root)
    diagnostics.push(...faults)
    if (faults.length === 0) return true
    const sound = document.kind === 'Fleet' ? undefined : soundPartOf(document)
    if (sound && isResource(document.id)) parts.push(sound)
    diagnostics.push(...literalFaults(document, input.mask))
    return false
  })
  const fleet = readFleet(
    valid.find(({ kind }) => kind === 'Fleet'),
    {
      environment: environment?.name,
      env: input.env,
      allow: input.allow,
      kinds: [...reconcilers.keys()],
    },
  )
  const roots = rootsOf(input.root, fleet.settings.allowedPaths)
  const all = valid
    .filter(({ kind }) => kind !== 'Fleet')
    .map(draft)
    .sort((a, b) => (a.resource.id < b.resource.id ? -1 : 1))
  const drafts = all.filter(({ resource }) => isResource(resource.id))
  const policyDrafts = all.filter(({ resource }) => resource.kind === 'Policy')
  const alerting = all.filter(({ resource }) => !isResource(resource.id) && resource.kind !== 'Policy')
  const readable = files.filter(isFaulty).flatMap((file) => file.readableIds)
  const surroundings = { reconcilers, isWhole, broken: new Set([...input.broken, ...readable]) }
  const declaredIds = new Set(idsOf(laid.documents))
  const resourceIds = new Set([...declaredIds].filter(isResource))
  for (const document of laid.documents)
    diagnostics.push(...checkTargets(document, resourceIds, surroundings))
  await judge(drafts, roots, input)
  diagnostics.push(...(await judgeParts(parts, roots, input)))
  const settings = [...alerting, ...policyDrafts]
  for (const { document, faults } of settings) judgeSecrets(document, { roots, faults, mask: input.mask })
  checkAlerting(alerting, {
    declared: declaredIds,
    broken: surroundings.broken,
    isWhole,
    kinds: [...reconcilers.keys()],
    hosts: input.allow.hosts,
  })
  const policies = await readPolicies(policyDrafts, {
    kinds: [...reconcilers.keys()],
    environments: input.environments,
  })
  judgeResources(drafts, policies, {
    fleet: fleet.settings.name,
    environment: environment?.name,
    root: input.root,
    now: input.now,
  })
  if (fleet.document && fleet.faults)
    judgeSecrets(fleet.document, { roots, faults: fleet.faults, mask: input.mask })
  diagnostics.push(...(fleet.faults?.diagnostics ?? []), ...all.flatMap(({ faults }) => faults.diagnostics))
  const declared = new Map(laid.documents.map((document) => [document.id, document.files]))
  return { drafts, alerting, policies, policyDrafts, fleet, diagnostics, declared }
}

async function judge(drafts: readonly Draft[], roots: Roots, input: ComposeInput): Promise<void> {
  await Promise.all(drafts.map((each) => judgeOne(each, roots, input)))
  checkExternalNames(drafts, input.reconcilers)
  checkCircles(drafts)
}

/** `missing`: fields that are there and were taken out, so that nothing may be concluded from their absence. */
async function judgeOne(
  each: Draft,
  roots: Roots,
  input: ComposeInput,
  missing: SoundPart['missing'] = [],
): Promise<void> {
  const fields = new Set(missing.map(([, field]) => field))
  if (!fields.has('recovery') && !fields.has('fallbackAfter')) checkControls(each, input.now)
  checkWindows(each.resource.controls.windows, input.now, each.faults)
  judgeSecrets(each.document, { roots, faults: each.faults, mask: input.mask })
  if (!checkContainedPaths(each.document, roots, each.faults)) return
  const report: Report = (fault) => {
    const grounds = [fault.path, ...(fault.restsOn ?? [])].map((path) => parsePointer(path)[1])
    if (!grounds.some((field) => fields.has(field))) each.faults.report(fault)
  }
  await input.reconcilers.get(each.resource.kind)?.validate(each.resource, report, boundsOf(roots))
}

/** What else is wrong with documents that their schemas refuse, as far as it does not follow from that. */
async function judgeParts(
  parts: readonly SoundPart[],
  roots: Roots,
  input: ComposeInput,
): Promise<readonly Diagnostic[]> {
  const told = parts.map(async ({ document, missing }) => {
    const part = draft(document)
    await judgeOne(part, roots, input, missing)
    return part.faults.diagnostics
  })
  return (await Promise.all(told)).flat()
}

function literalFaults(document: Layered, mask: SecretMask | undefined): readonly Diagnostic[] {
  const faults = new Faults(document.root)
  checkLiterals(document, faults, mask)
  return faults.diagnostics
}

function judgeSecrets(
  document: Layered,
  {
    roots,
    faults,
    mask,
  }: { readonly roots: Roots; readonly faults: Faults; readonly mask: SecretMask | undefined },
): void {
  checkLiterals(document, faults, mask)
  checkReferenceFiles(document, roots, faults)
}

function isFaulty(file: ManifestFile): boolean {
  return file.diagnostics.some(isError)
}

function idsOf(documents: readonly Layered[]): readonly ResourceId[] {
  return documents.filter(({ kind }) => kind !== 'Fleet').map(({ id }) => id)
}
