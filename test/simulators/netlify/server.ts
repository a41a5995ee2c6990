import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Faults } from '../fault-switches.ts'
import { Contract } from './contract.ts'
import type { FaultKind } from './faults.ts'
import { pageOf } from './page.ts'
import { Rate } from './rate.ts'
import { type Answer, type Route, tooMany } from './route.ts'
import { routes } from './routes.ts'
import { Runtime } from './runtime.ts'
import { type SimulatedDeploy, SimulatedSite, type SiteOptions } from './world.ts'

/** One call as it came, for a test to look at. */
export interface SeenCall {
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly status: number
}

/** Where a test may step in: before a call has its effect, and after that before it is answered. */
export type Hook = (at: {
  readonly operation: string
  readonly phase: 'received' | 'done'
}) => Promise<void> | void

/** Calls a minute that Netlify takes of one credential. */
const callsAMinute = 500

/** Netlify in miniature, on loopback: digest deploys, functions that are really run, and faults by switch. */
export class NetlifySimulator {
  readonly sites: SimulatedSite[] = []
  /** Teams that the credentials see. */
  readonly accounts = ['acme']
  readonly faults = new Faults<FaultKind>()
  readonly calls: SeenCall[] = []
  /** What the answers break of Netlify's description; a test ends with none. */
  readonly violations: string[] = []
  readonly tokens = new Set(['test-token'])
  /** Credentials that arrived where a site is served: there must be none. */
  readonly leaks: string[] = []
  hook: Hook | undefined
  readonly #rate: Rate
  readonly #server: Server
  readonly #served: Server[] = []
  readonly #sockets = new Set<Socket>()
  readonly #contract = new Contract()
  readonly #runtime = new Runtime()
  readonly #waiting = new Set<() => void>()

  private constructor(server: Server, limit: number) {
    this.#server = server
    this.#rate = new Rate(limit)
  }

  /** Listens on a port of loopback (default: any), and takes so many calls a minute (default: as many as Netlify). */
  static async start(
    options: { readonly port?: number; readonly callsAMinute?: number } = {},
  ): Promise<NetlifySimulator> {
    const server = createServer()
    const simulator = new NetlifySimulator(server, options.callsAMinute ?? callsAMinute)
    server.on('request', (request, response) => {
      simulator.#handle(request, response).catch((error: unknown) => {
        simulator.violations.push(String(error))
        response.destroy()
      })
    })
    await simulator.#listen(server, options.port ?? 0)
    return simulator
  }

  /** Of the API. */
  get url(): string {
    return `${addressOf(this.#server)}/api/v1`
  }

  /** A new site, served at a port of its own (default: any). */
  async addSite(
    name: string,
    options: SiteOptions & { readonly port?: number } = {},
  ): Promise<SimulatedSite> {
    const site = new SimulatedSite(name, options)
    const server = createServer((request, response) => {
      this.#serve(site, request, response).catch(() => response.destroy())
    })
    this.#served.push(server)
    await this.#listen(server, options.port ?? 0)
    site.url = addressOf(server)
    this.sites.push(site)
    return site
  }

  /** As if so much time had gone by: limits count by the minute. */
  age(milliseconds: number): void {
    this.#rate.age(milliseconds)
    for (const site of this.sites) site.age(milliseconds)
  }

  /** As if so much were left of the minute by which calls are counted, however long the test took until then. */
  endMinuteIn(milliseconds: number): void {
    this.#rate.endIn(milliseconds)
  }

  callsTo(operation: string): readonly SeenCall[] {
    return this.calls.filter((call) => call.operation === operation)
  }

  /** Calls that changed something, or would have. */
  writes(): readonly SeenCall[] {
    return this.calls.filter(({ method }) => method !== 'GET')
  }

  async close(): Promise<void> {
    for (const wake of this.#waiting) wake()
    for (const socket of this.#sockets) socket.destroy()
    const servers = [this.#server, ...this.#served]
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
    await this.#runtime.close()
  }

  async #listen(server: Server, port: number): Promise<void> {
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  }

  /** The published site as a visitor sees it. */
  async #serve(site: SimulatedSite, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== undefined) this.leaks.push(request.headers.authorization)
    const { pathname } = new URL(request.url ?? '/', site.url)
    site.progress()
    const deploy = site.published
    const name = deploy && functionAt(deploy, pathname)
    const zip = name === undefined ? undefined : site.zips.get(deploy?.functions[name] ?? '')
    if (deploy && name !== undefined && zip) {
      const url = `${site.url}${request.url}`
      const { status, body } = await this.#runtime.invoke(zip, { name, url, env: deploy.env })
      // Who asks for work in the background is told that it was begun, and nothing of how it went.
      const isBackground = site.runtimes.get(name)?.mode === 'background'
      response.writeHead(isBackground ? 202 : status).end(isBackground ? undefined : body)
      return
    }
    const file = site.blobs.get(deploy?.files[pathname === '/' ? '/index.html' : pathname] ?? '')
    response.writeHead(file ? 200 : 404).end(file ?? 'Not Found')
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator')
    const path = url.pathname.replace(/^\/api\/v1/, '')
    const method = request.method ?? 'GET'
    const bytes = await readBody(request)
    const matched = match(method, path)
    const operation = matched?.route.operation ?? 'unknown'
    await this.hook?.({ operation, phase: 'received' })
    const isTaken = this.#rate.take()
    const fault = this.faults.take(operation)
    const portal = portalAnswers[fault ?? '']
    if (portal) return void response.writeHead(portal.status, portal.headers).end(loginPage)
    if (fault === 'hang') return new Promise((resolve) => this.#waiting.add(resolve))
    if (fault === 'cut') return void request.socket.destroy()
    const early = !isTaken ? tooMany : fault === 'echo' ? echoOf(request, bytes) : earlyAnswer(fault)
    const whole = early ?? this.#answer(request, { matched, query: url.searchParams, bytes, fault })
    const { link, ...paged } = pageOf(whole, { method, url })
    let answer = paged
    if (!early) await this.hook?.({ operation, phase: 'done' })
    this.calls.push({ operation, method, path, status: fault === 'cut-after' ? 0 : answer.status })
    if (fault === 'cut-after') return void request.socket.destroy()
    if ((fault === undefined || fault === 'stale-list') && matched && answer.status < 400) {
      const { status, body } = answer
      this.violations.push(...this.#contract.faultsOf({ path: matched.route.path, method, status, body }))
    }
    if (fault === '502-after') answer = { status: 502, body: { message: 'Bad Gateway' } }
    if (fault === 'wrong-shape') answer = { status: 200, body: { hello: 'there' } }
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      ...(link !== undefined && { link }),
      'x-ratelimit-limit': String(this.#rate.limit),
      'x-ratelimit-remaining': String(fault === '429' ? 0 : this.#rate.remaining),
      'x-ratelimit-reset': String(Math.ceil(this.#rate.resetAt / 1000)),
    })
    if (fault === 'malformed') response.end('{"id": ')
    else response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
  }

  #answer(
    request: IncomingMessage,
    call: {
      readonly matched: Matched | undefined
      readonly query: URLSearchParams
      readonly bytes: Buffer
      readonly fault: FaultKind | undefined
    },
  ): Answer {
    const { matched, query, bytes, fault } = call
    const token = (request.headers.authorization ?? '').replace(/^bearer /i, '')
    if (!this.tokens.has(token)) return { status: 401, body: { code: 401, message: 'Access Denied' } }
    if (!matched) return { status: 404, body: { code: 404, message: 'Not Found' } }
    const { params, route } = matched
    for (const one of this.sites) one.progress()
    const isNamed = (site: SimulatedSite) =>
      site.id === params.site_id ||
      `${site.name}.netlify.app` === params.site_id ||
      site.name === params.site_id
    const bySite = this.sites.find(isNamed)
    const site = bySite ?? this.sites.find(({ deploys }) => deploys.some(({ id }) => id === params.deploy_id))
    const isJson = request.headers['content-type']?.startsWith('application/json') === true
    return route.answer({
      sites: this.sites,
      accounts: this.accounts,
      site,
      deploy: site?.deploys.find(({ id }) => id === params.deploy_id),
      params,
      query,
      json: (isJson && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : {}) as Readonly<
        Record<string, unknown>
      >,
      bytes,
      isStale: fault === 'stale-list',
      failsProcessing: fault === 'deploy-error',
    })
  }
}

function echoOf(request: IncomingMessage, bytes: Buffer): Answer {
  const { authorization = '' } = request.headers
  const message = `Not taken: ${bytes.toString('utf8')} ${bytes.toString('base64')} ${authorization}`
  return { status: 422, body: { code: 422, message } }
}

const loginPage = '<!doctype html><title>Log in</title>'
const portalAnswers: Readonly<
  Record<string, { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined>
> = {
  page: { status: 200, headers: { 'content-type': 'text/html' } },
  'page-404': { status: 404, headers: { 'content-type': 'text/html' } },
  astray: { status: 302, headers: { location: 'http://127.0.0.1:9/login' } },
}

function earlyAnswer(fault: FaultKind | undefined): Answer | undefined {
  if (fault === '500') return { status: 500, body: { code: 500, message: 'Internal Server Error' } }
  if (fault === '429') return tooMany
  if (fault === 'forbidden') return { status: 403, body: { code: 403, message: 'Forbidden' } }
  return undefined
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/**
 * The function that answers at an address. One with paths of its own answers there alone ("config.path replaces the
 * default URL", Netlify's knowledge base), and one with a schedule answers nobody (https://github.com/netlify/cli/pull/3689).
 */
function functionAt({ config, schedules }: SimulatedDeploy, pathname: string): string | undefined {
  const routed = Object.entries(config).find(([, { routes: own }]) =>
    own?.some(({ literal }) => literal === pathname),
  )?.[0]
  const name = routed ?? /^\/\.netlify\/functions\/([^/]+)/.exec(pathname)?.[1]
  const isElsewhere = routed === undefined && (config[name ?? '']?.routes?.length ?? 0) > 0
  return isElsewhere || schedules.some((one) => one.name === name) ? undefined : name
}

interface Matched {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

const patterns = routes.map((route) => ({
  route,
  // Paths of files hold slashes; all other parts do not.
  pattern: new RegExp(
    `^${route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'path' ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`))}$`,
  ),
}))

function match(method: string, path: string): Matched | undefined {
  for (const { route, pattern } of patterns) {
    const found = route.method === method ? pattern.exec(path) : null
    if (found) {
      const params = Object.entries(found.groups ?? {}).map(([name, value]) => [
        name,
        decodeURIComponent(value),
      ])
      return { route, params: Object.fromEntries(params) as Record<string, string> }
    }
  }
  return undefined
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
