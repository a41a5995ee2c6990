import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type HookServer, openHookServer } from '../../../src/clients/net/hook-server.ts'

const secret = 'correct horse'
let server: HookServer
let calls = 0

beforeEach(async () => {
  calls = 0
  server = await openHookServer({
    host: '127.0.0.1',
    port: 0,
    secret,
    onCall: () => {
      calls += 1
    },
  })
})

afterEach(() => server.close())

const sign = (body: string, key = secret) => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`

async function call(body: string, signature?: string, method = 'POST'): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.port}/`, {
    method,
    ...(method === 'POST' && { body }),
    headers: signature === undefined ? {} : { 'x-hub-signature-256': signature },
  })
  return response.status
}

test('a call that is signed right is heard', async () => {
  expect(await call('{"ref":"refs/heads/main"}', sign('{"ref":"refs/heads/main"}'))).toBe(202)
  expect(calls).toBe(1)
})

test.each([
  ['with another secret', sign('body', 'another'), 'POST', 401],
  ['of another body', sign('other'), 'POST', 401],
  ['that is cut off', sign('body').slice(0, -1), 'POST', 401],
  ['by the older digest', `sha1=${createHmac('sha1', secret).update('body').digest('hex')}`, 'POST', 401],
  ['without a signature', undefined, 'POST', 401],
  ['that only looks', sign(''), 'GET', 405],
])('a call %s is not', async (_, signature, method, status) => {
  expect(await call('body', signature, method)).toBe(status)
  expect(calls).toBe(0)
})

test('a body without end is cut off, and others are heard meanwhile', async () => {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: ${sign('')}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  )
  const block = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  const cutOff = new Promise((resolve) => socket.once('close', resolve))
  let sent = 0
  const flood = (error?: Error | null) => {
    sent += block.length
    if (!error && !socket.destroyed && sent < 200 * 1024 * 1024)
      setImmediate(() => socket.write(block, flood))
  }
  flood()
  expect(await call('body', sign('body'))).toBe(202)
  await cutOff
  // Whoever goes on sending may be reset before he hears why.
  expect(sent).toBeLessThan(100 * 1024 * 1024)
  expect(calls).toBe(1)
})

test('who cannot listen says so', async () => {
  const taken = { host: '127.0.0.1', port: server.port, secret, onCall: () => undefined }
  await expect(openHookServer(taken)).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
