import { readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { NetlifyClient } from '../../../clients/netlify/client.ts'
import { messageOf, ReconcileError } from '../../../core/errors.ts'
import type { ImportContext, ImportedResource, Importer, ImportNotice } from '../../../core/import.ts'
import { resourceId } from '../../../core/resource.ts'
import { Secret } from '../../../core/secret.ts'
import { listDirectory } from '../directory.ts'
import { readNetlifyToml } from '../netlify-toml.ts'
import { faultOfSchedule } from '../schedule.ts'
import { scheduleInSource } from '../source-schedule.ts'
import { textOf } from '../validate-sources.ts'
import { type Found, noticesOf } from './netlify-notices.ts'

/** Where functions lie where netlify.toml does not say it. */
const usualDirectories = ['netlify/functions', 'functions']

/** A site to import, and the folder here that is its project. */
interface Target {
  readonly input: string
  readonly nameOrId: string
  /** Absolute. */
  readonly root: string
}

/**
 * `reconcile import netlify SITE..`: a manifest a site, for the functions of the project in the working directory. A
 * folder after a site is its project; a folder alone is one that Netlify's command line tool linked to its site. Reads
 * the site, its published deploy, its files and its variables.
 */
export const importNetlify: Importer = async (context) => {
  const resources: ImportedResource[] = []
  const warnings: ImportNotice[] = []
  const { targets, errors } = await targetsOf(context)
  for (const target of targets) {
    try {
      const found = await readTarget(context, target)
      resources.push(resourceOf(found))
      warnings.push(...noticesOf(found))
    } catch (error) {
      context.signal.throwIfAborted()
      errors.push(failureOf(target.input, error))
    }
  }
  return { resources, conflicts: [], warnings, errors }
}

async function targetsOf(
  context: ImportContext,
): Promise<{ readonly targets: readonly Target[]; readonly errors: ImportNotice[] }> {
  const targets: Target[] = []
  const errors: ImportNotice[] = []
  let isOpen = false
  for (const input of new Set(context.inputs)) {
    const root = resolve(context.cwd, input)
    const isThere = await isFolder(root)
    if (!isThere && isPath(input)) {
      // The folder was meant for the site before it, which is not made of another one.
      if (isOpen) targets.pop()
      errors.push(failureOf(input, new ReconcileError('NotFound', `There is no folder ${input}`)))
      isOpen = false
      continue
    }
    if (!isThere) {
      targets.push({ input, nameOrId: input.toLowerCase(), root: context.cwd })
      isOpen = true
      continue
    }
    try {
      const linked = await linkedSite(root)
      const named = isOpen ? targets.at(-1) : undefined
      if (linked !== undefined) targets.push({ input, nameOrId: linked, root })
      else if (named) targets[targets.length - 1] = { ...named, root }
      else {
        const folder = relative(context.cwd, root) || '.'
        throw new ReconcileError(
          'UsageInvalid',
          `${folder} is linked to no site; name it before the folder: reconcile import netlify SITE ${folder}`,
        )
      }
    } catch (error) {
      errors.push(failureOf(input, error))
    }
    isOpen = false
  }
  return { targets, errors }
}

/** Whether it can be no name of a site. */
function isPath(input: string): boolean {
  return input.includes('/') || input.startsWith('.')
}

function failureOf(input: string, error: unknown): ImportNotice {
  const code = error instanceof ReconcileError ? error.code : 'Internal'
  return { file: input, line: undefined, code, message: messageOf(error) }
}

/** What `netlify link` wrote down; undefined: nothing. */
async function linkedSite(folder: string): Promise<string | undefined> {
  const path = join(folder, '.netlify/state.json')
  const text = await readFile(path, 'utf8').catch(() => '{}')
  try {
    const { siteId } = JSON.parse(text) as { readonly siteId?: unknown }
    return typeof siteId === 'string' ? siteId : undefined
  } catch (error) {
    throw new ReconcileError('UsageInvalid', `${path} is not JSON`, { cause: error })
  }
}

async function readTarget(context: ImportContext, { input, nameOrId, root }: Target): Promise<Found> {
  const { signal } = context
  const netlify = await openClient(context)
  const site = await netlify.findSite(nameOrId, signal)
  if (!site) throw new ReconcileError('NotFound', `Netlify shows no site ${nameOrId} to this credential`)
  const { publishedId } = site
  const [published, files, variables] = await Promise.all([
    publishedId === undefined ? undefined : netlify.getDeploy(site.id, publishedId, signal),
    publishedId === undefined ? [] : netlify.listFiles(site.id, signal),
    // The credential may be one that must not see them.
    netlify
      .listEnv(site, signal)
      .then((list) => list.map(({ key }) => key))
      .catch((error: unknown) => messageOf(error)),
  ])
  const toml = await readNetlifyToml(root)
  const directory = await functionsDirectory(root, toml?.directory)
  const listed = await listDirectory(directory, { include: undefined, exclude: undefined })
  const { functions } = listed
  const names = functions.map(({ name }) => name)
  const written = Object.entries(toml?.config ?? {}).flatMap(([name, { schedule }]) =>
    typeof schedule === 'string' && names.includes(name) ? [[name, schedule] as const] : [],
  )
  const schedules = written.filter(([, cron]) => faultOfSchedule(cron) === undefined)
  const sourceSchedules = functions.flatMap(({ name, file }) => {
    const found = scheduleInSource(textOf(join(directory, file)))
    return found ? [[name, found.cron] as const] : []
  })
  const hasEdgeFunctions = await isFolder(join(root, 'netlify/edge-functions'))
  return {
    input,
    site,
    published,
    files,
    variables,
    directory,
    ...listed,
    toml,
    schedules: Object.fromEntries(schedules),
    badSchedules: written.filter((one) => !schedules.includes(one)),
    sourceSchedules: new Map(sourceSchedules),
    hasEdgeFunctions,
  }
}

async function openClient({ env, clock }: ImportContext): Promise<NetlifyClient> {
  const token = env.NETLIFY_AUTH_TOKEN
  if (!token) throw new ReconcileError('CredentialsMissing', 'NETLIFY_AUTH_TOKEN is not set')
  const { openNetlify } = await import('../../../clients/netlify/open.ts')
  const secret = Secret.read('fromEnv NETLIFY_AUTH_TOKEN', token, 'import')
  return openNetlify({ apiUrl: env.NETLIFY_API_URL || undefined, token: secret, clock })
}

async function functionsDirectory(root: string, written: string | undefined): Promise<string> {
  const candidates = written === undefined ? usualDirectories : [written]
  for (const candidate of candidates) {
    const path = resolve(root, candidate)
    if (await isFolder(path)) return path
  }
  throw new ReconcileError(
    'NotFound',
    `No functions are in ${root}: looked for ${candidates.join(' and ')}; name the project's folder after the site`,
  )
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

function resourceOf({ input, site, directory, schedules }: Found): ImportedResource {
  const name = `${site.name}-functions`.toLowerCase()
  return {
    id: resourceId('FunctionSet', name),
    environment: undefined,
    from: { file: input, line: undefined },
    manifest: {
      apiVersion: 'reconcile.dev/v1',
      kind: 'FunctionSet',
      metadata: { name },
      spec: {
        site: site.name,
        directory,
        unmanaged: 'keep',
        ...(Object.keys(schedules).length > 0 && { schedules }),
      },
    },
  }
}
