import { basename, dirname, extname, join } from 'node:path'
import { userPath } from '../../../clients/npm/environment.ts'
import type { Imported, ImportedResource, Importer, ImportNotice } from '../../../core/import.ts'
import { resourceId } from '../../../core/resource.ts'
import { linesOfScripts } from '../package-json/json-members.ts'
import { type PackageFile, parsePackage, splitMark } from '../package-json/package-file.ts'
import { FileFacts } from '../resolve/file-facts.ts'
import { levelOf, type ScriptFinding } from '../resolve/finding.ts'
import { resolvePackage } from '../resolve/resolve-package.ts'
import { reachableFrom } from '../resolve/run-graph.ts'
import { findUses, type ScriptUses } from './script-uses.ts'

/** Scripts by which people and hosts start, build and judge a package. */
const usualNames: ReadonlySet<string> = new Set([
  'build',
  'start',
  'test',
  'deploy',
  'preinstall',
  'install',
  'postinstall',
  'prepublish',
  'prepublishOnly',
  'prepare',
  'prepack',
  'postpack',
])

/** What a way out of a script is usually called, after its name. */
const wayOut = /^(.+):(?:safe|fallback|backup)$/

/**
 * `reconcile import npm`: a ScriptSet for each package.json. Required is what npm, hosts, workflows and processes run by
 * name. What is found in the scripts is told. Runs none of them.
 */
export const importNpm: Importer = async ({ inputs, manifests, env }) => {
  const facts = new FileFacts()
  const searchPath = userPath(env).split(':')
  const imports = await Promise.all(
    inputs.map((input) => importPackage(input, { manifests, facts, searchPath })),
  )
  return withoutTwins(imports)
}

type Part = Pick<Imported, 'resources' | 'warnings' | 'errors'>

async function importPackage(
  input: string,
  world: {
    readonly manifests: readonly string[]
    readonly facts: FileFacts
    readonly searchPath: readonly string[]
  },
): Promise<Part> {
  const { facts, searchPath, manifests } = world
  const path = extname(input) === '.json' ? input : join(input, 'package.json')
  const read = await facts.read(path)
  const reading = parsePackage(read)
  if (reading.type !== 'package' || read.type !== 'text') {
    const why = reading.type === 'unreadable' ? reading.message : 'it does not exist'
    const message = `Cannot import the scripts of ${path}: ${why}`
    return {
      resources: [],
      warnings: [],
      errors: [{ file: path, line: undefined, code: 'import-npm-unreadable', message }],
    }
  }
  const folder = dirname(path)
  const { file } = reading
  const [, body] = splitMark(read.text)
  const { findings, graph } = await resolvePackage({ folder, file, facts, searchPath })
  const uses = await findUses({ folder, file }, manifests, facts)
  const required = requiredOf(file, uses)
  const errors = findings.filter((finding) => levelOf(finding) === 'error')
  const reached = reachableFrom(required, graph)
  const resource = resourceOf({ path, folder, file, required, isSound: errors.length === 0 })
  const lines = linesOfScripts(body)
  const warnings = findings.map((finding) => ({
    file: path,
    line: lines.get(finding.script),
    ...noticeOf(finding, { isRequired: reached.has(finding.script), by: uses.get(finding.script) }),
  }))
  return { resources: [resource], warnings, errors: [] }
}

function requiredOf(file: PackageFile, uses: ScriptUses): readonly string[] {
  return [...file.scripts.keys()].filter((name) => usualNames.has(name) || uses.has(name))
}

function resourceOf(found: {
  readonly path: string
  readonly folder: string
  readonly file: PackageFile
  readonly required: readonly string[]
  readonly isSound: boolean
}): ImportedResource {
  const { path, folder, file, required, isSound } = found
  const name = resourceName(file.name ?? basename(folder))
  const fallbacks = fallbacksOf(file)
  return {
    id: resourceId('ScriptSet', name),
    environment: undefined,
    from: { file: path, line: undefined },
    manifest: {
      apiVersion: 'reconcile.dev/v1',
      kind: 'ScriptSet',
      metadata: { name },
      spec: {
        package: path,
        ...(required.length > 0 && { required }),
        // Where others do not resolve today, what is required is a start that can be kept green.
        resolve: isSound ? 'all' : 'required',
        ...(Object.keys(fallbacks).length > 0 && { fallbacks }),
      },
    },
  }
}

/** A script whose name says that it takes the place of another one. */
function fallbacksOf(file: PackageFile): Readonly<Record<string, readonly string[]>> {
  const found = new Map<string, string[]>()
  for (const name of file.scripts.keys()) {
    const primary = wayOut.exec(name)?.[1]
    if (primary !== undefined && file.scripts.has(primary))
      found.set(primary, [...(found.get(primary) ?? []), name])
  }
  return Object.fromEntries(found)
}

function noticeOf(
  finding: ScriptFinding,
  script: { readonly isRequired: boolean; readonly by: string | undefined },
): Pick<ImportNotice, 'code' | 'message'> {
  const level = levelOf(finding)
  const use = script.by === undefined ? '' : `, run by ${script.by}`
  const weight = level === 'error' && script.isRequired ? `, which lowers health${use}` : use
  const message = `${finding.script}: ${finding.message}${weight}`
  switch (level) {
    case 'error':
      return { code: 'import-npm-unresolved', message }
    case 'warning':
      return { code: 'import-npm-doubtful', message }
    case 'note':
      return { code: 'import-npm-noted', message }
  }
}

/** `@acme/Site` -> `acme-site`. */
function resourceName(name: string): string {
  const plain = name.toLowerCase().slice(0, 200)
  return (
    plain
      .replace(/[^a-z0-9.]+/g, '-')
      .replace(/^[-.]+|[-.]+$/g, '')
      .replace(/-*\.[-.]*/g, '.') || 'package'
  )
}

/** Of several packages of one name the first is written, and the person decides. */
function withoutTwins(parts: readonly Part[]): Imported {
  const byId = Map.groupBy(
    parts.flatMap(({ resources }) => resources),
    ({ id }) => id,
  )
  const groups = [...byId.values()]
  return {
    resources: groups.flatMap((group) => group.slice(0, 1)),
    conflicts: groups
      .filter((group) => group.length > 1)
      .map((group) => ({
        name: String(group[0]?.id),
        places: group.map(({ from }) => from),
        differs: ['package'],
      })),
    warnings: parts.flatMap(({ warnings }) => warnings),
    errors: parts.flatMap(({ errors }) => errors),
  }
}
