import { appCredential } from '../../clients/github/app-credential.ts'
import { type Credential, tokenCredential } from '../../clients/github/credential.ts'
import { repositoryOf } from '../../clients/github/repository.ts'
import { openNetlify } from '../../clients/netlify/open.ts'
import { askVendor, type VendorAnswer } from '../../clients/vendor/probe.ts'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { FleetSettings } from '../../core/fleet.ts'
import type { SecretMask } from '../../core/secret-mask.ts'
import type { DoctorFinding } from '../../reports/doctor-text.ts'

/** Milliseconds that a vendor has. */
const patience = 10_000
/** Milliseconds of difference from which on schedules and tokens go wrong. */
const skewLimit = 30_000
/** Repositories and sites that are asked about at most: each costs a call or two. */
const mostAsked = 20

/** What of a fleet lives at vendors. */
export interface VendorNeeds {
  readonly fleet: Pick<FleetSettings, 'github' | 'netlify'>
  /** Whether anything is declared there, also what could not be read. */
  readonly needs: { readonly github: boolean; readonly netlify: boolean }
  /** `OWNER/NAME`, each once. */
  readonly repositories: readonly string[]
  /** Names or ids, each once. */
  readonly sites: readonly string[]
}

interface Examination extends VendorNeeds {
  readonly clock: Clock
  /** What must not be seen of what vendors say. */
  readonly mask?: SecretMask
  readonly signal: AbortSignal
}

const names = Object.freeze({
  github: { variables: 'GITHUB_TOKEN or GH_TOKEN', usual: 'https://api.github.com' },
  netlify: { variables: 'NETLIFY_AUTH_TOKEN', usual: 'https://api.netlify.com/api/v1' },
})

/** The credentials of the vendors that the manifests need, what they may see of it, and the vendors' clocks against ours. */
export async function examineVendors(examination: Examination): Promise<readonly DoctorFinding[]> {
  const { needs } = examination
  const findings = await Promise.all([
    needs.github ? examineGithub(examination) : [],
    needs.netlify ? examineNetlify(examination) : [],
  ])
  return findings.flat()
}

async function examineGithub(examination: Examination): Promise<readonly DoctorFinding[]> {
  const { fleet, repositories, clock, mask, signal } = examination
  const { token, app, apiUrl } = fleet.github
  const base = (apiUrl ?? names.github.usual).replace(/\/+$/, '')
  if (app) {
    if (!app.privateKey.isRead)
      return [unread('github', `the private key of App ${app.id}`, app.privateKey.source)]
    const userAgent = 'reconciled'
    const { id, installation, privateKey } = app
    const credential = appCredential({ id, installation, privateKey, apiUrl: base, clock, userAgent, mask })
    return examineRepositories(credential, { base, repositories, what: `App ${id}`, signal })
  }
  if (token === undefined) return [missing('github')]
  if (!token.isRead) return [unread('github', 'the token', token.source)]
  const what = `the token (${token.source})`
  const asked = await ask(`${base}/rate_limit`, { token: token.reveal(), signal, clock })
  if (!asked) return [unreachable('github', base, what)]
  const fault = refusal('github', asked.answer, { base, what }) ?? scopesLacking(asked.answer, what)
  if (fault) return [fault, ...skewFindings('github', asked)]
  const ends = asked.answer.headers['github-authentication-token-expiration']
  const message = `${hostOf(base)} knows ${what}${ends === undefined ? '' : `; it expires ${ends}`}`
  return [
    fine('github', message),
    ...skewFindings('github', asked),
    ...(await examineRepositories(tokenCredential(token), { base, repositories, what, signal })),
  ]
}

/** Only classic tokens tell their scopes: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps */
function scopesLacking({ headers }: VendorAnswer, what: string): DoctorFinding | undefined {
  const scopes = headers['x-oauth-scopes']?.split(',').map((scope) => scope.trim())
  if (scopes === undefined || (scopes.includes('repo') && scopes.includes('workflow'))) return undefined
  const has = scopes.filter((scope) => scope !== '').join(', ') || 'none'
  return {
    check: 'github',
    verdict: 'error',
    message: `${what} is not enough: it has the scopes ${has}, and needs repo and workflow`,
    cure: 'give the token what it lacks, or make one that has it',
  }
}

/** Whether each repository and its workflows can be read, by calls that read alone. */
async function examineRepositories(
  credential: Credential,
  {
    base,
    repositories,
    what,
    signal,
  }: {
    readonly base: string
    readonly repositories: readonly string[]
    readonly what: string
    readonly signal: AbortSignal
  },
): Promise<readonly DoctorFinding[]> {
  const check = 'github'
  const readable: string[] = []
  const faults: DoctorFinding[] = []
  for (const repository of repositories.slice(0, mostAsked)) {
    try {
      const { header } = await credential.authorize(repositoryOf(repository), signal)
      const get = (path: string) =>
        askVendor(`${base}/repos/${repository}${path}`, { authorization: header, signal, timeout: patience })
      const whole = await get('')
      const workflows = whole.status === 200 ? await get('/actions/workflows?per_page=1') : whole
      const fault = faultOf(repository, { whole, workflows, what })
      if (fault === undefined) readable.push(repository)
      else faults.push(fault)
    } catch (error) {
      if (signal.aborted) throw error
      const message = `nothing is known of ${repository}: ${messageOf(error)}`
      faults.push({ check, verdict: 'unknown', message, cure: 'mend what is named, and look again' })
    }
  }
  if (readable.length === 0) return faults
  const shown = readable.length > 3 ? `${readable.length} repositories` : readable.join(', ')
  const more = repositories.length > mostAsked ? ` (of ${repositories.length}, ${mostAsked} were asked)` : ''
  const untold = 'whether it may write there shows only when it does'
  return [...faults, fine(check, `${what} can read ${shown}${more}; ${untold}`)]
}

function faultOf(
  repository: string,
  {
    whole,
    workflows,
    what,
  }: { readonly whole: VendorAnswer; readonly workflows: VendorAnswer; readonly what: string },
): DoctorFinding | undefined {
  const check = 'github'
  if (whole.status === 404) {
    const message = `${what} does not see ${repository}: there is none, or it was not given to it`
    const cure = 'correct `repository`, or give the token or the App access to it'
    return { check, verdict: 'error', message, cure }
  }
  if (workflows.status === 403 || workflows.status === 404) {
    const needed = workflows.headers['x-accepted-github-permissions']
    const message = `${what} may not read the workflows of ${repository}${needed ? ` (it needs ${needed})` : ''}`
    return { check, verdict: 'error', message, cure: 'give it Actions: read and write, and Contents' }
  }
  if (whole.status !== 200 || workflows.status !== 200) {
    const status = whole.status === 200 ? workflows.status : whole.status
    const message = `GitHub answered ${status} for ${repository}, so nothing is known of it`
    return { check, verdict: 'unknown', message, cure: 'try again later' }
  }
  if (!mayPush(whole.body)) {
    const message = `${what} belongs to somebody who may only read ${repository}`
    const cure = 'give him write access, or use a token of somebody who has it'
    return { check, verdict: 'warning', message, cure }
  }
  return undefined
}

/** GitHub tells what the account may do in a repository; what it does not tell is not held against it. */
function mayPush(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || !('permissions' in body)) return true
  const { permissions } = body
  return typeof permissions !== 'object' || permissions === null || !('push' in permissions)
    ? true
    : permissions.push !== false
}

async function examineNetlify(examination: Examination): Promise<readonly DoctorFinding[]> {
  const { fleet, sites, clock, mask, signal } = examination
  const { token, apiUrl } = fleet.netlify
  const base = (apiUrl ?? names.netlify.usual).replace(/\/+$/, '')
  const check = 'netlify'
  if (token === undefined) return [missing(check)]
  if (!token.isRead) return [unread(check, 'the token', token.source)]
  const what = `the token (${token.source})`
  const asked = await ask(`${base}/user`, { token: token.reveal(), signal, clock })
  if (!asked) return [unreachable(check, base, what)]
  const fault = refusal(check, asked.answer, { base, what })
  if (fault) return [fault, ...skewFindings(check, asked)]
  const client = openNetlify({ apiUrl, token, clock, mask })
  const findings: DoctorFinding[] = []
  const seen: string[] = []
  for (const site of sites.slice(0, mostAsked)) {
    try {
      if (await client.findSite(site, signal)) seen.push(site)
      else {
        const message = `${what} does not see the site ${site}: there is none, or it is another team's`
        const cure = 'correct `site`, or use a token of the team that owns it'
        findings.push({ check, verdict: 'error', message, cure })
      }
    } catch (error) {
      if (signal.aborted) throw error
      const message = `nothing is known of the site ${site}: ${messageOf(error)}`
      findings.push({ check, verdict: 'unknown', message, cure: 'mend what is named, and look again' })
    }
  }
  const shown =
    seen.length === 0 ? '' : `, which sees ${seen.length > 3 ? `${seen.length} sites` : seen.join(', ')}`
  return [fine(check, `${hostOf(base)} knows ${what}${shown}`), ...skewFindings(check, asked), ...findings]
}

interface Asked {
  readonly answer: VendorAnswer
  readonly askedAt: number
}

/** Undefined: he could not be reached. */
async function ask(
  url: string,
  { token, signal, clock }: { readonly token: string; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<Asked | undefined> {
  const askedAt = clock.now()
  try {
    const answer = await askVendor(url, { authorization: `Bearer ${token}`, signal, timeout: patience })
    return { answer, askedAt }
  } catch (error) {
    if (signal.aborted) throw error
    return undefined
  }
}

function fine(check: string, message: string): DoctorFinding {
  return { check, verdict: 'fine', message, cure: undefined }
}

function missing(vendor: 'github' | 'netlify'): DoctorFinding {
  const { variables } = names[vendor]
  const message = `no token: ${variables} is not set here, and the Fleet names none`
  return { check: vendor, verdict: 'warning', message, cure: `set ${variables} where reconcile runs` }
}

/** What a command would print is not asked for here: looking runs nothing. */
function unread(check: string, what: string, source: string): DoctorFinding {
  if (source.startsWith('fromCommand')) {
    const message = `${what} comes from a command (${source}), which is not run to look`
    return { check, verdict: 'unknown', message, cure: '`reconcile doctor --run-commands` runs it' }
  }
  const message = `${what} could not be read (${source})`
  return { check, verdict: 'error', message, cure: 'set it where reconcile runs, or correct the Fleet' }
}

function unreachable(check: string, base: string, what: string): DoctorFinding {
  const message = `${hostOf(base)} could not be reached, so nothing is known of ${what}`
  return {
    check,
    verdict: 'unknown',
    message,
    cure: "look at the network, a proxy, or the vendor's status page",
  }
}

function refusal(
  check: string,
  { status }: VendorAnswer,
  { base, what }: { readonly base: string; readonly what: string },
): DoctorFinding | undefined {
  if (status === 401 || status === 403) {
    const message = `${hostOf(base)} refuses ${what} (${status})`
    const cure = 'make a new token and set it; the old one is wrong, expired or revoked'
    return { check, verdict: 'error', message, cure }
  }
  if (status < 300) return undefined
  const message = `${hostOf(base)} answered ${status}, so nothing is known of ${what}`
  return { check, verdict: 'unknown', message, cure: 'try again later' }
}

function skewFindings(name: string, { answer: { date }, askedAt }: Asked): readonly DoctorFinding[] {
  if (date === undefined) return []
  const skew = date - askedAt
  const seconds = Math.round(Math.abs(skew) / 1000)
  if (Math.abs(skew) < skewLimit) return [fine('clock', `within ${seconds} s of ${name}'s`)]
  return [
    {
      check: 'clock',
      verdict: 'warning',
      message: `this machine's clock is ${seconds} s ${skew > 0 ? 'behind' : 'ahead of'} ${name}'s`,
      cure: '`timedatectl set-ntp true`, or any other time service',
    },
  ]
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address
}
