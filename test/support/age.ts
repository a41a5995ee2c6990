import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto'

/** Files for X25519 recipients, armored, as https://age-encryption.org/v1 describes them. */
export interface AgeKey {
  /** `age1...` */
  readonly recipient: string
  /** `AGE-SECRET-KEY-1...` */
  readonly identity: string
}

export function makeAgeKey(): AgeKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return {
    recipient: toBech32('age', rawOf(publicKey, 'x')),
    identity: toBech32('age-secret-key-', rawOf(privateKey, 'd')).toUpperCase(),
  }
}

/** `text` is at most one chunk of 64 KiB. */
export function ageEncrypt(text: Buffer, recipient: string): string {
  const fileKey = randomBytes(16)
  const theirs = fromBech32(recipient)
  const ephemeral = generateKeyPairSync('x25519')
  const ours = rawOf(ephemeral.publicKey, 'x')
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: publicKeyOf(theirs) })
  const wrapKey = derive(shared, Buffer.concat([ours, theirs]), 'age-encryption.org/v1/X25519')
  const head = [
    'age-encryption.org/v1',
    `-> X25519 ${unpadded(ours)}`,
    unpadded(seal(wrapKey, Buffer.alloc(12), fileKey)),
    '---',
  ].join('\n')
  const mac = createHmac('sha256', derive(fileKey, Buffer.alloc(0), 'header'))
    .update(head)
    .digest()
  const nonce = randomBytes(16)
  const body = seal(derive(fileKey, nonce, 'payload'), lastChunk, text)
  const file = Buffer.concat([Buffer.from(`${head} ${unpadded(mac)}\n`), nonce, body])
  const lines = file.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN AGE ENCRYPTED FILE-----\n${lines.join('\n')}\n-----END AGE ENCRYPTED FILE-----\n`
}

/** Undefined: it is not meant for this key. */
export function ageDecrypt(armored: string, identity: string): Buffer | undefined {
  const file = Buffer.from(armored.replace(/-----[A-Z ]+-----/g, ''), 'base64')
  const [, theirs = '', wrapped = '', mac = ''] =
    /^age-encryption\.org\/v1\n-> X25519 (\S+)\n(\S+)\n--- (\S+)\n/.exec(file.toString('latin1')) ?? []
  const own = createPrivateKey({
    key: Buffer.concat([
      Buffer.from('302e020100300506032b656e04220420', 'hex'),
      fromBech32(identity.toLowerCase()),
    ]),
    format: 'der',
    type: 'pkcs8',
  })
  const ours = rawOf(createPublicKey(own), 'x')
  const ephemeral = Buffer.from(theirs, 'base64')
  const shared = diffieHellman({ privateKey: own, publicKey: publicKeyOf(ephemeral) })
  const wrapKey = derive(shared, Buffer.concat([ephemeral, ours]), 'age-encryption.org/v1/X25519')
  const fileKey = unseal(wrapKey, Buffer.alloc(12), Buffer.from(wrapped, 'base64'))
  if (!fileKey) return undefined
  const head = file.toString('latin1').split(` ${mac}\n`, 1)[0] ?? ''
  const expected = createHmac('sha256', derive(fileKey, Buffer.alloc(0), 'header'))
    .update(head)
    .digest()
  if (unpadded(expected) !== mac) return undefined
  const rest = file.subarray(head.length + mac.length + 2)
  return unseal(derive(fileKey, rest.subarray(0, 16), 'payload'), lastChunk, rest.subarray(16))
}

/** The counter is 0, and the last byte says that no chunk follows. */
const lastChunk = Buffer.from('000000000000000000000001', 'hex')

function derive(key: Buffer, salt: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, purpose, 32))
}

function seal(key: Buffer, nonce: Buffer, text: Buffer): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
}

function unseal(key: Buffer, nonce: Buffer, sealed: Buffer): Buffer | undefined {
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  decipher.setAuthTag(sealed.subarray(-16))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
  } catch {
    return undefined
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function rawOf(key: ReturnType<typeof createPublicKey>, part: 'x' | 'd'): Buffer {
  return Buffer.from(String(key.export({ format: 'jwk' })[part]), 'base64url')
}

function publicKeyOf(raw: Buffer) {
  const jwk = { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** BIP 173, without its limit of length. */
function toBech32(prefix: string, bytes: Buffer): string {
  const groups = regroup([...bytes], 8, 5)
  const sum = checksum([...expand(prefix), ...groups, 0, 0, 0, 0, 0, 0]) ^ 1
  const tail = [5, 4, 3, 2, 1, 0].map((index) => (sum >> (5 * index)) & 31)
  return `${prefix}1${[...groups, ...tail].map((group) => letters[group]).join('')}`
}

function fromBech32(text: string): Buffer {
  const groups = [...text.slice(text.lastIndexOf('1') + 1, -6)].map((letter) => letters.indexOf(letter))
  return Buffer.from(regroup(groups, 5, 8).slice(0, 32))
}

function regroup(values: readonly number[], from: number, to: number): number[] {
  const bits = values.map((value) => value.toString(2).padStart(from, '0')).join('')
  return (bits.match(new RegExp(`.{1,${to}}`, 'g')) ?? []).map((group) =>
    Number.parseInt(group.padEnd(to, '0'), 2),
  )
}

function expand(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0))
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
}

function checksum(values: readonly number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (const [bit, factor] of generator.entries()) if ((top >> bit) & 1) sum ^= factor
  }
  return sum
}
