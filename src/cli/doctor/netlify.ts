import { openNetlify } from '../../clients/netlify/open.ts'
import { askNetlify } from '../../clients/netlify/question.ts'
import { messageOf } from '../../core/errors.ts'
import type { DoctorFinding } from '../../reports/doctor-text.ts'
import {
  ask,
  type Examination,
  fine,
  hostOf,
  missing,
  mostAsked,
  names,
  patience,
  refusal,
  skewFindings,
  unread,
} from './vendor-findings.ts'

/** The token of Netlify, and which of the sites it sees. */
export async function examineNetlify(examination: Examination): Promise<readonly DoctorFinding[]> {
  const { fleet, sites, clock, mask, signal } = examination
  const { token, apiUrl } = fleet.netlify
  const base = (apiUrl ?? names.netlify.usual).replace(/\/+$/, '')
  const check = 'netlify'
  if (token === undefined) return [missing(check)]
  if (!token.isRead) return [unread(check, 'the token', token.source)]
  const what = `the token (${token.source})`
  const authorization = `Bearer ${token.reveal()}`
  const asked = await ask(
    () => askNetlify('/user', { apiUrl: base, authorization, signal, timeout: patience }),
    { check, base, what, clock, signal },
  )
  if (!('answer' in asked)) return [asked]
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
