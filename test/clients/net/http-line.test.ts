import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import { HttpLine } from '../../../src/clients/net/http-line.ts'
import { Sink, selfSigned } from '../../support/sink.ts'

const signal = AbortSignal.timeout(30_000)
const line = new HttpLine()
let sink: Sink

afterEach(() => sink.close())

function get(url: string, within = signal) {
  return line.send({ method: 'GET', url, headers: { accept: 'text/plain' }, signal: within })
}

it('sends a request as it is, and gives back the whole answer', async () => {
  sink = await Sink.open()
  sink.answer = (_, response) => response.writeHead(201, { 'x-left': '7' }).end('naïve')
  const answer = await line.send({
    method: 'PUT',
    url: `${sink.url}/a%2Fb?x=1`,
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from('ünicode'),
    signal,
  })
  expect(answer).toMatchObject({ status: 201, headers: { 'x-left': '7' }, text: 'naïve' })
  const [received] = sink.received
  expect(received).toMatchObject({ path: '/hook/a%2Fb?x=1', body: 'ünicode' })
  expect(received?.headers).toMatchObject({ 'content-type': 'text/plain', 'content-length': '8' })
})

it('keeps a connection for the next request', async () => {
  sink = await Sink.open()
  const sockets = new Set<Socket>()
  sink.answer = (request, response) => {
    sockets.add(request.socket)
    response.end('ok')
  }
  for (let round = 0; round < 3; round += 1) await get(sink.url)
  expect(sockets.size).toBe(1)
  await Promise.all([get(sink.url), get(sink.url)])
  expect(sockets.size).toBe(2)
})

it('unpacks an answer that is packed', async () => {
  sink = await Sink.open()
  sink.answer = (request, response) => {
    expect(request.headers['accept-encoding']).toBe('gzip')
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(100_000)))
  }
  expect((await get(sink.url)).text).toHaveLength(100_000)
  sink.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('none of it')
  await expect(get(sink.url)).rejects.toMatchObject({ code: 'Z_DATA_ERROR' })
})

it('takes no answer that never ends, nor one that is as large when it is unpacked', async () => {
  sink = await Sink.open()
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  let sent = 0
  sink.answer = (_, response) => {
    const more = () => {
      for (let isFree = true; isFree && !response.destroyed; sent += 1) isFree = response.write(chunk)
    }
    response.on('drain', more)
    more()
  }
  await expect(get(sink.url)).rejects.toThrow('the answer is larger than 64 MB')
  expect(sent).toBeLessThan(200)
  const packed = gzipSync(Buffer.alloc(65 * 1024 * 1024))
  sink.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed)
  await expect(get(sink.url)).rejects.toThrow('the answer is larger than 64 MB')
})

it('follows no redirect', async () => {
  sink = await Sink.open()
  sink.answer = (_, response) => response.writeHead(302, { location: '/other' }).end()
  expect((await get(sink.url)).status).toBe(302)
  expect(sink.received).toHaveLength(1)
})

it('takes an answer that was cut off for none', async () => {
  sink = await Sink.open()
  sink.answer = (request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half', () => request.socket.destroy())
  }
  await expect(get(sink.url)).rejects.toThrow()
})

it('ends with its signal, whether nothing came or a part of the answer', async () => {
  sink = await Sink.open()
  sink.answer = () => undefined
  await expect(get(sink.url, AbortSignal.timeout(100))).rejects.toThrow()
  sink.answer = (_, response) => response.write('half')
  await expect(get(sink.url, AbortSignal.timeout(100))).rejects.toThrow()
  const before = sink.received.length
  await expect(get(sink.url, AbortSignal.abort())).rejects.toThrow()
  expect(sink.received).toHaveLength(before)
})

it('asks for a status without waiting for a body that never ends', async () => {
  sink = await Sink.open()
  sink.answer = (_, response) => response.writeHead(418).write('and so on')
  expect(await line.ask({ method: 'GET', url: sink.url, headers: {}, signal })).toBe(418)
})

it('tells that nobody listens by its code', async () => {
  sink = await Sink.open()
  const { url } = sink
  await sink.close()
  await expect(get(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('speaks TLS, to whom it can trust', async () => {
  sink = await Sink.open(selfSigned())
  const url = `https://127.0.0.1:${sink.port}/`
  await expect(get(url)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  expect(sink.received).toEqual([])
})

/** A program that sends one request, has nothing else to do, and says how long it lived on, in milliseconds. */
const program = (url: string) => `
  import { HttpLine } from ${JSON.stringify(new URL('../../../src/clients/net/http-line.ts', import.meta.url).href)}
  const answer = await new HttpLine().send({
    method: 'GET', url: '${url}', headers: {}, signal: AbortSignal.timeout(20_000),
  })
  const answeredAt = performance.now()
  process.on('exit', () => {
    console.log(JSON.stringify({ text: answer.text, livedOn: performance.now() - answeredAt }))
  })`

async function run(url: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(url)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(await text(child.stdout)) as { readonly text: string; readonly livedOn: number }
}

it('keeps no program alive', async () => {
  sink = await Sink.open()
  // The connection would be kept for 4 s more.
  expect((await run(sink.url, {})).livedOn).toBeLessThan(3000)
})

it('takes the proxy that Node was told to take', async () => {
  sink = await Sink.open()
  sink.answer = (request, response) => response.end(`by proxy: ${request.url}`)
  const env = { NODE_USE_ENV_PROXY: '1', http_proxy: `http://${sink.host}` }
  expect((await run('http://site.invalid/x', env)).text).toBe('by proxy: http://site.invalid/x')
})
