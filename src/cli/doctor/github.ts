import { appCredential } from '../../clients/github/app-credential.ts'
import { type Credential, tokenCredential } from '../../clients/github/credential.ts'
import { askGithub } from '../../clients/github/question.ts'
import { repositoryOf } from '../../clients/github/repository.ts'
import type { VendorAnswer } from '../../clients/vendor/probe.ts'
import { messageOf } from '../../core/errors.ts'
import { type Fields, isFields } from '../../core/fields.ts'
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

/** The token or App of GitHub, and what it may see of each repository. */
export async function examineGithub(examination: Examination): Promise<readonly DoctorFinding[]> {
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
  const authorization = `Bearer ${token.reveal()}`
  const asked = await ask(
    () => askGithub('/rate_limit', { apiUrl: base, authorization, signal, timeout: patience }),
    { check: 'github', base, what, clock, signal },
  )
  if (!('answer' in asked)) return [asked]
  // GitHub Enterprise answers 404 where it limits no calls, "Rate limiting is not enabled.", after it looked at the token.
  const isUnlimited = asked.answer.status === 404
  const refused = isUnlimited ? undefined : refusal('github', asked.answer, { base, what })
  const fault = refused ?? scopesLacking(asked.answer, what)
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
        askGithub(`/repos/${repository}${path}`, {
          apiUrl: base,
          authorization: header,
          signal,
          timeout: patience,
        })
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
  const { full_name: name } = whole.fields
  if (typeof name === 'string' && name.toLowerCase() !== repository.toLowerCase()) {
    const message = `GitHub calls the repository ${repository} ${name} now, and sends on who asks for it by the old name`
    const cure = 'correct `repository`: whoever takes the old name gets what is meant for this one'
    return { check, verdict: 'warning', message, cure }
  }
  if (!mayPush(whole.fields)) {
    const message = `${what} belongs to somebody who may only read ${repository}`
    const cure = 'give him write access, or use a token of somebody who has it'
    return { check, verdict: 'warning', message, cure }
  }
  return undefined
}

/** GitHub tells what the account may do in a repository; what it does not tell is not held against it. */
function mayPush({ permissions }: Fields): boolean {
  return !isFields(permissions) || permissions.push !== false
}
