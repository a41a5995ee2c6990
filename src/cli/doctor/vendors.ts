import { askVendor, type VendorAnswer } from '../../clients/vendor/probe.ts'
import type { Clock } from '../../core/clock.ts'
import type { DoctorFinding } from '../../reports/doctor-text.ts'

/** Milliseconds that a vendor has. */
const patience = 10_000
/** Milliseconds of difference from which on schedules and tokens go wrong. */
const skewLimit = 30_000

interface Vendor {
  readonly name: string
  readonly variables: readonly string[]
  readonly address: { readonly variable: string; readonly usual: string }
  /** A question that costs nothing and needs the token. */
  readonly path: string
  /** Why the token is not enough; undefined: it is. */
  readonly lacks: (answer: VendorAnswer) => string | undefined
}

const vendors: Readonly<Record<string, Vendor>> = Object.freeze({
  Workflow: {
    name: 'github',
    variables: ['GITHUB_TOKEN', 'GH_TOKEN'],
    address: { variable: 'GITHUB_API_URL', usual: 'https://api.github.com' },
    path: '/rate_limit',
    lacks: ({ headers }) => {
      // Only classic tokens tell their scopes: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
      const scopes = headers['x-oauth-scopes']?.split(',').map((scope) => scope.trim())
      if (scopes === undefined || (scopes.includes('repo') && scopes.includes('workflow'))) return undefined
      return `it has the scopes ${scopes.filter((scope) => scope !== '').join(', ') || 'none'}, and needs repo and workflow`
    },
  },
  FunctionSet: {
    name: 'netlify',
    variables: ['NETLIFY_AUTH_TOKEN'],
    address: { variable: 'NETLIFY_API_URL', usual: 'https://api.netlify.com/api/v1' },
    path: '/user',
    lacks: () => undefined,
  },
})

/** The tokens of the vendors that the manifests need, and their clocks against ours. */
export async function examineVendors(options: {
  readonly kinds: ReadonlySet<string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<readonly DoctorFinding[]> {
  const needed = Object.entries(vendors).filter(([kind]) => options.kinds.has(kind))
  const findings = await Promise.all(needed.map(([, vendor]) => examine(vendor, options)))
  return findings.flat()
}

async function examine(
  vendor: Vendor,
  { env, clock, signal }: Parameters<typeof examineVendors>[0],
): Promise<readonly DoctorFinding[]> {
  const { name, variables, address, path, lacks } = vendor
  const variable = variables.find((each) => (env[each] ?? '') !== '')
  const set = variables.join(' or ')
  const base = env[address.variable] || address.usual
  if (variable === undefined) {
    const message = `no token: ${set} is not set here (an App, or a token that the Fleet names, is not looked at)`
    return [{ check: name, verdict: 'warning', message, cure: `set ${set} where reconcile runs` }]
  }
  const askedAt = clock.now()
  let answer: VendorAnswer
  try {
    answer = await askVendor(base.replace(/\/$/, '') + path, {
      token: env[variable],
      signal,
      timeout: patience,
    })
  } catch (error) {
    if (signal.aborted) throw error
    const message = `${host(base)} could not be reached, so nothing is known of the token in ${variable}`
    return [
      {
        check: name,
        verdict: 'unknown',
        message,
        cure: "look at the network, a proxy, or the vendor's status page",
      },
    ]
  }
  return [
    tokenFinding(vendor, { answer, variable, lack: lacks(answer), base }),
    ...skewFindings(name, answer, askedAt),
  ]
}

function tokenFinding(
  { name }: Vendor,
  {
    answer,
    variable,
    lack,
    base,
  }: {
    readonly answer: VendorAnswer
    readonly variable: string
    readonly lack: string | undefined
    readonly base: string
  },
): DoctorFinding {
  if (answer.status === 401 || answer.status === 403) {
    const message = `${host(base)} refuses the token in ${variable} (${answer.status})`
    return {
      check: name,
      verdict: 'error',
      message,
      cure: 'make a new token and set it; the old one is wrong, expired or revoked',
    }
  }
  if (answer.status >= 300) {
    const message = `${host(base)} answered ${answer.status}, so nothing is known of the token in ${variable}`
    return { check: name, verdict: 'unknown', message, cure: 'try again later' }
  }
  if (lack !== undefined) {
    const message = `the token in ${variable} is not enough: ${lack}`
    return {
      check: name,
      verdict: 'error',
      message,
      cure: 'give the token what it lacks, or make one that has it',
    }
  }
  const ends = answer.headers['github-authentication-token-expiration']
  return {
    check: name,
    verdict: 'fine',
    message: `${host(base)} knows the token in ${variable}${ends === undefined ? '' : `; it expires ${ends}`}`,
    cure: undefined,
  }
}

function skewFindings(name: string, { date }: VendorAnswer, askedAt: number): readonly DoctorFinding[] {
  if (date === undefined) return []
  const skew = date - askedAt
  const seconds = Math.round(Math.abs(skew) / 1000)
  if (Math.abs(skew) < skewLimit) {
    return [{ check: 'clock', verdict: 'fine', message: `within ${seconds} s of ${name}'s`, cure: undefined }]
  }
  return [
    {
      check: 'clock',
      verdict: 'warning',
      message: `this machine's clock is ${seconds} s ${skew > 0 ? 'behind' : 'ahead of'} ${name}'s`,
      cure: '`timedatectl set-ntp true`, or any other time service',
    },
  ]
}

function host(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address
}
