import type { ProcessedRules } from '../../clients/netlify/deploy-record.ts'
import { fieldsOf } from '../../core/fields.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Json } from '../../core/store.ts'
import { isOwnTitle, parseTitle } from './title.ts'

/** So many records of deploys of one resource are kept; of an older one that is published again Netlify tells. */
const keptDeploys = 20

/**
 * What we put into a deploy, kept by its title before it is begun. A deploy never changes, so this holds for as long as
 * it exists.
 */
export interface DeployRecord {
  /** It names whose deploy it is, too. */
  readonly title: string
  /** Of its functions that are ours. */
  readonly fingerprint: string
  /** SHA-256 of zips, by name. */
  readonly functions: Readonly<Record<string, string>>
  readonly schedules: Readonly<Record<string, string>>
  /** What Netlify was told besides, by name, as JSON; records had none once. */
  readonly settings: Readonly<Record<string, string>>
  /** Functions of the directory: those go when their files go. */
  readonly managed: readonly string[]
  /** The good deploy that it goes on from, with nothing of somebody else between: it may be gone back to. */
  readonly goodBefore: string | undefined
  /** What it must hold besides its functions, until that was looked at; undefined: it was. */
  readonly unproven: Unproven | undefined
  /** When it was kept, epoch milliseconds. */
  readonly at: number
}

/** What a deploy took over from the one before, as the last proof compares it. */
export interface Unproven {
  /** The deploy that is published again where it lacks anything; undefined: nothing was published, so nothing gets lost. */
  readonly base: string | undefined
  /** How many files it was given. */
  readonly files: number
  /** The rules of the deploy before; undefined: not told. */
  readonly rules: ProcessedRules | undefined
}

/** What is remembered of a site between passes. */
export interface SiteMemory {
  /** The resource that deployed last. */
  readonly owner: ResourceId | undefined
  /** The deploy that we made last, where it was published and nothing was missing. */
  readonly deployed: string | undefined
  /** The deploy that passed its verification last. */
  readonly lastGood: string | undefined
  /** A deploy that failed its verification and was taken back: the same thing is not deployed again. */
  readonly rolledBack: RolledBack | undefined
  /** Functions that we deployed from the directory last, whoever deployed since. */
  readonly managed: readonly string[]
  /** Keyed digests of the values that we set last, by the names of variables. */
  readonly env: Readonly<Record<string, string>>
  /** The contexts that we gave a value, by the names of variables: nothing else of them is ours to remove. */
  readonly envContexts: Readonly<Record<string, readonly string[]>>
  /** Stands for all variables as they were to be set last; written before the first of them is sent. */
  readonly envGeneration: string | undefined
  /** Whether a variable was changed and no deploy has followed. */
  readonly isEnvPending: boolean
  /** The deploy that was published when they were set. */
  readonly envSetOn: string | undefined
  /** The deploy of the site's own build that was started to take them in; empty: it has no name; undefined: none was. */
  readonly envBuild: string | undefined
}

/** Where a site is found whatever it is called. */
export interface SitePlace {
  readonly siteId: string
  readonly account: string
}

export interface RolledBack {
  readonly from: string
  readonly to: string
  readonly fingerprint: string
  /** What stood for the variables that it had; undefined: nobody wrote it down, and they say nothing. */
  readonly env?: string
  /** What was wrong with it, in a sentence; undefined: nobody wrote it down. */
  readonly why: string | undefined
  /** Whether it lost what it should have carried: then another made on the same deploy would, whatever its source. */
  readonly isLoss?: boolean
}

/** What became of a deploy that was taken back, with both deploys and what was wrong. */
export function takenBack({ from, to, why }: RolledBack): string {
  return `deploy ${from} was taken back (${why ?? 'it failed its verification, or lacked something'}); deploy ${to} is published again`
}

/** Whether this is not deployed on top of what is published, because the same was taken back before. */
export function isTakenBack(
  { to, fingerprint, env, isLoss }: RolledBack,
  now: {
    readonly fingerprint: string | undefined
    /** Stands for the variables that it would have; undefined: they are yet to be set. */
    readonly env: string | undefined
    readonly publishedId: string | undefined
  },
): boolean {
  const isSame = fingerprint === now.fingerprint && (env === undefined || env === now.env)
  return isSame || (isLoss === true && to === now.publishedId)
}

/**
 * The good deploy that one made on this one goes on from. A deploy of somebody else that nobody saw pass ends the line:
 * going back past it would undo what he published.
 */
export function goodBeforeNext(found: {
  readonly published: { readonly id: string } | undefined
  readonly record: DeployRecord | undefined
  readonly memory: SiteMemory
}): string | undefined {
  const { published, record, memory } = found
  return published && published.id === memory.lastGood ? published.id : record?.goodBefore
}

/** Why the same source, or after a loss any source, is not deployed again. */
export function takenBackBefore({ from, to, why, env, isLoss }: RolledBack): string {
  if (isLoss) {
    return `deploy ${from}, made on deploy ${to}, was taken back (${why}), and so would any other be; publish the site anew with what built it`
  }
  // Variables are part of it where we set any.
  return `deploy ${from} of this very source was taken back; change the source${env ? ' or a variable' : ''}`
}

/** Nothing is remembered of the site. */
export const noMemory: SiteMemory = Object.freeze({
  owner: undefined,
  deployed: undefined,
  lastGood: undefined,
  rolledBack: undefined,
  managed: [],
  env: {},
  envContexts: {},
  envGeneration: undefined,
  isEnvPending: false,
  envSetOn: undefined,
  envBuild: undefined,
})

/**
 * Keeps it in memory and in the store. It may be lost: then what a deploy of ours held is told by Netlify or bundled
 * again, and nothing is removed because of it.
 */
export class Memories {
  readonly #store: DomainCache | undefined
  readonly #places = new Map<string, string>()
  readonly #sites = new Map<string, SiteMemory>()
  readonly #deploys = new Map<string, DeployRecord>()

  constructor(store: DomainCache | undefined) {
    this.#store = store
  }

  async site(siteId: string): Promise<SiteMemory> {
    const known = this.#sites.get(siteId)
    if (known) return known
    const read = siteMemoryOf(await this.#store?.get(`site/2/${siteId}`))
    this.#sites.set(siteId, read)
    return read
  }

  /** Durable when it resolves; unchanged values are not written anew. */
  async keepSite(siteId: string, changed: Partial<SiteMemory>): Promise<SiteMemory> {
    const before = await this.site(siteId)
    const after = { ...before, ...changed }
    if (JSON.stringify(before) === JSON.stringify(after)) return before
    await this.#put(`site/2/${siteId}`, after)
    this.#sites.set(siteId, after)
    return after
  }

  /** The site that a name stood for when it was seen last, and its team; undefined: never. */
  async place(name: string): Promise<SitePlace | undefined> {
    const { siteId, account } = fieldsOf(await this.#store?.get(`place/1/${name}`))
    return typeof siteId === 'string' && typeof account === 'string' ? { siteId, account } : undefined
  }

  async keepPlace(name: string, place: SitePlace): Promise<void> {
    const text = JSON.stringify(place)
    if (this.#places.get(name) === text) return
    const known = await this.place(name)
    if (known?.siteId !== place.siteId || known.account !== place.account) {
      await this.#put(`place/1/${name}`, place)
    }
    this.#places.set(name, text)
  }

  async deploy(title: string): Promise<DeployRecord | undefined> {
    const known = this.#deploys.get(title)
    if (known) return known
    const read = deployRecordOf(await this.#store?.get(`deploy/2/${title}`))
    if (read) this.#deploys.set(title, read)
    return read
  }

  /** Durable when it resolves; forgets the oldest of its resource, but for what is `published`. */
  async keepDeploy(record: DeployRecord, published: string | undefined): Promise<void> {
    await this.#put(`deploy/2/${record.title}`, record)
    this.#deploys.set(record.title, record)
    const isKept = (title: string) => title === record.title || title === published
    const old = (await this.#deploysLike(record)).slice(keptDeploys).filter(({ title }) => !isKept(title))
    if (old.length === 0) return
    const forgotten = new Set(old.map(({ title }) => title))
    await this.#store?.prune('deploy/2/', (value) => !forgotten.has(deployRecordOf(value)?.title ?? ''))
    for (const title of forgotten) this.#deploys.delete(title)
  }

  /** What the store keeps of the same resource, newest first. */
  async #deploysLike({ title }: DeployRecord): Promise<readonly DeployRecord[]> {
    const owner = parseTitle(title)
    if (!owner) return []
    const all = (await this.#store?.list('deploy/2/')) ?? []
    return all
      .flatMap((value) => deployRecordOf(value) ?? [])
      .filter((record) => isOwnTitle(record.title, owner))
      .sort((a, b) => b.at - a.at)
  }

  async #put(key: string, value: unknown): Promise<void> {
    await this.#store?.put(new Map([[key, JSON.parse(JSON.stringify(value)) as Json]]))
  }
}

function textsOf(value: Json | undefined): Readonly<Record<string, string>> {
  const entries = Object.entries(fieldsOf(value))
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

function siteMemoryOf(value: Json | undefined): SiteMemory {
  const fields = fieldsOf(value)
  const { owner, deployed, lastGood, rolledBack, managed } = fields
  const { env, envContexts, envGeneration, isEnvPending, envSetOn, envBuild } = fields
  const { from, to, fingerprint, env: envTakenBack, why, isLoss } = fieldsOf(rolledBack)
  const isWhole = typeof from === 'string' && typeof to === 'string' && typeof fingerprint === 'string'
  return {
    ...noMemory,
    ...(typeof owner === 'string' && { owner: owner as ResourceId }),
    ...(typeof envSetOn === 'string' && { envSetOn }),
    ...(typeof envBuild === 'string' && { envBuild }),
    ...(typeof envGeneration === 'string' && { envGeneration }),
    ...(typeof deployed === 'string' && { deployed }),
    ...(typeof lastGood === 'string' && { lastGood }),
    ...(isWhole && {
      rolledBack: {
        ...{ from, to, fingerprint, why: typeof why === 'string' ? why : undefined },
        ...(typeof envTakenBack === 'string' && { env: envTakenBack }),
        ...(isLoss === true && { isLoss }),
      },
    }),
    managed: namesOf(managed),
    env: textsOf(env),
    envContexts: Object.fromEntries(
      Object.entries(fieldsOf(envContexts)).map(([key, contexts]) => [key, namesOf(contexts)]),
    ),
    isEnvPending: isEnvPending === true,
  }
}

function namesOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : []
}

function deployRecordOf(value: Json | undefined): DeployRecord | undefined {
  const fields = fieldsOf(value)
  const { title, fingerprint, functions, schedules, settings } = fields
  const { managed, goodBefore, at } = fieldsOf(value)
  if (typeof title !== 'string' || typeof fingerprint !== 'string') return undefined
  return {
    title,
    fingerprint,
    functions: textsOf(functions),
    schedules: textsOf(schedules),
    settings: textsOf(settings),
    managed: namesOf(managed),
    goodBefore: typeof goodBefore === 'string' ? goodBefore : undefined,
    unproven: unprovenOf(fields.unproven),
    // Records had no time once.
    at: typeof at === 'number' ? at : 0,
  }
}

function unprovenOf(value: Json | undefined): Unproven | undefined {
  const { base, files, rules } = fieldsOf(value)
  if (typeof files !== 'number') return undefined
  const { redirects, headers, edgeFunctions } = fieldsOf(rules)
  const isTold =
    typeof redirects === 'number' && typeof headers === 'number' && typeof edgeFunctions === 'number'
  return {
    base: typeof base === 'string' ? base : undefined,
    files,
    rules: isTold ? { redirects, headers, edgeFunctions } : undefined,
  }
}
