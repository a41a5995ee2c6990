/** Shapes of secrets that vendors publish for scanners, so that a match is hardly ever an accident. */
const vendorShapes: readonly RegExp[] = [
  /\bgh[pousr]_[A-Za-z0-9]{16,}/, // GitHub: https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
  /\bgithub_pat_[A-Za-z0-9_]{16,}/,
  /\bglpat-[A-Za-z0-9_-]{16,}/,
  /\bnf[pcoub]_[A-Za-z0-9]{16,}/, // Netlify
  /\bnpm_[A-Za-z0-9]{16,}/,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/, // Slack
  /\bhooks\.slack\.com\/services\/[A-Za-z0-9/]{10,}/,
  /\b(?:sk|pk|rk)[-_](?:live|test|proj|ant)[-_A-Za-z0-9]{10,}/, // Stripe, OpenAI, Anthropic
  /\bsk-[A-Za-z0-9]{20,}/,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, // AWS
  /\bAIza[0-9A-Za-z_-]{30,}/, // Google
  /\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/, // SendGrid
  /\bhf_[A-Za-z0-9]{20,}/,
  /\bdop_v1_[a-f0-9]{20,}/,
  /\beyJ[A-Za-z0-9_-]{8,400}\.[A-Za-z0-9_-]{8,1000}\./, // JSON Web Token
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b[Bb]earer\s+[A-Za-z0-9._~+/-]{12,}/,
]

/** All of them at once, for the many texts that hold none. */
const anyVendorShape = new RegExp(vendorShapes.map(({ source }) => source).join('|'))

/** Shorter than any of the shapes, but for a password inside an address. */
const shortestToken = 15

/** A password inside an address: `postgres://user:password@host`. Bounded, so that no text makes it slow. */
const addressPassword = /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@]{0,200}:[^\s/@]{1,200}@/i

/** Unbroken text that only a generator writes: long, with capitals, small letters and digits. */
const generated = /[A-Za-z0-9+_=-]{32,}/g

const secretName =
  /(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|credential)/i

/** Whether a name says that its value is a secret, such as `API_KEY`. */
export function namesSecret(name: string): boolean {
  return secretName.test(name)
}

/** Whether a text holds something that looks like a token, a key or a password. */
export function looksLikeToken(text: string): boolean {
  if (text.includes('://') && addressPassword.test(text)) return true
  if (text.length < shortestToken) return false
  if (anyVendorShape.test(text)) return true
  return [...text.matchAll(generated)].some(([match]) => isGenerated(match))
}

/** Whether a literal under this name would better be a reference. */
export function looksLikeSecret(name: string, text: string): boolean {
  if (looksLikeToken(text)) return true
  return namesSecret(name) && text.length >= 8 && !/^(?:\d+|true|false|[./~].*)$/i.test(text)
}

/** Replaces whatever looks like a token by `***`. */
export function maskTokens(text: string): string {
  let masked = text.replace(addressPassword, '***@')
  for (const shape of vendorShapes) masked = masked.replace(new RegExp(shape, 'g'), '***')
  return masked.replace(generated, (match) => (isGenerated(match) ? '***' : match))
}

/** What of a text looks like a token: each by itself, and the password of an address. */
export function tokensIn(text: string): readonly string[] {
  const password = addressPassword.exec(text)?.[0].slice(0, -1).split(':').slice(2).join(':')
  const shaped = vendorShapes.flatMap((shape) => shape.exec(text)?.[0] ?? [])
  const random = [...text.matchAll(generated)].flatMap(([match]) => (isGenerated(match) ? match : []))
  return [...(password === undefined ? [] : [password]), ...shaped, ...random]
}

function isGenerated(text: string): boolean {
  return /[A-Z]/.test(text) && /[a-z]/.test(text) && (text.match(/\d/g)?.length ?? 0) >= 3
}
