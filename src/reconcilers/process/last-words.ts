import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { printable } from '../../clients/pm2/printable.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { looksSecret } from '../../core/secrecy.ts'
import { Secret } from '../../core/secret.ts'
import { SecretMask } from '../../core/secret-mask.ts'
import { liveSecrets } from './live-secrets.ts'
import type { DesiredProcess } from './place.ts'
import { hasEnded } from './run-state.ts'

/** Bytes of an error log that are looked at, from its end: a stack of a hundred calls fits. */
const tailSize = 8192
/** Characters that are shown. */
const longest = 160
/** Milliseconds before its last start: what an error log said earlier is of another time. */
const recent = 600_000
/** A shorter value is a word of every second line, and no secret. */
const shortestHidden = 4

const escapeSequence = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g')
/** Calls of a stack, carets, brackets, fields of an error, and what Node and Rust say after all errors. */
const noise = /^(?:\s|at |Node\.js v|note: |\(Use `|[\s}\])^~-]*$)/
const naming = /(?:^|[\s:])(?:[A-Z]\w*)?(?:Error|Exception)\b/
/** Names of secrets with their values, addresses with passwords, and tokens of the usual makes. */
const secretShapes: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+\S+/gi, '$1 ***'],
  [/([\w-]*(?:secret|token|passw(?:or)?d|api[_-]?key|authorization)[\w-]*["']?\s*[=:]\s*)\S+/gi, '$1***'],
  [/:\/\/[^/\s@]*@/g, '://***@'],
  [/\b(?:gh[a-z]_|github_pat_|glpat-|sk-|xox[a-z]-|AKIA|nfp_|npm_|eyJ)[\w.-]{8,}/g, '***'],
]

/**
 * What a process that died said last: the line of its error log that names the error, on one line, bounded and without
 * secrets. Undefined: none of them died by itself, or it said nothing.
 */
export async function readLastWords(
  records: readonly Pm2Record[],
  desired: DesiredProcess | undefined,
  mask?: SecretMask,
): Promise<string | undefined> {
  for (const record of records) {
    const tail = hasDied(record) ? await readTail(record) : undefined
    // It may say what another process was given, too.
    const text = tail === undefined ? undefined : (mask?.maskForeign(tail) ?? tail)
    const words = text === undefined ? undefined : pickLastWords(text, hiddenValues(record, desired))
    if (words !== undefined) return words
  }
  return undefined
}

/** The line that says most, of the end of an error log. `hidden` are texts that must not be shown. */
export function pickLastWords(text: string, hidden: readonly string[]): string | undefined {
  const lines = text
    .replace(escapeSequence, '')
    .split(/\r?\n|\r/)
    .filter((line) => !noise.test(line))
  const line = lines.findLast((one) => naming.test(one)) ?? lines.at(-1)
  if (line === undefined) return undefined
  const masked = secretShapes.reduce((rest, [shape, mark]) => rest.replace(shape, mark), hide(line, hidden))
  return printable(masked, longest) || undefined
}

function hasDied(record: Pm2Record): boolean {
  if (record.status === 'waiting restart' || record.status === 'errored') return true
  return (record.exitCode ?? 0) !== 0 && (hasEnded(record) || record.restartTime > 0)
}

/** The end of its error log. A log that is not there, or that cannot be read, says nothing: that is no fault here. */
async function readTail({ errLogPath, uptimeSince }: Pm2Record): Promise<string | undefined> {
  if (errLogPath === undefined) return undefined
  // Without waiting: what should be a log may be a pipe that nobody writes to.
  const file = await open(errLogPath, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined)
  if (!file) return undefined
  try {
    const stats = await file.stat()
    if (!stats.isFile() || stats.mtimeMs < (uptimeSince ?? 0) - recent) return undefined
    const size = Math.min(tailSize, stats.size)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, stats.size - size)
    const text = buffer.subarray(0, bytesRead).toString('utf8')
    // Where it was cut the first line is a part of one.
    return size < stats.size ? text.slice(text.indexOf('\n') + 1) : text
  } finally {
    await file.close()
  }
}

/** Values of its environment that are secrets, by their source or by their name. */
function hiddenValues(record: Pm2Record, desired: DesiredProcess | undefined): readonly string[] {
  const declared = Object.entries(desired?.spec.env ?? {}).map(([key, value]) => {
    if (value instanceof Secret) return value.isRead ? value.reveal() : ''
    return looksSecret(key, value) ? value : ''
  })
  const stored = Object.entries(record.env).map(([key, value]) => (looksSecret(key, value) ? value : ''))
  return [...declared, ...stored, ...liveSecrets([record], desired)].flatMap((value) => [
    value,
    ...value.split('\n'),
  ])
}

function hide(line: string, hidden: readonly string[]): string {
  const mask = new SecretMask({ shortest: shortestHidden })
  mask.hold('its environment', hidden)
  return mask.maskForeign(line)
}
