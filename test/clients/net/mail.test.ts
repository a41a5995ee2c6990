import { createServer, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { openCourier } from '../../../src/clients/net/courier.ts'
import type { MailMessage } from '../../../src/core/courier.ts'
import { Mailbox } from '../../support/mailbox.ts'
import { selfSigned } from '../../support/sink.ts'

/** Made once: it takes a second. */
const tls = selfSigned()
const password = 'a-password-that-nobody-knows'
const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function openMailbox(own: Partial<SMTPServerOptions> = {}): Promise<Mailbox> {
  const box = await Mailbox.open(password, own)
  ends.push(() => box.close())
  return box
}

function trust(cert: string): void {
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, cert])
  ends.push(() => setDefaultCACertificates(before))
}

function send(port: number, own: Partial<MailMessage> = {}, deadline = 5000) {
  const message: MailMessage = {
    type: 'mail',
    host: 'localhost',
    port,
    security: 'starttls',
    credentials: undefined,
    from: 'alerts@example.com',
    to: ['ops@example.com', 'boss@example.com'],
    subject: '[FIRING] fleet acme: 3 resources',
    text: 'Process/api: Degraded: exit code 1\nÄrger\n',
    messageId: '<one@example.com>',
    inReplyTo: '<thread@example.com>',
    ...own,
  }
  const courier = openCourier({ allowedHosts: [`localhost:${port}`] }, deadline)
  return courier.send(message, new AbortController().signal)
}

const login = { username: 'alerts', password }

describe('mail', () => {
  it('arrives whole, encrypted, after a login, in its thread', async () => {
    trust(tls.cert)
    const box = await openMailbox(tls)
    expect(await send(box.port, { credentials: login })).toEqual({ type: 'delivered' })
    const [mail = ''] = box.mails
    for (const line of [
      'Subject: [FIRING] fleet acme: 3 resources',
      'Message-ID: <one@example.com>',
      'In-Reply-To: <thread@example.com>',
      'To: ops@example.com, boss@example.com',
      'Auto-Submitted: auto-generated',
    ])
      expect(mail).toContain(line)
    expect(mail).toContain('=C3=84rger')
    expect(box.logins).toEqual([password])
  })

  it('arrives over TLS from the first byte', async () => {
    trust(tls.cert)
    const box = await openMailbox({ ...tls, secure: true })
    expect(await send(box.port, { security: 'tls', credentials: login })).toEqual({ type: 'delivered' })
  })

  it('takes no password to a server that cannot prove its name', async () => {
    const box = await openMailbox(tls)
    expect(await send(box.port, { credentials: login })).toMatchObject({
      type: 'failed',
      reason: expect.stringMatching(/certificate|encryption/),
    })
    expect(box).toMatchObject({ mails: [], logins: [] })
  })

  it('takes no password to a server that does not encrypt, although it says so', async () => {
    const box = await openMailbox({ disabledCommands: ['STARTTLS'], allowInsecureAuth: true })
    expect((await send(box.port, { credentials: login })).type).not.toBe('delivered')
    expect(box).toMatchObject({ mails: [], logins: [] })
  })

  it('is not encrypted where a person wants that for a host that is allowed', async () => {
    const box = await openMailbox({ disabledCommands: ['STARTTLS'] })
    expect(await send(box.port, { security: 'none' })).toEqual({ type: 'delivered' })
    const stranger = await send(box.port, { security: 'none', host: '127.0.0.1' })
    expect(stranger).toMatchObject({ type: 'refused', reason: expect.stringContaining('not encrypted') })
    expect(box.mails).toHaveLength(1)
  })

  it('goes to no private place that nobody allowed, by name or by address', async () => {
    const box = await openMailbox(tls)
    const courier = openCourier({ allowedHosts: [] }, 5000)
    for (const host of ['localhost', '127.0.0.1', '::1']) {
      const message = {
        type: 'mail',
        host,
        port: box.port,
        security: 'starttls',
        credentials: login,
      } as const
      const mail = {
        from: 'a@b.c',
        to: ['d@e.f'],
        subject: '',
        text: '',
        messageId: '<a@b>',
        inReplyTo: undefined,
      }
      expect(await courier.send({ ...message, ...mail }, new AbortController().signal)).toMatchObject({
        type: 'refused',
        reason: expect.stringContaining('private network'),
      })
    }
    expect(box).toMatchObject({ mails: [], logins: [] })
  })
})

describe('a mail server that fails', () => {
  it.each([
    ['a wrong password', {}, { credentials: { ...login, password: 'wrong-wrong-wrong' } }, 'refused'],
    ['a mailbox that is full for now', refusing(452), {}, 'failed'],
    ['a mailbox that does not exist', refusing(550), {}, 'refused'],
  ] as const)('is judged by its number, and not quoted: %s', async (_, own, message, type) => {
    trust(tls.cert)
    const box = await openMailbox({ ...tls, ...own })
    const delivery = await send(box.port, message)
    expect(delivery.type).toBe(type)
    expect(JSON.stringify(delivery)).not.toMatch(/wrong-wrong-wrong|quotes a secret/)
    expect(box.mails).toEqual([])
  })

  it('is not waited for when it hangs', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ends.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    expect(await send(port, {}, 700)).toMatchObject({ type: 'failed', reason: 'it did not answer in time' })
  })
})

function refusing(responseCode: number): Partial<SMTPServerOptions> {
  return {
    onRcptTo: (_, __, callback) =>
      callback(Object.assign(new Error('the server quotes a secret'), { responseCode })),
  }
}
