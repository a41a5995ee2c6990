import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { shaped } from './shape.ts'

/** A GitHub App as GitHub knows it. */
interface SimulatedApp {
  readonly id: string
  readonly installation: number
  /** Owner of the repositories that it is installed for, lower-case. */
  readonly owner: string
  readonly publicKey: KeyObject
}

interface AppAnswer {
  readonly status: number
  readonly body: unknown
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
  readonly #tokens: Set<string>
  readonly #now: () => number
  /** Milliseconds that a token holds. */
  life = 3_600_000

  constructor(tokens: Set<string>, now: () => number) {
    this.#tokens = tokens
    this.#now = now
  }

  /** Makes an App that is installed for an owner; its private key, PEM. */
  add(id: string, owner: string): string {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const publicKey = createPublicKey(privateKey)
    this.#apps.push({ id, owner: owner.toLowerCase(), installation: 100 + this.#apps.length, publicKey })
    return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  }

  /** What GitHub answers to a call as an App. */
  answer(call: {
    readonly route: string
    readonly params: Readonly<Record<string, string>>
    readonly authorization: string
  }): AppAnswer {
    const app = this.#appOf(call.authorization)
    if (!app) return refused(401, 'A JSON web token could not be decoded')
    if (call.route === 'getInstallation') {
      if (call.params.owner?.toLowerCase() !== app.owner) return refused(404, 'Not Found')
      return { status: 200, body: shaped('installation', { id: app.installation, app_id: 1 }) }
    }
    if (call.params.installation_id !== String(app.installation)) return refused(404, 'Not Found')
    const token = `ghs_${app.id}_${this.#tokens.size}`
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
