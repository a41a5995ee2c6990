import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { shaped } from './shape.ts'

/** A GitHub App as GitHub knows it. */
interface SimulatedApp {
  readonly id: string
  readonly publicKey: KeyObject
}

interface SimulatedInstallation {
  readonly id: number
  readonly app: string
  /** Owner of the repositories that it is installed for, lower-case. */
  readonly owner: string
}

interface AppAnswer {
  readonly status: number
  readonly body: unknown
}

/** A private key of an App, PEM. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
}

/** Whose limit a call with this token counts against. */
export function accountOf(token: string): string {
  const [, installation] = /^ghs_(\d+)_/.exec(token) ?? []
  return installation === undefined ? token : `installation-${installation}`
}

/** Calls that are made as an App, and not as one of its installations. */
export const appRoutes = Object.freeze([
  { name: 'getInstallation', method: 'GET', path: '/repos/{owner}/{repo}/installation' },
  { name: 'mintToken', method: 'POST', path: '/app/installations/{installation_id}/access_tokens' },
])

const refused = (status: number, message: string): AppAnswer => ({ status, body: { message } })

/** The Apps, and the tokens that they were given. */
export class SimulatedApps {
  readonly #apps: SimulatedApp[] = []
  readonly #installations: SimulatedInstallation[] = []
  readonly #tokens: Set<string>
  readonly #now: () => number
  #lastInstallation = 99
  #minted = 0
  /** Milliseconds that a token holds. */
  life = 3_600_000

  constructor(tokens: Set<string>, now: () => number) {
    this.#tokens = tokens
    this.#now = now
  }

  /** Makes an App that is installed for an owner; its private key, PEM: a new one, unless one is given. */
  add(id: string, owner: string, key = newPrivateKey()): string {
    this.#apps.push({ id, publicKey: createPublicKey(key) })
    this.install(id, owner)
    return key
  }

  /** Installs an App for an owner; the number of the installation, which is another one each time. */
  install(id: string, owner: string): number {
    this.#lastInstallation += 1
    this.#installations.push({ id: this.#lastInstallation, app: id, owner: owner.toLowerCase() })
    return this.#lastInstallation
  }

  /** Takes an App away from an owner, with the tokens of that installation. */
  uninstall(id: string, owner: string): void {
    const index = this.#installations.findIndex((one) => one.app === id && one.owner === owner.toLowerCase())
    const [gone] = index < 0 ? [] : this.#installations.splice(index, 1)
    for (const token of this.#tokens)
      if (gone && token.startsWith(`ghs_${gone.id}_`)) this.#tokens.delete(token)
  }

  /** Whether a token may see repositories of an owner: that of an installation sees its own alone. */
  maySee(token: string, owner: string): boolean {
    const found = this.#installations.find(({ id }) => accountOf(token) === `installation-${id}`)
    return !found || found.owner === owner.toLowerCase()
  }

  /** What GitHub answers to a call as an App. */
  answer(call: {
    readonly route: string
    readonly params: Readonly<Record<string, string>>
    readonly authorization: string
  }): AppAnswer {
    const app = this.#appOf(call.authorization)
    if (!app) return refused(401, 'A JSON web token could not be decoded')
    const own = this.#installations.filter(({ app: id }) => id === app.id)
    if (call.route === 'getInstallation') {
      const found = own.find(({ owner }) => owner === call.params.owner?.toLowerCase())
      if (!found) return refused(404, 'Not Found')
      return {
        status: 200,
        body: shaped('installation', {
          id: found.id,
          app_id: 1,
          account: shaped('simple-user', { login: found.owner }),
        }),
      }
    }
    const found = own.find(({ id }) => String(id) === call.params.installation_id)
    if (!found) return refused(404, 'Not Found')
    this.#minted += 1
    const token = `ghs_${found.id}_${this.#minted}`
    this.#tokens.add(token)
    const end = new Date(this.#now() + this.life).toISOString()
    return { status: 201, body: { token, expires_at: `${end.slice(0, 19)}Z`, permissions: {} } }
  }

  /** Whose token it is, if it is signed by him and holds now. */
  #appOf(authorization: string): SimulatedApp | undefined {
    const [head = '', claims = '', signature = ''] = authorization.replace(/^Bearer /, '').split('.')
    let read: { readonly iss?: unknown; readonly iat?: unknown; readonly exp?: unknown }
    try {
      read = JSON.parse(Buffer.from(claims, 'base64url').toString()) as typeof read
    } catch {
      return undefined
    }
    const { iss, iat, exp } = read
    const now = this.#now() / 1000
    if (typeof iat !== 'number' || typeof exp !== 'number') return undefined
    if (iat > now || exp < now || exp - iat > 660) return undefined
    const app = this.#apps.find(({ id }) => id === iss)
    const bytes = Buffer.from(`${head}.${claims}`)
    return app && verify('RSA-SHA256', bytes, app.publicKey, Buffer.from(signature, 'base64url'))
      ? app
      : undefined
  }
}
