import type { SiteFile } from '../../clients/netlify/client.ts'
import type { Deploy, ProcessedRules } from '../../clients/netlify/deploy-record.ts'
import type { PublishedFunction } from './site-functions.ts'
import { named, parseTitle } from './title.ts'

/** Files that Netlify reads rules from. */
const redirectFiles = ['/_redirects', '/netlify.toml']
const headerFiles = ['/_headers', '/netlify.toml']

/**
 * What of the published deploy could not be carried into a new one, in sentences. What is not listed in a deploy
 * disappears from the site, so with any of them nothing is deployed.
 */
export function obstaclesTo(carried: {
  readonly published: Deploy | undefined
  /** Undefined: they are not known, and nothing is said of what only they could tell. */
  readonly files: readonly SiteFile[] | undefined
  readonly kept: readonly PublishedFunction[]
  /** Whether a person said that what cannot be known may be lost (`adopt: true`). */
  readonly mayLoseUnknown: boolean
}): readonly string[] {
  const { published, files, kept, mayLoseUnknown } = carried
  if (!published) return []
  const obstacles: string[] = []
  const unknown = kept.filter(({ digest }) => digest === undefined).map(({ name }) => name)
  if (unknown.length > 0) {
    obstacles.push(
      `${named(unknown)}: Netlify does not tell the digest, so it cannot be carried over; put its source into the directory, or let it go by \`unmanaged: prune\``,
    )
  }
  const routed = kept.filter(({ digest, hasOwnRoutes }) => digest !== undefined && hasOwnRoutes)
  if (routed.length > 0 && !mayLoseUnknown) {
    const names = named(routed.map(({ name }) => name))
    obstacles.push(
      `${names}: Netlify does not tell the routes, so they cannot be carried over; \`adopt: true\` says that they have none, or that those may be lost`,
    )
  }
  return [...obstacles, ...obstaclesOfRules(published, files, mayLoseUnknown)]
}

/** Whether its files tell what stands against a deploy: rules stand in them, or in none. */
export function areFilesTelling({ rules }: Deploy): boolean {
  return rules !== undefined && rules.redirects + rules.headers > 0
}

function obstaclesOfRules(
  published: Deploy,
  files: readonly SiteFile[] | undefined,
  mayLoseUnknown: boolean,
): readonly string[] {
  const { rules, title } = published
  if (!rules) {
    if (parseTitle(title) !== undefined || mayLoseUnknown) return []
    return [
      `Netlify does not tell whether deploy ${published.id} has redirects, headers or edge functions of its build; \`adopt: true\` says that none are lost, or that they may be`,
    ]
  }
  const paths = files && new Set(files.map(({ path }) => path))
  const has = (names: readonly string[]) => !paths || names.some((name) => paths.has(name))
  const obstacles: string[] = []
  if (rules.edgeFunctions > 0) {
    obstacles.push(`the site has edge functions, which cannot be carried over`)
  }
  if (rules.redirects > 0 && !has(redirectFiles)) {
    obstacles.push(`the site has ${rules.redirects} redirects of its build, and no file of it says which`)
  }
  if (rules.headers > 0 && !has(headerFiles)) {
    obstacles.push(`the site has ${rules.headers} header rules of its build, and no file of it says which`)
  }
  return obstacles
}

/** What a published deploy lost against what it was made to hold, in words; empty: nothing. */
export function lossesOf(
  wanted: {
    /** Its files, or how many they are. */
    readonly files: readonly SiteFile[] | number
    readonly functions: readonly string[]
    /** Those of the deploy that was published before; undefined: not told. */
    readonly rules: ProcessedRules | undefined
  },
  found: { readonly after: Deploy; readonly files: readonly SiteFile[] },
): readonly string[] {
  const losses = lostFiles(wanted.files, found.files)
  const { functions } = found.after
  if (functions) {
    const names = new Set(functions.map(({ name }) => name))
    const gone = wanted.functions.filter((name) => !names.has(name))
    if (gone.length > 0) losses.push(named(gone))
  }
  const { rules: before } = wanted
  const { rules: after } = found.after
  if (before && after) {
    if (after.redirects < before.redirects) losses.push(`${before.redirects - after.redirects} redirects`)
    if (after.headers < before.headers) losses.push(`${before.headers - after.headers} header rules`)
  }
  return losses
}

function lostFiles(wanted: readonly SiteFile[] | number, found: readonly SiteFile[]): string[] {
  if (typeof wanted === 'number') return found.length < wanted ? [`${wanted - found.length} files`] : []
  const paths = new Set(found.map(({ path, sha }) => `${path} ${sha}`))
  const missing = wanted.filter(({ path, sha }) => !paths.has(`${path} ${sha}`))
  return missing.length > 0 ? [`${missing.length} files, such as ${missing[0]?.path}`] : []
}
