import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join, relative, resolve } from 'node:path'
import type { Bundle, BundleFailure, BundleJob, BundleRequest } from './bundle.ts'
import { loadPrecinctWhenAsked } from './lazy-precinct.ts'
import { namesInZip } from './zip-names.ts'

// The child process that bundles: its working directory is the project's root, because paths relative to it end up in
// the code. It reads one job from standard input and answers one line a function.

/** Mode bits of a plain file that its owner may write. */
const plainFile = 0o100644

/** How many are bundled at once. */
const parallel = 4

/**
 * Zips hold the modes of files, so that a clone under another umask would have other digests. What is bundled is read
 * as if every file had the same.
 */
function readEveryModeAlike(): void {
  const alike = <T extends fs.Stats | fs.BigIntStats | undefined>(stats: T): T => {
    if (stats?.isFile() && typeof stats.mode === 'number') stats.mode = plainFile
    return stats
  }
  const { promises } = fs
  const { lstat, stat } = promises
  const { lstatSync, statSync } = fs
  Object.assign(promises, {
    lstat: async (...args: Parameters<typeof lstat>) => alike(await lstat(...args)),
    stat: async (...args: Parameters<typeof stat>) => alike(await stat(...args)),
  })
  Object.assign(fs, {
    lstatSync: Object.assign((...args: Parameters<typeof lstatSync>) => alike(lstatSync(...args)), lstatSync),
    statSync: Object.assign((...args: Parameters<typeof statSync>) => alike(statSync(...args)), statSync),
  })
  syncBuiltinESMExports()
}

type Zisi = typeof import('@netlify/zip-it-and-ship-it')

async function bundleOne(
  zisi: Zisi,
  job: BundleJob,
  request: BundleRequest,
): Promise<Bundle | BundleFailure> {
  const work = await fs.promises.mkdtemp(join(job.folder, 'work-'))
  try {
    const result = await zisi.zipFunction(request.path, work, {
      archiveFormat: 'zip',
      basePath: job.root,
      config: job.config as NonNullable<Parameters<Zisi['zipFunction']>[2]>['config'] & object,
    })
    if (!result) throw new Error('The bundler takes it for no function')
    const zip = await fs.promises.readFile(result.path)
    const digest = createHash('sha256').update(zip).digest('hex')
    await fs.promises.rename(result.path, join(job.folder, `${digest}.zip`))
    const from = (path: string) => relative(job.root, resolve(job.root, path))
    const { includedFiles: globs = [], includedFilesBasePath: base = job.root } = result.config
    const inputs = [...(result.inputs ?? [result.mainFile]), ...(result.includedFiles ?? [])].map(from)
    // Packages that are left outside of the bundle are packed, and nowhere told of.
    if (result.bundler === 'esbuild') inputs.push(...namesInZip(zip).filter((name) => isFile(job.root, name)))
    return {
      name: request.name,
      digest,
      size: zip.byteLength,
      inputs: [...new Set(inputs)].sort(),
      included: { globs, base: from(base) },
      runtime: result.runtimeVersion ?? result.runtime,
      invocationMode: result.invocationMode,
      timeout: result.timeout,
      schedule: result.schedule,
      config: configOf(result),
    }
  } catch (error) {
    return { name: request.name, ...faultIn(error, job, request) }
  } finally {
    await fs.promises.rm(work, { recursive: true, force: true })
  }
}

function isFile(root: string, path: string): boolean {
  return fs.statSync(join(root, path), { throwIfNoEntry: false })?.isFile() ?? false
}

type Zipped = NonNullable<Awaited<ReturnType<Zisi['zipFunction']>>>

/** What Netlify's command line tool says of a function in `functions_config`. */
function configOf(result: Zipped): Readonly<Record<string, unknown>> | undefined {
  const {
    displayName,
    generator,
    routes,
    excludedRoutes,
    buildData,
    priority,
    trafficRules,
    region,
    memory,
    vcpu,
  } = result
  const isNothing = [
    displayName,
    generator,
    routes,
    buildData,
    priority,
    trafficRules,
    region,
    memory,
    vcpu,
  ].every((setting) => setting === undefined)
  if (isNothing) return undefined
  return {
    ...(displayName !== undefined && { display_name: displayName }),
    ...(generator !== undefined && { generator }),
    ...(routes && {
      routes: routes.map(({ prefer_static, ...route }: Readonly<Record<string, unknown>>) => ({
        ...route,
        ...(prefer_static !== undefined && { prefer_static }),
      })),
    }),
    ...(excludedRoutes && { excluded_routes: excludedRoutes }),
    ...(buildData && { build_data: buildData }),
    ...(priority !== undefined && { priority }),
    ...(trafficRules && { traffic_rules: trafficRulesOf(trafficRules) }),
    ...(region !== undefined && { region }),
    ...(memory !== undefined && { memory }),
    ...(vcpu !== undefined && { vcpu }),
  }
}

/** The bundler and Netlify have different words for it. */
function trafficRulesOf({ action }: NonNullable<Zipped['trafficRules']>): Readonly<Record<string, unknown>> {
  const { rateLimitConfig, aggregate, to } = action.config
  const { algorithm, windowSize, windowLimit } = rateLimitConfig
  const limit = { algorithm, window_size: windowSize, window_limit: windowLimit }
  const config = { rate_limit_config: limit, aggregate, ...(to !== undefined && { to }) }
  return { action: { type: action.type, config } }
}

/** The first fault that a bundler found; esbuild tells the place of each, others name a file in a sentence. */
function faultIn(error: unknown, job: BundleJob, request: BundleRequest): Omit<BundleFailure, 'name'> {
  const from = (path: string) => relative(job.root, resolve(job.root, path))
  const found = (error as { readonly errors?: readonly BuildFault[] }).errors
  const [first, ...more] = Array.isArray(found) ? found : []
  if (first) {
    const { file, line, column } = first.location ?? {}
    const rest = more.length > 0 ? ` (and ${more.length} more)` : ''
    return {
      file: from(file ?? request.path),
      line,
      column: column === undefined ? undefined : column + 1,
      message: `${first.text}${rest}`,
      isOfMachine: false,
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  const [heading = '', ...lines] = message.split('\n')
  const named = /^In file "(.+)"$/.exec(heading)?.[1]
  const told = named === undefined ? heading : (lines[0] ?? heading)
  const isOfMachine = typeof (error as NodeJS.ErrnoException).errno === 'number'
  const nowhere = { line: undefined, column: undefined }
  return { file: from(named ?? request.path), ...nowhere, message: told, isOfMachine }
}

/** What esbuild says of one fault. */
interface BuildFault {
  readonly text: string
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null
}

async function readJob(): Promise<BundleJob> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as BundleJob
}

/** Bundles all of one job, several functions at once. */
async function bundleAll(): Promise<void> {
  readEveryModeAlike()
  // Loaded while the job is still on its way.
  const [zisi, job] = await Promise.all([import('@netlify/zip-it-and-ship-it'), readJob()])
  const waiting = [...job.functions]
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        process.stdout.write(`${JSON.stringify(await bundleOne(zisi, job, next))}\n`)
      }
    }),
  )
}

loadPrecinctWhenAsked()
bundleAll()
