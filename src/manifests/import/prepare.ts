import { dirname, join } from 'node:path'
import type { Diagnostic } from '../../core/diagnostic.ts'
import { type ImportedResource, type ImportNotice, incomplete } from '../../core/import.ts'
import type { ResourceId } from '../../core/resource.ts'
import { type ComposeInput, compose } from '../compose.ts'
import { findManifests, isFolder } from '../files.ts'
import { findFleetRoot } from '../fleet-root.ts'
import { type ManifestFile, parseManifestFile, readManifestFiles } from '../manifest-file.ts'
import { nameFiles } from './file-names.ts'
import { manifestText } from './manifest-text.ts'
import { takenNames } from './outside-names.ts'
import { realPathOf, relativePaths } from './relative-paths.ts'
import { type SecretLiteral, withoutSecrets } from './secret-literals.ts'
import { secretVariables } from './secret-variables.ts'

/** A manifest file that is ready to be written. */
export interface PreparedFile {
  readonly id: ResourceId
  readonly environment: string | undefined
  readonly from: ImportedResource['from']
  /** Absolute. */
  readonly path: string
  readonly text: string
}

export interface Prepared {
  readonly files: readonly PreparedFile[]
  readonly warnings: readonly ImportNotice[]
  readonly errors: readonly ImportNotice[]
}

export interface PrepareOptions extends Pick<ComposeInput, 'reconcilers' | 'env' | 'allow' | 'now'> {
  /** Where the files will lie, absolute; it need not exist. */
  readonly folder: string
  readonly schemasFolder: string
  /** Whether `init --editor` puts schemas beside the manifests; default: whether they are there. */
  readonly hasSchemas?: boolean
}

/**
 * Makes files of what was imported: without secrets, with paths relative to the file, and judged together with the
 * manifests that are there as `check` judges them. What would not pass is an error and is left out.
 */
export async function prepareFiles(
  resources: readonly ImportedResource[],
  options: PrepareOptions,
): Promise<Prepared> {
  const root = findFleetRoot(realPathOf(options.folder))
  const names = await nameFiles(resources, options.folder)
  const based = new Set(resources.filter(({ environment }) => environment === undefined).map(({ id }) => id))
  const warnings: ImportNotice[] = []
  const variableOf = secretVariables(resources)
  const files = resources.map((resource, index): PreparedFile => {
    const { id, environment, from } = resource
    const path = names[index] ?? join(options.folder, 'manifest.yaml')
    const { manifest: clean, found } = withoutSecrets(resource.manifest, (name) => variableOf(id, name))
    const manifest = resource.mayStart === true ? suspendedWithout(clean, found) : clean
    for (const secret of found) warnings.push(secretWarning(id, secret, resource))
    // Paths in an overlay are relative to the file that it is laid over.
    const home = environment !== undefined && based.has(id) ? options.folder : dirname(path)
    const relativised = relativePaths(manifest, { folder: home, root })
    return {
      id,
      environment,
      from,
      path,
      text: manifestText(relativised, {
        ...options,
        path,
        root,
        isPatch: environment !== undefined,
      }),
    }
  })
  const judged = await judge(files, root, options)
  return { ...judged, warnings: [...warnings, ...judged.warnings] }
}

/** What lost a field of its spec, so that something else would run, is suspended. */
function suspendedWithout(
  manifest: Readonly<Record<string, unknown>>,
  found: readonly SecretLiteral[],
): Readonly<Record<string, unknown>> {
  const lost = found.flatMap(({ path, fromEnv }) =>
    fromEnv === undefined && path.startsWith('spec.') ? [path.slice('spec.'.length)] : [],
  )
  const spec = manifest.spec as Readonly<Record<string, unknown>>
  return lost.length === 0 || spec.suspend !== undefined
    ? manifest
    : { ...manifest, spec: { ...spec, suspend: { reason: incomplete(lost) } } }
}

function secretWarning(
  id: ResourceId,
  { path, fromEnv }: ReturnType<typeof withoutSecrets>['found'][number],
  { from, environment, mayStart }: ImportedResource,
): ImportNotice {
  const place = environment === undefined ? id : `${id} (${environment})`
  return {
    ...from,
    code: fromEnv === undefined ? 'import-secret-left-out' : 'import-secret-referenced',
    message:
      fromEnv === undefined
        ? `${place}: \`${path}\` holds what looks like a secret and was left out: ${mayStart === true ? 'the manifest is suspended until it is complete' : 'it is not managed'}`
        : `${place}: \`${path}\` holds what looks like a secret; the manifest refers to the variable ${fromEnv}, which must be set where reconcile runs`,
  }
}

/** Files with an error are taken out, and the rest judged anew: what was laid over one of them fails then, too. */
async function judge(
  files: readonly PreparedFile[],
  root: string,
  options: PrepareOptions,
): Promise<Prepared> {
  const kinds = [...options.reconcilers.keys(), 'Fleet']
  const there = await manifestsThere(options.folder, root)
  const errors: ImportNotice[] = []
  for (let left = files; ; ) {
    const faults = await faultsOf(left, { kinds, there, root, options })
    const broken = new Map<string, Diagnostic>()
    for (const fault of faults) {
      if (fault.severity === 'error' && !broken.has(fault.position.file))
        broken.set(fault.position.file, fault)
    }
    if (broken.size === 0) {
      const warnings = faults.flatMap((fault) => noticesOf(fault, left))
      return { files: left, warnings, errors }
    }
    for (const fault of broken.values()) errors.push(...noticesOf(fault, left))
    left = left.filter(({ path }) => !broken.has(path))
  }
}

function noticesOf(
  { code, message, position }: Diagnostic,
  files: readonly PreparedFile[],
): readonly ImportNotice[] {
  return files
    .filter(({ path }) => path === position.file)
    .map(({ from, id }) => ({
      ...from,
      code,
      message: message.startsWith(id) ? message : `${id}: ${message}`,
    }))
}

interface There {
  readonly base: readonly string[]
  readonly environments: ReadonlyMap<string, readonly string[]>
}

async function manifestsThere(folder: string, root: string): Promise<There> {
  if (!isFolder(folder)) return { base: [], environments: new Map() }
  return findManifests(folder, [root])
}

async function faultsOf(
  files: readonly PreparedFile[],
  {
    kinds,
    there,
    root,
    options,
  }: {
    readonly kinds: readonly string[]
    readonly there: There
    readonly root: string
    readonly options: PrepareOptions
  },
): Promise<readonly Diagnostic[]> {
  const ours = new Set(files.map(({ path }) => path))
  const kept = (paths: readonly string[]) =>
    readManifestFiles(
      paths.filter((path) => !ours.has(path)),
      kinds,
    )
  const made = (environment: string | undefined): Promise<readonly ManifestFile[]> =>
    Promise.all(
      files
        .filter((file) => file.environment === environment)
        .map(({ path, text }) => parseManifestFile(path, text, kinds)),
    )
  const base = [...(await kept(there.base)), ...(await made(undefined))]
  const environments = new Set(files.flatMap(({ environment }) => environment ?? []))
  const faults = new Map<string, Diagnostic>()
  for (const name of [undefined, ...environments]) {
    const overlays =
      name === undefined ? [] : [...(await kept(there.environments.get(name) ?? [])), ...(await made(name))]
    const { diagnostics, drafts } = await compose({
      base,
      environment: name === undefined ? undefined : { name, files: overlays },
      environments: [...there.environments.keys(), ...environments],
      isWhole: true,
      reconcilers: options.reconcilers,
      root,
      env: options.env,
      allow: options.allow,
      now: options.now,
      broken: new Set(),
    })
    const judged = diagnostics.filter(({ code }) => code !== 'duplicate-name')
    for (const fault of [...judged, ...takenNames(drafts, ours, options.reconcilers)]) {
      if (ours.has(fault.position.file))
        faults.set(JSON.stringify([fault.position, fault.code, fault.message]), fault)
    }
  }
  return [...faults.values()]
}
