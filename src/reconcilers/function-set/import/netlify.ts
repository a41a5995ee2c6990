import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { NetlifyClient, Site } from '../../../clients/netlify/client.ts'
import type { Deploy } from '../../../clients/netlify/deploy-record.ts'
import { messageOf, ReconcileError } from '../../../core/errors.ts'
import type { ImportContext, ImportedResource, Importer, ImportNotice } from '../../../core/import.ts'
import { resourceId } from '../../../core/resource.ts'
import { Secret } from '../../../core/secret.ts'
import { listDirectory } from '../directory.ts'
import { readNetlifyToml } from '../netlify-toml.ts'
import { named } from '../title.ts'

/** Where functions lie where netlify.toml does not say it. */
const usualDirectories = ['netlify/functions', 'functions']

/** A site as it was read, with the folder here that holds its functions. */
interface Found {
  readonly input: string
  readonly site: Site
  readonly published: Deploy | undefined
  /** Absolute. */
  readonly directory: string
  /** Names of functions in it. */
  readonly names: readonly string[]
}

/**
 * `reconcile import netlify SITE..`: a manifest a site, for the functions of the project in the working directory; or
 * of a folder with a netlify.toml that the command line tool linked to its site. Two reads a site.
 */
export const importNetlify: Importer = async (context) => {
  const resources: ImportedResource[] = []
  const warnings: ImportNotice[] = []
  const errors: ImportNotice[] = []
  for (const input of new Set(context.inputs)) {
    try {
      const found = await readInput(context, input)
      resources.push(resourceOf(found))
      warnings.push(...warningsOf(found))
    } catch (error) {
      context.signal.throwIfAborted()
      const code = error instanceof ReconcileError ? error.code : 'Internal'
      errors.push({ file: input, line: undefined, code, message: messageOf(error) })
    }
  }
  return { resources, conflicts: [], warnings, errors }
}

async function readInput(context: ImportContext, input: string): Promise<Found> {
  const folder = resolve(context.cwd, input)
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
  const root = isFolder ? folder : context.cwd
  const nameOrId = isFolder ? await linkedSite(folder) : input.toLowerCase()
  const netlify = await openClient(context)
  const site = await netlify.findSite(nameOrId, context.signal)
  if (!site) throw new ReconcileError('NotFound', `Netlify shows no site ${nameOrId} to this credential`)
  const { publishedId } = site
  const published =
    publishedId === undefined ? undefined : await netlify.getDeploy(site.id, publishedId, context.signal)
  const directory = await functionsDirectory(root)
  const { functions } = await listDirectory(directory, { include: undefined, exclude: undefined })
  return { input, site, published, directory, names: functions.map(({ name }) => name) }
}

/** What `netlify link` wrote down. */
async function linkedSite(folder: string): Promise<string> {
  const path = join(folder, '.netlify/state.json')
  const text = await readFile(path, 'utf8').catch(() => '{}')
  const { siteId } = JSON.parse(text) as { readonly siteId?: unknown }
  if (typeof siteId === 'string') return siteId
  throw new ReconcileError('UsageInvalid', `${folder} is linked to no site; name the site instead`)
}

async function openClient({ env, clock }: ImportContext): Promise<NetlifyClient> {
  const token = env.NETLIFY_AUTH_TOKEN
  if (!token) throw new ReconcileError('CredentialsMissing', 'NETLIFY_AUTH_TOKEN is not set')
  const { openNetlify } = await import('../../../clients/netlify/open.ts')
  const secret = Secret.read('fromEnv NETLIFY_AUTH_TOKEN', token, 'import')
  return openNetlify({ apiUrl: env.NETLIFY_API_URL || undefined, token: secret, clock })
}

async function functionsDirectory(root: string): Promise<string> {
  const toml = await readNetlifyToml(root)
  const candidates = toml?.directory === undefined ? usualDirectories : [toml.directory]
  for (const candidate of candidates) {
    const path = resolve(root, candidate)
    const isThere = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (isThere) return path
  }
  throw new ReconcileError(
    'NotFound',
    `No functions are in ${root}: looked for ${candidates.join(' and ')}; run it in the project of the site`,
  )
}

function resourceOf({ input, site, directory }: Found): ImportedResource {
  const name = `${site.name}-functions`.toLowerCase()
  return {
    id: resourceId('FunctionSet', name),
    environment: undefined,
    from: { file: input, line: undefined },
    manifest: {
      apiVersion: 'reconcile.dev/v1',
      kind: 'FunctionSet',
      metadata: { name },
      spec: { site: site.name, directory, unmanaged: 'keep' },
    },
  }
}

function warningsOf({ input, site, published, names }: Found): readonly ImportNotice[] {
  const there = (published?.functions ?? []).map(({ name }) => name)
  const warnings: ImportNotice[] = []
  const place = { file: input, line: undefined }
  const withoutFile = there.filter((name) => !names.includes(name))
  if (withoutFile.length > 0) {
    const message = `on the site and not in the directory: ${named(withoutFile)}; they stay (\`unmanaged: keep\`)`
    warnings.push({ ...place, code: 'import-netlify-no-file', message })
  }
  const isNew = names.filter((name) => !there.includes(name))
  if (isNew.length > 0) {
    const message = `in the directory and not on the site: ${named(isNew)}; a pass deploys them`
    warnings.push({ ...place, code: 'import-netlify-not-published', message })
  }
  if (site.repository !== undefined) {
    const message = `the site is linked to ${site.repository}: it is only observed until \`via\` is given`
    warnings.push({ ...place, code: 'import-netlify-linked', message })
  }
  return warnings
}
