import { AnswerTooLarge } from '../../clients/net/http-line.ts'
import type { VendorAnswer } from '../../clients/vendor/probe.ts'
import { UnreadableAnswer } from '../../clients/vendor/unreadable-answer.ts'
import type { Clock } from '../../core/clock.ts'
import type { FleetSettings } from '../../core/fleet.ts'
import type { SecretMask } from '../../core/secret-mask.ts'
import type { DoctorFinding } from '../../reports/doctor-text.ts'

/** Milliseconds that a vendor has. */
export const patience = 10_000
/** Milliseconds of difference from which on schedules and tokens go wrong. */
const skewLimit = 30_000
/** Repositories and sites that are asked about at most: each costs a call or two. */
export const mostAsked = 20

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

/** What both vendors are examined with. */
export interface Examination extends VendorNeeds {
  readonly clock: Clock
  /** What must not be seen of what vendors say. */
  readonly mask?: SecretMask
  readonly signal: AbortSignal
}

export const names = Object.freeze({
  github: { variables: 'GITHUB_TOKEN or GH_TOKEN', usual: 'https://api.github.com' },
  netlify: { variables: 'NETLIFY_AUTH_TOKEN', usual: 'https://api.netlify.com/api/v1' },
})

/** A vendor's own answer to the first question, and when he was asked. */
export interface Asked {
  readonly answer: VendorAnswer
  /** Epoch milliseconds, by our clock. */
  readonly askedAt: number
}

/** Asks the first question, on which all others hang; what came of it where it was no answer of his. */
export async function ask(
  send: () => Promise<VendorAnswer>,
  about: {
    readonly check: string
    readonly base: string
    readonly what: string
    readonly clock: Clock
    readonly signal: AbortSignal
  },
): Promise<Asked | DoctorFinding> {
  const { check, base, what, clock, signal } = about
  const askedAt = clock.now()
  try {
    return { answer: await send(), askedAt }
  } catch (error) {
    if (signal.aborted) throw error
    const cure = "look at the network, a proxy, or the vendor's status page"
    const isForeign = error instanceof UnreadableAnswer || error instanceof AnswerTooLarge
    const message = isForeign
      ? `nothing is known of ${what}: ${error.message}`
      : `${hostOf(base)} could not be reached, so nothing is known of ${what}`
    return { check, verdict: 'unknown', message, cure }
  }
}

export function fine(check: string, message: string): DoctorFinding {
  return { check, verdict: 'fine', message, cure: undefined }
}

export function missing(vendor: 'github' | 'netlify'): DoctorFinding {
  const { variables } = names[vendor]
  const message = `no token: ${variables} is not set here, and the Fleet names none`
  return { check: vendor, verdict: 'warning', message, cure: `set ${variables} where reconcile runs` }
}

/** What a command would print is not asked for here: looking runs nothing. */
export function unread(check: string, what: string, source: string): DoctorFinding {
  if (source.startsWith('fromCommand')) {
    const message = `${what} comes from a command (${source}), which is not run to look`
    return { check, verdict: 'unknown', message, cure: '`reconcile doctor --run-commands` runs it' }
  }
  const message = `${what} could not be read (${source})`
  return { check, verdict: 'error', message, cure: 'set it where reconcile runs, or correct the Fleet' }
}

export function refusal(
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

export function skewFindings(name: string, { answer, askedAt }: Asked): readonly DoctorFinding[] {
  const date = Date.parse(answer.headers.date ?? '')
  if (Number.isNaN(date)) return []
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

export function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address
}
