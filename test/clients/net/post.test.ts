import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openCourier } from '../../../src/clients/net/courier.ts'
import type { HttpMessage } from '../../../src/core/courier.ts'
import { Sink, selfSigned } from '../../support/sink.ts'

const sinks: Sink[] = []
afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.close()
})

async function openSink(tls?: { readonly key: string; readonly cert: string }): Promise<Sink> {
  const sink = await Sink.open(tls)
  sinks.push(sink)
  return sink
}

const never = new AbortController().signal

function send(url: string, allowedHosts: readonly string[], own: Partial<HttpMessage> = {}) {
  const message: HttpMessage = { type: 'http', url, headers: {}, body: '{}', ...own }
  return openCourier({ allowedHosts }, 1500).send(message, never)
}

describe('a receiver that fails', () => {
  it.each([
    ['an answer of 500', 500, {}, { type: 'failed', reason: 'it answered with 500' }],
    ['a limit with a time', 429, { 'retry-after': '7' }, { type: 'failed', retryAfter: 7000 }],
    ['a limit with an absurd time', 429, { 'retry-after': '999999999' }, { retryAfter: 3_600_000 }],
    ['a limit with a date', 503, { 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' }, { type: 'failed' }],
    ['a refusal', 403, {}, { type: 'refused', reason: 'it answered with 403' }],
    ['something that is gone', 404, {}, { type: 'refused', reason: 'it answered with 404' }],
  ])('is judged by its status: %s', async (_, code, headers, expected) => {
    const sink = await openSink()
    sink.status(code, headers)
    expect(await send(sink.url, [sink.host])).toMatchObject(expected)
    expect(sink.received).toHaveLength(1)
  })

  it('is not waited for when it hangs', async () => {
    const sink = await openSink()
    sink.answer = () => undefined
    expect(await send(sink.url, [sink.host])).toEqual({
      type: 'failed',
      reason: 'it did not answer in time',
      retryAfter: undefined,
    })
  })

  it('is not waited for when it drips its answer', async () => {
    const sink = await openSink()
    let timer: NodeJS.Timeout | undefined
    sink.answer = (_, response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\nX-Slow: ')
      timer = setInterval(() => response.socket?.write('.'), 50)
    }
    try {
      expect(await send(sink.url, [sink.host])).toMatchObject({ type: 'failed' })
    } finally {
      clearInterval(timer)
    }
  })

  it('that cuts the connection off is told from one that refuses it', async () => {
    const sink = await openSink()
    sink.answer = (request) => request.socket.resetAndDestroy()
    expect(await send(sink.url, [sink.host])).toMatchObject({ reason: 'the connection was cut off' })
    await sink.close()
    expect(await send(sink.url, [sink.host])).toMatchObject({ reason: 'the connection was refused' })
  })

  it('that answers without end has answered', async () => {
    const sink = await openSink()
    let written = 0
    sink.answer = (_, response) => {
      response.writeHead(200)
      const more = () => {
        if (response.destroyed) return
        written += 1 << 20
        response.write(Buffer.alloc(1 << 20), () => setImmediate(more))
      }
      more()
    }
    expect(await send(sink.url, [sink.host])).toEqual({ type: 'delivered' })
    expect(written).toBeLessThan(512 << 20)
  })

  it('that does not speak HTTP is told as such', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.end('220 mail.example.com ESMTP\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    try {
      expect(await send(`http://127.0.0.1:${port}/`, [`127.0.0.1:${port}`])).toMatchObject({
        type: 'failed',
        reason: 'what it answered is not HTTP',
      })
    } finally {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })

  it('with a certificate of nobody gets nothing', async () => {
    const sink = await openSink(selfSigned())
    const delivery = await send(`https://127.0.0.1:${sink.port}/hook`, [sink.host])
    expect(delivery).toMatchObject({ type: 'failed' })
    expect(delivery).toMatchObject({ reason: expect.stringContaining('SELF_SIGNED') })
    expect(sink.received).toEqual([])
  })
})

describe('where messages may go', () => {
  it.each([
    ['loopback', 'https://127.0.0.1:PORT/'],
    ['loopback by name', 'https://localhost:PORT/'],
    ['loopback as one number', 'https://2130706433:PORT/'],
    ['loopback in octal', 'https://0177.0.0.1:PORT/'],
    ['loopback of IPv6', 'https://[::1]:PORT/'],
    ['IPv4 inside IPv6', 'https://[::ffff:127.0.0.1]:PORT/'],
    ['IPv4 inside IPv6 by NAT64', 'https://[64:ff9b::7f00:1]:PORT/'],
    ['any address of this machine', 'https://0.0.0.0:PORT/'],
    ['the metadata of a cloud', 'https://169.254.169.254/latest/meta-data/'],
    ['a private network', 'https://10.0.0.1/'],
    ['a link', 'https://[fe80::1]/'],
    ['a private network of IPv6', 'https://[fd00::1]/'],
  ])('is not %s', async (_, url) => {
    const sink = await openSink()
    expect(await send(url.replace('PORT', String(sink.port)), [])).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('private network'),
    })
    expect(sink.received).toEqual([])
  })

  it('is a private place where its host is allowed with its port, and no other port of it', async () => {
    const sink = await openSink()
    expect(await send(sink.url, [sink.host])).toEqual({ type: 'delivered' })
    expect(await send(sink.url, ['127.0.0.1:1'])).toMatchObject({ type: 'refused' })
    expect(await send(sink.url, ['127.0.0.1'])).toMatchObject({ type: 'refused' })
    expect(sink.received).toHaveLength(1)
  })

  it('is never where a redirect leads', async () => {
    const inner = await openSink()
    const sink = await openSink()
    for (const code of [301, 302, 303, 307, 308]) {
      sink.status(code, { location: inner.url })
      expect(await send(sink.url, [sink.host, inner.host])).toMatchObject({ type: 'refused' })
    }
    expect(inner.received).toEqual([])
  })

  it('is not a public host without encryption', async () => {
    expect(await send('http://receiver.invalid/', [])).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('not encrypted'),
    })
  })

  it('says nothing of an address that is none, nor of a token that cannot be sent', async () => {
    const secret = 'T0pSecretT0pSecret'
    for (const url of [`not a url ${secret}`, `https://user:${secret}@example.com/`, `ftp://${secret}/`]) {
      const delivery = await send(url, [])
      expect(delivery).toMatchObject({ type: 'refused' })
      expect(JSON.stringify(delivery)).not.toContain(secret)
    }
    const sink = await openSink()
    const broken = await send(sink.url, [sink.host], { headers: { authorization: `${secret}\nX-Other: 1` } })
    expect(broken).toMatchObject({ type: 'refused' })
    expect(JSON.stringify(broken)).not.toContain(secret)
  })
})
