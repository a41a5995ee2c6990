import { dirname, sep } from 'node:path'
import type { Alerting } from '../core/alert.ts'
import type { Declaration } from '../core/declaration.ts'
import type { Diagnostic, Position } from '../core/diagnostic.ts'
import type { AnyReconciler } from '../core/reconciler.ts'
import type { Resource, ResourceId } from '../core/resource.ts'
import { type Reference, Secret } from '../core/secret.ts'
import type { SecretMask } from '../core/secret-mask.ts'
import { tokenVariables } from '../core/token-variables.ts'
import { isResource, readAlerting, settingKinds } from './alerting.ts'
import { parseBeside, readBeside } from './beside.ts'
import { type ComposeInput, type Composition, compose } from './compose.ts'
import { compareDiagnostics } from './fault.ts'
import { environmentOf } from './files.ts'
import { type Allowances, type FleetDraft, resolveAllowances, withTokens } from './fleet.ts'
import { rootsOf } from './fleet-root.ts'
import { type Location, locate, nothingDeclared, unknownEnvironment } from './location.ts'
import { type ManifestFile, parseManifestFile, readManifestFiles } from './manifest-file.ts'
import type { ParsedFiles } from './parsed-files.ts'
import { type PoliciesInForce, policiesInForce } from './policies/in-force.ts'
import { makeJudge } from './policies/judge.ts'
import type { CommandRunner } from './secret-command.ts'
import { describeReference, digestSecret, SecretResolver } from './secrets.ts'
import { positionAt } from './source-file.ts'
import { placeAt, spanOf } from './tree.ts'

/** What every file said when it was last valid; a store keeps it. */
export interface LastGoodTexts {
  /** Text by absolute path. */
  load(): Promise<ReadonlyMap<string, string>>
}

export interface ReadOptions {
  /** What `-f` named; empty: the folder `manifests`. */
  readonly paths: readonly string[]
  readonly cwd: string
  /** Undefined: the base alone. */
  readonly environment: string | undefined
  /** By kind. A kind without one does not exist. */
  readonly reconcilers: ReadonlyMap<string, AnyReconciler>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly allow: Allowances
  /** Runs what `fromCommand` names; undefined: nothing may run, as in a dry run. */
  readonly runCommand: CommandRunner | undefined
  /** Is told of every secret that is read, and of the names that stay readable. Absent: nobody prints any. */
  readonly mask?: SecretMask
  /** Keys the digests of secrets; empty: none is made. */
  readonly secretKey: string
  /** Epoch milliseconds. */
  readonly now: number
  /** Absent: a broken file's resources are missing. */
  readonly lastGood?: LastGoodTexts
  /** What was parsed in the reading before, for who reads again and again; absent: everything is parsed. */
  readonly parsed?: ParsedFiles<ManifestFile>
}

export interface Manifests extends Declaration {
  /** Who is told of what. */
  readonly alerting: Alerting
  /** Policies, receivers and alerts as they were declared, references read: what holds for the fleet and is no resource. */
  readonly settings: readonly Resource[]
  /** What every file said when it was last valid, by absolute path: to be kept for the next reading. */
  readonly texts: ReadonlyMap<string, string>
  /** Names of the variables that are referred to, by whatever kind, whether they are set or not. */
  readonly variables: ReadonlySet<string>
  /** Where a field of a resource was written, in the base or in an overlay; else where what is above it begins. */
  readonly placeOf: (id: ResourceId, path: readonly string[]) => Position | undefined
}

/** Reads all manifests, says everything that is wrong with them, and stands in for broken files. */
export async function readManifests(options: ReadOptions): Promise<Manifests> {
  const { mask, paths, cwd, environment } = options
  const read = () => readAll(options)
  // The mask knows all secrets of the newest reading, however many they are.
  return mask ? mask.holdAllOf(`manifests ${JSON.stringify([cwd, paths, environment])}`, read) : read()
}

async function readAll(options: ReadOptions): Promise<Manifests> {
  const location = await locate(options.paths, options.cwd)
  const kinds = [...options.reconcilers.keys(), ...settingKinds]
  const { environment } = options
  const environmentPaths = environment === undefined ? [] : location.environments.get(environment)
  const named = await readManifestFiles(location.base, kinds, options.parsed)
  const ruling = await readBeside(location.beside, kinds)
  const base = [...named, ...ruling]
  const patches = await readManifestFiles(environmentPaths ?? [], kinds, options.parsed)
  options.parsed?.keep([...named, ...patches])
  const diagnostics = [...location.diagnostics]
  if (environment !== undefined && environmentPaths === undefined) {
    diagnostics.push(unknownEnvironment(location, environment))
  }
  const input = composeInput(options, location, base, patches)
  const current = await compose(input)
  diagnostics.push(...current.diagnostics)
  if (isNothingDeclared([...base, ...patches], diagnostics)) diagnostics.push(nothingDeclared(location))
  const files = [...base, ...patches]
  const broken = new Set(brokenPaths(diagnostics))
  const empty = files.filter(isEmpty).map(({ path }) => path)
  const lastGood: ReadonlyMap<string, string> =
    broken.size + empty.length > 0 && options.lastGood ? await options.lastGood.load() : new Map()
  // A file that lost its content was perhaps caught in the middle of a save; only removing it says that it should go.
  const emptied = empty.filter((path) => lastGood.has(path))
  for (const path of emptied) broken.add(path)
  const beside = new Set(location.beside)
  const unread = location.diagnostics
    .filter(({ code }) => code === 'file-unreadable')
    .map(({ position }) => position.file)
  const effective: Effective =
    broken.size > 0
      ? await standIn(input, current, { broken, lastGood, kinds, beside, unread, folders: location.folders })
      : { ...current, brokenPolicies: [], missing: [] }

  const isSettled = diagnostics.every(({ code }) => code !== 'unknown-environment')
  const resolver = new SecretResolver({
    ...options,
    roots: rootsOf(location.root, effective.fleet.settings.allowedPaths),
  })
  const resources = isSettled
    ? await Promise.all(effective.drafts.map(({ resource }) => resolver.resolve(resource)))
    : []
  options.mask?.leave(effective.fleet.settings.name)
  const settings = isSettled
    ? await Promise.all(settingsOf(effective).map(({ resource }) => resolver.resolve(resource)))
    : []
  leaveNames(options, [...resources, ...settings])
  const fleet = withTokens(effective.fleet.settings, await readTokens(effective.fleet, resolver, options))
  const judge = makeJudge({
    fleet: fleet.name,
    environment,
    root: location.root,
    policies: effective.policies,
    broken: effective.brokenPolicies,
    drafts: effective.drafts,
  })
  const alerting = await readAlerting(isSettled ? effective.alerting : [], resolver)
  return Object.freeze({
    fleet,
    // All secrets are known by now, and may stand in clear elsewhere.
    resources: resources.map((resource) => resolver.veil(resource)),
    alerting,
    settings,
    diagnostics: distinct(diagnostics.map((fault) => sayWhatStays(fault, emptied))),
    missing: effective.missing,
    isComplete: !hasError(diagnostics) && emptied.length === 0,
    isWhole: location.isWhole,
    folder: location.folder,
    judge,
    texts: textsToKeep([...named, ...ruling.filter(({ isSound }) => isSound), ...patches], broken, lastGood),
    variables: resolver.variables,
    placeOf: placesOf(effective.drafts),
  })
}

/** In the order in which they matter: a policy that goes lets others go. */
function settingsOf({ policyDrafts, alerting }: Effective): Effective['drafts'] {
  const receivers = alerting.filter(({ resource }) => resource.kind === 'Receiver')
  return [...policyDrafts, ...receivers, ...alerting.filter((draft) => !receivers.includes(draft))]
}

/** Ids and outside names are what people and programs find things by. */
function leaveNames({ mask, reconcilers, environment }: ReadOptions, resources: readonly Resource[]): void {
  if (environment !== undefined) mask?.leave(environment)
  for (const resource of mask ? resources : []) {
    mask?.leave(resource.id)
    mask?.leave(reconcilers.get(resource.kind)?.externalName(resource) ?? '')
  }
}

function placesOf(drafts: Composition['drafts']): Manifests['placeOf'] {
  const roots = new Map(drafts.map(({ resource, document }) => [resource.id, document.root]))
  return (id, path) => {
    const root = roots.get(id)
    if (!root) return undefined
    const { file, start } = spanOf(placeAt(root, path))
    return positionAt(file, start)
  }
}

function composeInput(
  options: ReadOptions,
  location: Location,
  base: readonly ManifestFile[],
  patches: readonly ManifestFile[],
): ComposeInput {
  const { environment, reconcilers, env, now, mask } = options
  return {
    base,
    environment: environment === undefined ? undefined : { name: environment, files: patches },
    environments: [...location.environments.keys()],
    isWhole: location.isWhole,
    reconcilers,
    root: location.root,
    env,
    allow: resolveAllowances(options.allow, options.cwd),
    now,
    mask,
    broken: new Set(),
  }
}

/** Of a file that lost its content: that what it declared goes on, and how to end that. */
function sayWhatStays(fault: Diagnostic, emptied: readonly string[]): Diagnostic {
  if (fault.code !== 'empty-file' || !emptied.includes(fault.position.file)) return fault
  return {
    ...fault,
    message: 'The file holds no document any more; what it declared before stays',
    hint: 'Remove the file to let go of its resources.',
  }
}

/** Files, and folders that could not be read, that have an error. */
function brokenPaths(diagnostics: readonly Diagnostic[]): ReadonlySet<string> {
  return new Set(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ position }) => position.file),
  )
}

interface Damage {
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

type Effective = Pick<Composition, 'drafts' | 'alerting' | 'policyDrafts' | 'fleet'> & {
  readonly policies: PoliciesInForce['policies']
  readonly brokenPolicies: PoliciesInForce['broken']
  readonly missing: readonly ResourceId[]
}

/**
 * What holds while files are broken: their last good texts stand in for them, whole files at a time, so that
 * nothing of a file takes effect before all of it is right. What has no last good text is missing.
 */
async function standIn(input: ComposeInput, current: Composition, damage: Damage): Promise<Effective> {
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
      .filter(({ faults }) => hasError(faults.diagnostics))
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

function isBroken(path: string, broken: ReadonlySet<string>): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (broken.has(at)) return true
    if (dirname(at) === at) return false
  }
}

/** Whether there is no document, and no error that says why. */
export function isNothingDeclared(
  files: readonly ManifestFile[],
  diagnostics: readonly Diagnostic[],
): boolean {
  return files.every((file) => file.documents.length === 0) && !hasError(diagnostics)
}

/** Whether a file holds no document, and no fault that says why. */
function isEmpty(file: ManifestFile): boolean {
  return file.documents.length === 0 && !hasError(file.diagnostics)
}

function hasError(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error')
}

function textsToKeep(
  files: readonly ManifestFile[],
  broken: ReadonlySet<string>,
  lastGood: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const texts = new Map([...lastGood].filter(([path]) => isBroken(path, broken)))
  for (const file of files) {
    if (file.text !== undefined && !isEmpty(file) && !isBroken(file.path, broken))
      texts.set(file.path, file.text)
  }
  return texts
}

async function readTokens(fleet: FleetDraft, resolver: SecretResolver, options: ReadOptions) {
  const folder = fleet.document ? dirname(fleet.document.file.path) : options.cwd
  const readDeclared = async (reference: Reference | undefined): Promise<Secret | undefined> => {
    if (!reference) return undefined
    const resolution = await resolver.read(reference, folder)
    // One that could not be read is another thing than none: it names where to look.
    return resolution.type === 'value' ? resolution.secret : Secret.unread(describeReference(reference))
  }
  const read = async (vendor: 'github' | 'netlify'): Promise<Secret | undefined> => {
    const reference = fleet.spec[vendor]?.token
    if (reference) return readDeclared(reference)
    const variable = tokenVariables[vendor].find((name) => options.env[name])
    const value = variable === undefined ? undefined : options.env[variable]
    if (variable === undefined || value === undefined) return undefined
    options.mask?.add(value)
    return Secret.read(`fromEnv ${variable}`, value, digestSecret(options.secretKey, value))
  }
  const app = fleet.spec.github?.app
  const key = app && (await resolver.read(app.privateKey, folder))
  return {
    // Where an App is named a token of the environment is not meant.
    github: app ? undefined : await read('github'),
    githubApp: app && {
      id: app.id,
      installation: app.installation,
      privateKey: key?.type === 'value' ? key.secret : Secret.unread(key?.message ?? 'its reference'),
    },
    netlify: await read('netlify'),
    git: {
      token: await readDeclared(fleet.spec.git?.token),
      hookSecret: await readDeclared(fleet.spec.git?.webhook?.secret),
    },
  }
}

/** In reading order, each once: an environment repeats what is wrong with the base. */
export function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>()
  for (const diagnostic of diagnostics) {
    const { code, message, position } = diagnostic
    const key = JSON.stringify([code, message, position])
    if (!seen.has(key)) seen.set(key, diagnostic)
  }
  return Object.freeze([...seen.values()].sort(compareDiagnostics))
}
