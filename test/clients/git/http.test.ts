import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fetchTip, type GitPlace, prepareRepository } from '../../../src/clients/git/repository.ts'
import { type GitServer, readTip, tokenFor } from '../../../src/clients/git/server.ts'
import { systemClock } from '../../../src/clients/host/clock.ts'
import type { GitAddress } from '../../../src/core/git-address.ts'
import { type GitWorld, openGitWorld } from '../../support/git-server.ts'

const expected = `Basic ${Buffer.from('x-access-token:a-token').toString('base64')}`

let world: GitWorld
let place: GitPlace
let commit: string
let servers: Server[]

beforeEach(async () => {
  world = await openGitWorld()
  commit = await world.commit({ 'manifests/a.yaml': 'a: 1\n' })
  await world.push()
  servers = []
  place = {
    env: { PATH: process.env.PATH, HOME: world.folder },
    clock: systemClock,
    signal: new AbortController().signal,
    folder: join(world.folder, 'ours'),
  }
})

afterEach(async () => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
  await world.close()
})

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The served repository over http, by git's own program, for whoever shows the token. */
function serveWithToken(): Promise<string> {
  return listen((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end()
      return
    }
    const { pathname, search } = new URL(request.url ?? '/', 'http://127.0.0.1')
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: join(world.folder, 'served'),
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'],
        CONTENT_LENGTH: request.headers['content-length'],
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    request.pipe(backend.stdin)
    const chunks: Buffer[] = []
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    backend.stdout.on('end', () => {
      const said = Buffer.concat(chunks)
      const end = said.indexOf('\r\n\r\n')
      const fields = said
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(': '))
      const headers = new Map(fields.map(([name = '', value = '']) => [name.toLowerCase(), value]))
      const status = Number(headers.get('status')?.slice(0, 3) ?? 200)
      headers.delete('status')
      response.writeHead(status, Object.fromEntries(headers)).end(said.subarray(end + 4))
    })
  })
}

function serverAt(host: string, token?: string): GitServer {
  const address: GitAddress = { url: `http://${host}/fleet.git`, protocol: 'http', host }
  const { env, clock, signal } = place
  return { env, clock, signal, address, token: token === undefined ? undefined : tokenFor(address, token) }
}

test('a repository that asks for a token is read with it', async () => {
  const server = serverAt(await serveWithToken(), 'a-token')
  expect(await readTip(server, 'main')).toBe(commit)
  await prepareRepository(place)
  expect(await fetchTip(place, server, 'main')).toBe(commit)
})

test.each([
  ['without a token', undefined],
  ['with a wrong one', 'another'],
])('%s it fails at once, asks nobody, and repeats no token', async (_, token) => {
  const failure = await readTip(serverAt(await serveWithToken(), token), 'main').catch(
    (error: unknown) => error,
  )
  expect(failure).toMatchObject({ code: 'GitFailed' })
  expect(String(failure)).not.toContain('another')
})

test('a server that sends us to another host is not followed with the token', async () => {
  const heard: (string | undefined)[] = []
  const elsewhere = await listen((request, response) => {
    heard.push(request.headers.authorization)
    response.writeHead(404).end()
  })
  const host = await listen((request, response) => {
    response.writeHead(302, { Location: `http://${elsewhere}${request.url}` }).end()
  })
  await expect(readTip(serverAt(host, 'a-token'), 'main')).rejects.toMatchObject({ code: 'GitFailed' })
  expect(heard).toEqual([])
})
