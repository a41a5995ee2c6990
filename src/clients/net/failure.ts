import type { Delivery } from '../../core/courier.ts'

/** A fault as a delivery. Only its code is told: a message may hold an address, and an address a secret. */
export function deliveryOf(error: unknown): Delivery {
  const code = codeOf(error)
  if (code === 'ADDRESS_REFUSED') {
    return {
      type: 'refused',
      reason: 'it lies on this machine or in a private network, and its host is not allowed by --allow-host',
    }
  }
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_INVALID_URL')
    return { type: 'refused', reason: 'its address or its token holds a character that cannot be sent' }
  return { type: 'failed', reason: sentenceOf(code), retryAfter: undefined }
}

const sentences: Readonly<Record<string, string>> = Object.freeze({
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut off',
  EPIPE: 'the connection was cut off',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name could not be looked up',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  ETIMEDOUT: 'it did not answer in time',
  // nodemailer's own, which stand for whatever was beneath them.
  ECONNECTION: 'the connection was cut off',
  ESOCKET: 'the connection failed, or its certificate is not valid',
  EDNS: 'its host name could not be looked up',
  ETLS: 'it does not encrypt, or its encryption is not valid',
})

function sentenceOf(code: string): string {
  const known = sentences[code]
  if (known !== undefined) return known
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER|SIGNATURE|ALTNAME/.test(code))
    return `its certificate or its encryption is not valid (${code})`
  if (code.startsWith('HPE_')) return 'what it answered is not HTTP'
  return `the connection failed (${code})`
}

/** Node's word for a fault: letters, digits and underscores, or `unknown`. */
function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'unknown'
}
