import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import { isFields } from '../../core/fields.ts'
import type { Secret } from '../../core/secret.ts'
import type { SecretMask } from '../../core/secret-mask.ts'
import { VendorClock } from '../vendor/vendor-clock.ts'
import { Budget } from './budget.ts'
import type { Authorization, Credential } from './credential.ts'
import { failureOf, requestBehind, saidBy } from './failure.ts'
import { GithubLine } from './line.ts'
import { nameOfRepository, type Repository } from './repository.ts'

/** A GitHub App that acts in the repositories in which it is installed. */
export interface AppOptions {
  /** Its id, or its client id. */
  readonly id: string
  /** Undefined: that of the repository's owner is looked for. */
  readonly installation: string | undefined
  /** As GitHub gives it, PEM. */
  readonly privateKey: Secret
  readonly apiUrl: string
  readonly clock: Clock
  readonly userAgent: string
  /** Is told of each token that is made. */
  readonly mask?: SecretMask | undefined
}

const times = Object.freeze({
  /** Milliseconds that a proof of who we are begins in the past, as GitHub advises for clocks that differ. */
  early: 60_000,
  /** Milliseconds that it holds; GitHub takes ten minutes at most. */
  proof: 540_000,
  /** Milliseconds before its end at which a token is not used any more. */
  spare: 300_000,
  /** Milliseconds within which a new token is not asked for again: one that is refused at once, all are. */
  renewal: 30_000,
  /** Milliseconds for one request. */
  request: 10_000,
})

interface Installation {
  readonly id: string
  /** Whose it is, lower-case. */
  readonly owner: string
  /** What it was looked up for, lower-case. */
  readonly name: string
}

interface Token {
  readonly authorization: Authorization
  /** Epoch milliseconds. */
  readonly until: number
}

/** The credential of a GitHub App: a token an installation, made when it is needed and kept until it ends. */
export function appCredential(options: AppOptions): Credential {
  return new AppCredential(options)
}

class AppCredential implements Credential {
  readonly digest: string
  readonly #options: AppOptions
  readonly #tokens = new Map<string, Promise<Token>>()
  /** By owner; by `owner/name` where a repository is of another owner by now. */
  readonly #installations = new Map<string, Promise<Installation>>()
  readonly #dropped = new WeakSet<Authorization>()
  /** When each was made, epoch milliseconds. */
  readonly #mintedAt = new WeakMap<Authorization, number>()
  readonly #vendorClock: VendorClock
  /** Of the App itself, which asks for tokens. */
  readonly #budget: Budget
  readonly #line: GithubLine
  #key: KeyObject | undefined

  constructor(options: AppOptions) {
    this.#options = options
    this.digest = `app-${options.id}-${options.installation ?? ''}`
    this.#vendorClock = new VendorClock(options.clock)
    this.#budget = new Budget(options.clock, this.#vendorClock)
    this.#line = new GithubLine(options.apiUrl)
  }

  async authorize(repository: Repository | undefined, signal: AbortSignal): Promise<Authorization> {
    const declared = this.#options.installation
    if (declared !== undefined) return this.#tokenOf(declared, signal)
    if (!repository) {
      throw new ReconcileError('Internal', 'Cannot tell which installation of the App is meant')
    }
    const found = await this.#installationOf(repository, signal)
    const installation = found.id
    try {
      return await this.#tokenOf(installation, signal)
    } catch (error) {
      // The App was taken away, and perhaps installed anew, under another number.
      const isGone = requestBehind(error)?.status === 404
      if (!isGone) throw error
      await this.#forgetInstallation(found)
      const { id: another } = await this.#installationOf(repository, signal)
      if (another === installation) throw error
      return this.#tokenOf(another, signal)
    }
  }

  drop(refused: Authorization): boolean {
    if (this.#options.clock.now() - (this.#mintedAt.get(refused) ?? 0) < times.renewal) return false
    this.#dropped.add(refused)
    this.#installations.clear()
    return true
  }

  async #tokenOf(installation: string, signal: AbortSignal): Promise<Authorization> {
    for (;;) {
      const making = this.#tokens.get(installation)
      if (!making) {
        const made = await once(this.#tokens, installation, () => this.#mint(installation, signal))
        return made.authorization
      }
      const { until, authorization } = await making
      const isFresh = until - this.#options.clock.now() > times.spare
      if (isFresh && !this.#dropped.has(authorization)) return authorization
      if (this.#tokens.get(installation) === making) this.#tokens.delete(installation)
    }
  }

  async #forgetInstallation(gone: Installation): Promise<void> {
    for (const [key, finding] of this.#installations) {
      const known = await finding.catch(() => undefined)
      if (known === gone && this.#installations.get(key) === finding) this.#installations.delete(key)
    }
  }

  /** One look-up an owner. What a repository was given to another owner with says nothing of those that he kept. */
  async #installationOf(repository: Repository, signal: AbortSignal): Promise<Installation> {
    const owner = repository.owner.toLowerCase()
    const name = nameOfRepository(repository).toLowerCase()
    const ofOwner = await this.#lookUp(owner, repository, signal)
    return ofOwner.owner === owner || ofOwner.name === name ? ofOwner : this.#lookUp(name, repository, signal)
  }

  #lookUp(key: string, repository: Repository, signal: AbortSignal): Promise<Installation> {
    return (
      this.#installations.get(key) ??
      once(this.#installations, key, async () => {
        const path = `/repos/${encodeURIComponent(repository.owner)}/${encodeURIComponent(repository.repo)}/installation`
        const name = nameOfRepository(repository)
        const what = `find the installation of App ${this.#options.id} for ${name}`
        const { id, account } = await this.#ask('GET', path, { what, signal })
        if (typeof id !== 'number') throw invalid(what)
        return {
          id: String(id),
          owner: loginIn(account) ?? repository.owner.toLowerCase(),
          name: name.toLowerCase(),
        }
      })
    )
  }

  async #mint(installation: string, signal: AbortSignal): Promise<Token> {
    const what = `get a token for installation ${installation} of App ${this.#options.id}`
    const path = `/app/installations/${encodeURIComponent(installation)}/access_tokens`
    const { token, expires_at: end } = await this.#ask('POST', path, { what, signal })
    const until = Date.parse(String(end))
    if (typeof token !== 'string' || !Number.isFinite(until)) throw invalid(what)
    this.#options.mask?.hold(`App ${this.#options.id}, installation ${installation}`, [token])
    const authorization = { header: `token ${token}`, account: `installation-${installation}` }
    this.#mintedAt.set(authorization, this.#options.clock.now())
    return { authorization, until }
  }

  /** Asks as the App itself. A token that was made and never arrived does no harm, so nothing here is a write. */
  async #ask(
    method: 'GET' | 'POST',
    path: string,
    { what, signal }: { readonly what: string; readonly signal: AbortSignal },
  ): Promise<Readonly<Record<string, unknown>>> {
    const { apiUrl, userAgent, clock } = this.#options
    const proof = this.#prove()
    // What waits for a token may be a write: nothing of what is left is kept from it.
    this.#budget.assertMay('write')
    const end = this.#budget.begin()
    try {
      const askedAt = clock.now()
      const request = {
        method,
        url: apiUrl + path,
        headers: {
          accept: 'application/vnd.github+json',
          'x-github-api-version': '2022-11-28',
          'user-agent': userAgent,
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(times.request)]),
      }
      const answer = await this.#line.send(request, `Bearer ${proof}`)
      const { status, headers, data } = answer
      const limited = { status, headers, askedAt }
      this.#budget.learn(limited)
      this.#vendorClock.learn(headers.date, askedAt)
      const failed = { status, response: answer }
      const fault = this.#budget.refusal({ ...limited, message: saidBy(failed) }) ?? answer.fault
      if (fault) throw fault
      if (status >= 300) throw failureOf(failed, { what, isWrite: false, mask: this.#options.mask })
      if (!isFields(data)) throw invalid(what)
      return data
    } catch (error) {
      if (error instanceof ReconcileError) throw error
      signal.throwIfAborted()
      throw failureOf({ cause: error }, { what, isWrite: false })
    } finally {
      end()
    }
  }

  /** A JSON Web Token, RS256: see docs.github.com, "Generating a JSON Web Token for a GitHub App". */
  #prove(): string {
    const { id, privateKey, clock } = this.#options
    try {
      this.#key ??= createPrivateKey(privateKey.reveal())
    } catch (error) {
      throw new ReconcileError(
        'CredentialsRefused',
        `Could not use the private key of App ${id} (${privateKey.source}): it is not a key in PEM form`,
        { cause: error },
      )
    }
    const now = clock.now()
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const seconds = (time: number) => Math.floor(time / 1000)
    const claims = { iat: seconds(now - times.early), exp: seconds(now + times.proof), iss: id }
    const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), this.#key).toString('base64url')}`
  }
}

function loginIn(account: unknown): string | undefined {
  const login =
    account !== null && typeof account === 'object' && 'login' in account ? account.login : undefined
  return typeof login === 'string' ? login.toLowerCase() : undefined
}

function invalid(what: string): ReconcileError {
  return new ReconcileError('RemoteAnswerInvalid', `Could not ${what}: what GitHub answered cannot be read`)
}

/** Who comes while it is made waits for the same; what failed is tried anew by the next. */
function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const making: Promise<T> = make().catch((error: unknown) => {
    if (made.get(key) === making) made.delete(key)
    throw error
  })
  made.set(key, making)
  return making
}
