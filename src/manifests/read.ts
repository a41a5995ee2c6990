import type { Alerting } from '../core/alert.ts'
import type { Declaration } from '../core/declaration.ts'
import { brokenPaths, type Diagnostic, isError, type Position } from '../core/diagnostic.ts'
import type { AnyReconciler } from '../core/reconciler.ts'
import type { Resource, ResourceId } from '../core/resource.ts'
import type { SecretMask } from '../core/secret-mask.ts'
import { readAlerting, settingKinds } from './alerting.ts'
import { readBeside } from './beside.ts'
import { type ComposeInput, type Composition, compose } from './compose.ts'
import { distinct } from './fault.ts'
import { type Allowances, resolveAllowances, withTokens } from './fleet.ts'
import { rootsOf } from './fleet-root.ts'
import { readTokens } from './fleet-tokens.ts'
import { type Location, locate, nothingDeclared, unknownEnvironment } from './location.ts'
import { type ManifestFile, readManifestFiles } from './manifest-file.ts'
import type { ParsedFiles } from './parsed-files.ts'
import { makeJudge } from './policies/judge.ts'
import type { CommandRunner } from './secret-command.ts'
import { SecretResolver } from './secrets.ts'
import { positionAt } from './source-file.ts'
import { type Effective, isBroken, standIn } from './stand-in.ts'
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
  const files = [...base, ...patches]
  if (isNothingDeclared(files, diagnostics)) diagnostics.push(nothingDeclared(location))
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
    isComplete: !diagnostics.some(isError) && emptied.length === 0,
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

/** Whether there is no document, and no error that says why. */
export function isNothingDeclared(
  files: readonly ManifestFile[],
  diagnostics: readonly Diagnostic[],
): boolean {
  return files.every((file) => file.documents.length === 0) && !diagnostics.some(isError)
}

/** Whether a file holds no document, and no fault that says why. */
function isEmpty(file: ManifestFile): boolean {
  return file.documents.length === 0 && !file.diagnostics.some(isError)
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
