import { homedir } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { FleetGit, FleetSettings, GithubApp } from '../core/fleet.ts'
import { isOwnMachine } from '../core/public-address.ts'
import type { Secret } from '../core/secret.ts'
import { duration } from './controls.ts'
import { defaultFleetName } from './document.ts'
import type { Layered } from './environment.ts'
import { printable, quote } from './excerpt.ts'
import { Faults } from './faults.ts'
import { readFleetGit } from './fleet-git.ts'
import { isInside, realPlaceOf } from './fleet-root.ts'
import type { FleetSpec } from './fleet-spec.generated.ts'
import { suggest } from './suggest.ts'
import { treeValue } from './tree.ts'

/** What flags and variables of the person who runs the program allow manifests to name. */
export interface Allowances {
  /** Hosts, with a port where it is not the scheme's, that `apiUrl` may name; with `http://` also without encryption. */
  readonly hosts: readonly string[]
  /** Folders that `allowedPaths` may name, or name folders in; relative to the working directory. */
  readonly paths: readonly string[]
}

/** Makes the folders absolute. */
export function resolveAllowances({ hosts, paths }: Allowances, cwd: string): Allowances {
  return { hosts, paths: paths.map((path) => resolve(cwd, path)) }
}

/** The Fleet document as it was read, before its tokens are resolved. */
export interface FleetDraft {
  readonly settings: FleetSettings
  readonly spec: FleetSpec
  readonly faults: Faults | undefined
  readonly document: Layered | undefined
}

export interface FleetOptions {
  readonly environment: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly allow: Allowances
  readonly kinds: readonly string[]
}

const day = 86_400_000

/** DESIGN.md, "kind: Fleet". Durations in milliseconds. */
const fleetDefaults = Object.freeze({
  healthTarget: 80,
  deletions: Object.freeze({ max: 5, percent: 25 }),
  historyKeep: 30 * day,
})

/** Bounds of durations, in milliseconds. */
const bounds = Object.freeze({
  interval: { least: 1000, most: 31 * day },
  keep: { least: 3_600_000, most: 3650 * day },
})

/** Reads the Fleet, a valid document or none, and fills in the defaults. */
export function readFleet(document: Layered | undefined, options: FleetOptions): FleetDraft {
  const { spec = {} } = document ? (treeValue(document.root) as { readonly spec?: FleetSpec }) : {}
  const faults = document ? new Faults(document.root) : undefined
  const settings: FleetSettings = {
    name: document?.name ?? defaultFleetName,
    environment: options.environment,
    healthTarget: spec.health?.target ?? fleetDefaults.healthTarget,
    intervals: readIntervals(spec, faults),
    deletions: { ...fleetDefaults.deletions, ...spec.deletions },
    concurrency: spec.concurrency ?? {},
    github: { apiUrl: readApiUrl('github', spec, options, faults), token: undefined },
    netlify: { apiUrl: readApiUrl('netlify', spec, options, faults), token: undefined },
    pm2: { home: spec.pm2?.home === undefined ? undefined : resolveHome(spec.pm2.home, document) },
    historyKeep:
      (faults && duration(spec.history?.keep, ['spec', 'history', 'keep'], bounds.keep, faults)) ??
      fleetDefaults.historyKeep,
    allowedPaths: readAllowedPaths(spec, document, options, faults),
    git: readFleetGit(spec, document, options, faults),
  }
  checkKinds(spec, options, faults)
  if (spec.github?.token && spec.github.app) {
    faults?.addAtKey(['spec', 'github', 'app'], {
      code: 'github-credential-twice',
      message: 'Expected `spec.github` to have a `token` or an `app`, got both',
      hint: 'Remove one of them.',
    })
  }
  return { settings, spec, faults, document }
}

/** Adds the tokens once they are resolved. */
export function withTokens(
  settings: FleetSettings,
  tokens: {
    readonly github: Secret | undefined
    readonly githubApp?: GithubApp | undefined
    readonly netlify: Secret | undefined
    readonly git?: Pick<FleetGit, 'token' | 'hookSecret'>
  },
): FleetSettings {
  return Object.freeze({
    ...settings,
    github: Object.freeze({
      ...settings.github,
      token: tokens.github,
      ...(tokens.githubApp && { app: tokens.githubApp }),
    }),
    netlify: Object.freeze({ ...settings.netlify, token: tokens.netlify }),
    ...(settings.git && { git: Object.freeze({ ...settings.git, ...tokens.git }) }),
  })
}

function readIntervals(spec: FleetSpec, faults: Faults | undefined): Readonly<Record<string, number>> {
  const intervals: Record<string, number> = {}
  for (const [kind, text] of Object.entries(spec.intervals ?? {})) {
    const value = faults && duration(text, ['spec', 'intervals', kind], bounds.interval, faults)
    if (value !== undefined) intervals[kind] = value
  }
  return intervals
}

const vendorVariables = Object.freeze({ github: 'GITHUB_API_URL', netlify: 'NETLIFY_API_URL' })

/**
 * The address of a vendor's API. One that a manifest names counts only if its host was allowed: it is an error
 * otherwise, because falling back would send the token of one host to another.
 */
function readApiUrl(
  vendor: 'github' | 'netlify',
  spec: FleetSpec,
  options: FleetOptions,
  faults: Faults | undefined,
): string | undefined {
  const declared = spec[vendor]?.apiUrl
  if (declared === undefined) return options.env[vendorVariables[vendor]] || undefined
  const url = URL.parse(declared)
  const names = options.allow.hosts.map((allowed) => allowed.toLowerCase())
  const name = url ? allowedNameOf(url) : undefined
  if (name !== undefined && names.includes(name)) return declared
  const isInClear = url !== null && names.includes(url.host)
  const found = `The host ${quote(url?.host ?? declared)} in \`spec.${vendor}.apiUrl\` is`
  faults?.add(['spec', vendor, 'apiUrl'], {
    code: 'host-not-allowed',
    message: isInClear ? `${found} allowed, but not without encryption (http)` : `${found} not allowed`,
    hint: isInClear
      ? `Write https. A token is sent in clear only with \`--allow-host ${name}\`.`
      : `Allow it with \`--allow-host ${name ?? 'HOST'}\`, or set ${vendorVariables[vendor]} instead.`,
  })
  return undefined
}

/** What must be allowed: the host, with `http://` where a token would cross a network in clear. */
function allowedNameOf({ protocol, host, hostname }: URL): string {
  return protocol === 'http:' && !isOwnMachine(hostname) ? `http://${host}` : host
}

/** Folders that manifests may read from beside the fleet root, links resolved. */
function readAllowedPaths(
  spec: FleetSpec,
  document: Layered | undefined,
  options: FleetOptions,
  faults: Faults | undefined,
): readonly string[] {
  const folder = document ? dirname(document.file.path) : ''
  return (spec.allowedPaths ?? []).flatMap((declared, index) => {
    // Where it leads counts, and nothing else is kept: a link that is turned meanwhile leads nowhere new.
    const path = realPlaceOf(resolve(folder, declared))
    if (isInside(path, options.allow.paths.map(realPlaceOf))) return path
    faults?.add(['spec', 'allowedPaths', String(index)], {
      code: 'path-not-allowed',
      message: `The folder ${quote(declared)} in \`spec.allowedPaths\` is not allowed`,
      hint: `Allow it with \`--allow-path ${printable(path)}\`.`,
    })
    return []
  })
}

function resolveHome(home: string, document: Layered | undefined): string {
  if (home === '~' || home.startsWith('~/')) return resolve(homedir(), home.slice(2))
  return resolve(document ? dirname(document.file.path) : '', home)
}

function checkKinds(spec: FleetSpec, { kinds }: FleetOptions, faults: Faults | undefined): void {
  for (const field of ['intervals', 'concurrency'] as const) {
    for (const kind of Object.keys(spec[field] ?? {})) {
      if (kinds.includes(kind)) continue
      const meant = suggest(kind, kinds)
      faults?.addAtKey(['spec', field, kind], {
        code: 'unknown-kind',
        message: `The kind ${quote(kind)} does not exist`,
        hint: meant ? `Did you mean \`${meant}\`?` : `Known kinds: ${kinds.join(', ')}.`,
      })
    }
  }
}
