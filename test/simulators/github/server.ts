import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Faults } from '../fault-switches.ts'
import { accountOf, appRoutes, SimulatedApps } from './apps.ts'
import { Contract } from './contract.ts'
import type { FaultKind } from './faults.ts'
import { listen, urlOf } from './listen.ts'
import { LogStore } from './log-store.ts'
import { Renderer } from './render.ts'
import type { Answer, Route } from './route.ts'
import { routes } from './routes.ts'
import { SimulatedWorld } from './world.ts'

/** One call as it came, for a test to look at. */
export interface SeenCall {
  readonly route: string
  readonly method: string
  readonly path: string
  readonly status: number
  /** Whether it counted against the limit. */
  readonly isCounted: boolean
  readonly apiVersion: string | undefined
}

/** Where a test may step in: before a call has its effect, and after that before it is answered. */
export type Hook = (at: {
  readonly route: string
  readonly path: string
  readonly phase: 'received' | 'done'
}) => Promise<void> | void

const hour = 3_600_000
/** Who calls without a token that is known, and how often he may in an hour. */
const anonymous = 'anonymous'
const anonymousLimit = 60

/** GitHub in miniature, on loopback: stateful, with ETags, limits, an index that lags, and faults by switch. */
export class GithubSimulator {
  readonly world = new SimulatedWorld()
  readonly faults = new Faults<FaultKind>()
  readonly calls: SeenCall[] = []
  /** What the answers break of GitHub's description; a test ends with none. */
  readonly violations: string[] = []
  /** Tokens that are known. */
  readonly tokens = new Set(['test-token'])
  readonly apps = new SimulatedApps(this.tokens, () => this.world.now())
  /** Milliseconds that filtered lists lag behind. */
  lag = 0
  limit = 5000
  /** GitHub Enterprise: its API is under `/api/v3`, and nothing is beside it. */
  isEnterprise = false
  /** Off: GitHub Enterprise without limits, which tells of none. */
  hasLimits = true
  /** Off where thousands of answers are measured rather than judged. */
  isJudged = true
  /** Off: GitHub Enterprise of before 2026-02, which refuses a dispatch that asks for its run. */
  tellsRuns = true
  hook: Hook | undefined
  /** The version whose answer a dispatch gets whatever was asked for; undefined: the one that was asked for. */
  dispatchVersion: string | undefined
  /** Another host. */
  readonly logs: LogStore
  /** By account: a token, or an installation of an App. */
  readonly #windows = new Map<string, { remaining: number; resetAt: number }>()
  #server: Server
  #sockets = new Set<Socket>()
  #render: Renderer
  readonly #contract = new Contract()
  readonly #waiting = new Set<() => void>()

  private constructor(server: Server, logs: LogStore) {
    this.#server = server
    this.logs = logs
    this.#render = new Renderer('')
  }

  /** Listens on a port of loopback (default: any), or on a Unix socket. */
  static async start(
    options: { readonly port?: number; readonly socket?: string } = {},
  ): Promise<GithubSimulator> {
    const server = createServer()
    const simulator = new GithubSimulator(server, await LogStore.start())
    server.on('connection', (socket) => {
      simulator.#sockets.add(socket)
      socket.on('close', () => simulator.#sockets.delete(socket))
    })
    server.on('request', (request, response) => {
      simulator.#handle(request, response).catch((error: unknown) => {
        simulator.violations.push(String(error))
        response.destroy()
      })
    })
    await listen(server, options)
    simulator.#render = new Renderer(simulator.url)
    return simulator
  }

  get url(): string {
    return urlOf(this.#server)
  }

  /** Calls that the test's own token has left. */
  get remaining(): number {
    return this.#window('test-token').remaining
  }

  set remaining(value: number) {
    this.setRemaining('test-token', value)
  }

  /** Sets what an account has left until an hour from now: a token, or `installation-<number>`. */
  setRemaining(account: string, value: number): void {
    const resetAt = Math.ceil((this.world.now() + hour) / 1000) * 1000
    this.#windows.set(account, { remaining: value, resetAt })
  }

  /** Calls by the name of their route. */
  callsTo(route: string): readonly SeenCall[] {
    return this.calls.filter((call) => call.route === route)
  }

  /** Calls that changed something, or would have. */
  writes(): readonly SeenCall[] {
    return this.calls.filter((call) => call.method !== 'GET')
  }

  async close(): Promise<void> {
    for (const wake of this.#waiting) wake()
    for (const socket of this.#sockets) socket.destroy()
    await this.logs.close()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator')
    // gh sends so to a host that is not github.com's, whoever answers there.
    const path = url.pathname.replace(/^\/api\/v3(?=\/)/, '')
    const method = request.method ?? 'GET'
    const body = await readBody(request)
    const isBeside = this.isEnterprise && path === url.pathname
    const matched = isBeside ? undefined : match(method, this.world.plainPathOf(path))
    const route = matched?.route.name ?? 'unknown'
    await this.hook?.({ route, path, phase: 'received' })
    const fault = this.faults.take(route)
    if (fault === 'hang') return this.#hang()
    if (fault === 'cut') return void request.socket.destroy()
    if (fault === 'endless') return sendForever(response)
    const early =
      fault === 'echo'
        ? echoOf(request, body)
        : fault === undefined
          ? this.#redirect(matched, method, url)
          : this.#earlyAnswer(fault, accountOfRequest(request))
    let answer = early ?? this.#answer(request, { matched, query: url.searchParams, body, fault })
    if (!early) await this.hook?.({ route, path, phase: 'done' })
    if (fault !== undefined && !early) answer = this.#spoil(fault, answer, matched?.route)
    if (fault === 'cut-after') {
      this.#log({ route, method, path, request, status: 0, isCounted: true })
      request.socket.destroy()
      return
    }
    this.#send(request, response, { matched, route, method, path, answer, isFaulty: fault !== undefined })
  }

  #answer(
    request: IncomingMessage,
    call: {
      readonly matched: Matched | undefined
      readonly query: URLSearchParams
      readonly body: unknown
      readonly fault: FaultKind | undefined
    },
  ): Answer {
    const { matched, query, body, fault } = call
    if (matched && !matched.route.answer) {
      const authorization = request.headers.authorization ?? ''
      return this.apps.answer({ route: matched.route.name, params: matched.params, authorization })
    }
    const token = tokenOf(request)
    if (!this.tokens.has(token)) {
      if (this.hasLimits && this.#window(anonymous).remaining <= 0) return this.#primaryLimit()
      return { status: 401, body: { message: 'Bad credentials', status: '401' } }
    }
    if (this.hasLimits && this.#window(accountOf(token)).remaining <= 0) return this.#primaryLimit()
    if (!matched?.route.answer) return { status: 404, body: { message: 'Not Found', status: '404' } }
    const repository = this.world.repositories.get(
      `${matched.params.owner}/${matched.params.repo}`.toLowerCase(),
    )
    if (!repository || !this.apps.maySee(token, repository.owner)) {
      return { status: 404, body: { message: 'Not Found', status: '404' } }
    }
    repository.advance()
    return matched.route.answer({
      world: this.world,
      render: this.#render,
      repository,
      params: matched.params,
      query: fault === 'unfiltered' ? new URLSearchParams({ state: 'all' }) : query,
      body: (body ?? {}) as Readonly<Record<string, unknown>>,
      apiVersion: this.dispatchVersion ?? String(request.headers['x-github-api-version'] ?? '2022-11-28'),
      tellsRuns: this.tellsRuns,
      lag: this.lag,
      showsOlderAttempts: fault === 'older-attempt',
      store: (text) => this.logs.put(text),
    })
  }

  #earlyAnswer(fault: FaultKind, account: string): Answer | undefined {
    switch (fault) {
      case '500':
      case '502':
      case '503':
        return { status: Number(fault), body: { message: 'Server Error' } }
      case '429':
        return { status: 429, body: { message: 'Too many requests' }, headers: { 'retry-after': '60' } }
      case '429-bare':
        return { status: 429, body: { message: 'Too many requests' } }
      case 'secondary':
        return {
          status: 403,
          body: { message: 'You have exceeded a secondary rate limit. Please wait a few minutes.' },
        }
      case 'primary':
        this.setRemaining(account, 0)
        return this.#primaryLimit()
      case 'forbidden':
        return {
          status: 403,
          body: { message: 'Resource not accessible by personal access token', status: '403' },
          headers: { 'x-accepted-github-permissions': 'actions=write' },
        }
      case 'page':
      case 'page-404':
        return { status: fault === 'page' ? 200 : 404, body: page, headers: { 'content-type': 'text/html' } }
      case 'astray':
        return { status: 302, headers: { location: this.logs.put(page) } }
      default:
        return undefined
    }
  }

  /** As GitHub answers to a name of before: reads 301, all else 307 (18F/charlie#85), both to the repository's number. */
  #redirect(matched: Matched | undefined, method: string, { pathname, search }: URL): Answer | undefined {
    const { owner = '', repo = '' } = matched?.params ?? {}
    const isTaken = this.world.repositories.has(`${owner}/${repo}`.toLowerCase())
    const moved = isTaken ? undefined : this.world.movedFrom(`${owner}/${repo}`)
    if (!moved) return undefined
    const location =
      pathname.replace(`/repos/${owner}/${repo}`, `${this.url}/repositories/${moved.id}`) + search
    return {
      status: method === 'GET' ? 301 : 307,
      headers: { location },
      body: {
        message: 'Moved Permanently',
        url: location,
        documentation_url: 'https://docs.github.com/rest',
      },
    }
  }

  #primaryLimit(): Answer {
    return { status: 403, body: { message: 'API rate limit exceeded for user ID 1.', status: '403' } }
  }

  /** Faults that show in the answer to a call that took effect. */
  #spoil(fault: FaultKind, answer: Answer, route: AnyRoute | undefined): Answer {
    if (fault === '502-after') return { status: 502, body: { message: 'Server Error' } }
    if (answer.status !== 200 || !route) return answer
    const list = listIn(answer.body)
    if (fault === 'empty' && route.isList) return { ...answer, body: withList(answer.body, []) }
    if (fault === 'stale' && route.isList) return { ...answer, body: withList(answer.body, list.slice(1)) }
    if (fault === 'malformed') return { ...answer, body: '{"workflows": [' }
    if (fault === 'wrong-shape') return { ...answer, body: { message: 'hello' } }
    return answer
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    sent: {
      readonly matched: Matched | undefined
      readonly route: string
      readonly method: string
      readonly path: string
      readonly answer: Answer
      readonly isFaulty: boolean
    },
  ): void {
    const { matched, answer, method, path, route, isFaulty } = sent
    // Redirects of what has moved are described for some calls, and given to all.
    const isMoved = answer.status === 301 || answer.status === 307
    if (this.isJudged && matched && !isFaulty && answer.status < 400 && !isMoved) {
      this.violations.push(
        ...this.#contract.faultsOf({
          path: matched.route.path,
          method,
          status: answer.status,
          body: answer.body,
        }),
      )
    }
    const text =
      answer.body === undefined
        ? ''
        : typeof answer.body === 'string'
          ? answer.body
          : JSON.stringify(answer.body)
    const etag = `W/"${createHash('sha1').update(text).digest('hex')}"`
    const isUnchanged = method === 'GET' && answer.status === 200 && request.headers['if-none-match'] === etag
    const isCounted = !isUnchanged
    const account = this.#accountOf(request)
    const limit = account === anonymous ? anonymousLimit : this.limit
    const window = this.#window(account)
    if (isCounted && window.remaining > 0) window.remaining -= 1
    const status = isUnchanged ? 304 : answer.status
    this.#log({ route, method, path, request, status, isCounted })
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      date: new Date(this.world.now()).toUTCString(),
      ...(this.hasLimits && {
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(window.remaining),
        'x-ratelimit-used': String(limit - window.remaining),
        'x-ratelimit-reset': String(Math.floor(window.resetAt / 1000)),
        'x-ratelimit-resource': 'core',
      }),
      ...(method === 'GET' && answer.status === 200 && { etag }),
      ...answer.headers,
    })
    response.end(isUnchanged ? undefined : text)
  }

  /** What an account has left; anew where its hour is over. */
  #window(account: string): { remaining: number; resetAt: number } {
    const known = this.#windows.get(account)
    if (known && this.world.now() < known.resetAt) return known
    this.setRemaining(account, account === anonymous ? anonymousLimit : this.limit)
    return this.#windows.get(account) ?? { remaining: this.limit, resetAt: 0 }
  }

  /** Whose token is not known is nobody, and shares what nobody has (renovatebot/renovate#2286). */
  #accountOf(request: IncomingMessage): string {
    const account = accountOfRequest(request)
    return account === 'app' || this.tokens.has(tokenOf(request)) ? account : anonymous
  }

  #log(call: Omit<SeenCall, 'apiVersion'> & { readonly request: IncomingMessage }): void {
    const { request, ...seen } = call
    const version = request.headers['x-github-api-version']
    this.calls.push({ ...seen, apiVersion: typeof version === 'string' ? version : undefined })
  }

  #hang(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }
}

/** What stands between us and GitHub may say anything. */
const page = '<!doctype html><title>Please log in to this network</title>'

function sendForever(response: ServerResponse): void {
  const chunk = Buffer.alloc(1024 * 1024, ' ')
  response.writeHead(200, { 'content-type': 'application/json' })
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

function echoOf(request: IncomingMessage, body: unknown): Answer {
  const { authorization = '' } = request.headers
  const sent = JSON.stringify(body ?? null)
  return {
    status: 422,
    body: {
      message: `Not taken: ${authorization} with ${Buffer.from(authorization).toString('base64')}`,
      errors: [sent, { message: encodeURIComponent(sent) }],
    },
  }
}

/** One that has no answer of its own is a call as an App. */
type AnyRoute = Omit<Route, 'answer'> & Partial<Pick<Route, 'answer'>>

interface Matched {
  readonly route: AnyRoute
  readonly params: Readonly<Record<string, string>>
}

const all: readonly AnyRoute[] = [...routes, ...appRoutes]

const patterns = all.map((route) => ({
  route,
  // Paths and refs hold slashes; all other parts do not.
  pattern: new RegExp(
    `^${route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      name === 'path' || name === 'ref' ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`,
    )}$`,
  ),
}))

function match(method: string, path: string): Matched | undefined {
  for (const { route, pattern } of patterns) {
    const found = route.method === method ? pattern.exec(path) : null
    if (found) return { route, params: { ...found.groups } }
  }
  return undefined
}

function tokenOf(request: IncomingMessage): string {
  return (request.headers.authorization ?? '').replace(/^(token|bearer) /i, '')
}

/** A call as an App itself is signed anew each time: all of them count against one. */
function accountOfRequest(request: IncomingMessage): string {
  const token = tokenOf(request)
  return token.startsWith('ey') ? 'app' : accountOf(token)
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function listIn(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body
  const found = Object.values(body as object).find(Array.isArray)
  return found ?? []
}

function withList(body: unknown, list: readonly unknown[]): unknown {
  if (Array.isArray(body)) return list
  return Object.fromEntries(
    Object.entries(body as object).map(([key, value]) => [key, Array.isArray(value) ? list : value]),
  )
}
