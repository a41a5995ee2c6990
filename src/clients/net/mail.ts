import { createTransport } from 'nodemailer'
import type { Delivery, MailMessage } from '../../core/courier.ts'
import { type AddressRule, isAllowedHost, resolvePublic } from './address-guard.ts'
import { deliveryOf } from './failure.ts'

/**
 * Sends a mail once, over a connection of its own. A server that nobody allowed is connected to only at a public
 * address and encrypted. `deadline` is in milliseconds, and bounds each step of the conversation.
 */
export async function sendMail(
  message: MailMessage,
  rule: AddressRule,
  { deadline, signal }: { readonly deadline: number; readonly signal: AbortSignal },
): Promise<Delivery> {
  const isAllowed = isAllowedHost(`${message.host}:${message.port}`, rule)
  if (message.security === 'none' && !isAllowed) {
    return {
      type: 'refused',
      reason: 'it is not encrypted (security: none), and its host is not allowed by --allow-host',
    }
  }
  let address: string
  try {
    address = isAllowed ? message.host : await resolvePublic(message.host)
  } catch (error) {
    return deliveryOf(error)
  }
  const { credentials } = message
  const transport = createTransport({
    host: address,
    port: message.port,
    secure: message.security === 'tls',
    requireTLS: message.security === 'starttls',
    ignoreTLS: message.security === 'none',
    // Connected to the address that was checked, and to be proven by the name that was meant.
    ...(address !== message.host && { servername: message.host }),
    ...(credentials && { auth: { user: credentials.username, pass: credentials.password } }),
    connectionTimeout: deadline,
    greetingTimeout: deadline,
    socketTimeout: deadline,
    dnsTimeout: deadline,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const onAbort = () => transport.close()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await transport.sendMail({
      from: message.from,
      to: [...message.to],
      subject: message.subject,
      text: message.text,
      messageId: message.messageId,
      ...(message.inReplyTo !== undefined && {
        inReplyTo: message.inReplyTo,
        references: message.inReplyTo,
      }),
      headers: { 'Auto-Submitted': 'auto-generated' },
    })
    return { type: 'delivered' }
  } catch (error) {
    return judge(error)
  } finally {
    signal.removeEventListener('abort', onAbort)
    transport.close()
  }
}

/** SMTP's own numbers: 4xx may pass, 5xx stays (RFC 5321, 4.2.1). What the server said is not told. */
function judge(error: unknown): Delivery {
  const fields = typeof error === 'object' && error !== null ? error : {}
  const code = 'responseCode' in fields && typeof fields.responseCode === 'number' ? fields.responseCode : 0
  const word = 'code' in fields ? fields.code : undefined
  if (word === 'EAUTH') {
    return code >= 400 && code < 500
      ? { type: 'failed', reason: `it answered with ${code}`, retryAfter: undefined }
      : { type: 'refused', reason: 'it does not accept the user name and the password' }
  }
  if (code >= 500) return { type: 'refused', reason: `it answered with ${code}` }
  if (code >= 400) return { type: 'failed', reason: `it answered with ${code}`, retryAfter: undefined }
  return deliveryOf(error)
}
