import { createHmac } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { assertNever } from '../core/assert-never.ts'
import { formatDuration } from '../core/duration.ts'
import type { Resource, UnresolvedReference } from '../core/resource.ts'
import { looksSecret } from '../core/secrecy.ts'
import { type Reference, Secret } from '../core/secret.ts'
import type { SecretMask } from '../core/secret-mask.ts'
import { looksLikeToken } from '../core/token-shape.ts'
import { Decrypter } from './decrypter.ts'
import { printable } from './excerpt.ts'
import { isInside, type Roots } from './fleet-root.ts'
import { readText } from './read-text.ts'
import { type SchemaPlaces, schemaAt, stepInto, takesReference } from './schema-walk.ts'
import { type CommandEnd, type CommandRunner, setVariables } from './secret-command.ts'
import { formatPointer } from './tree.ts'

export interface SecretOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Runs what `fromCommand` names; undefined: nothing may run, and such values stay unread. */
  readonly runCommand: CommandRunner | undefined
  /** Keys the digests, so that they say nothing to somebody who guesses values. */
  readonly secretKey: string
  /** Is told of every value that is read. */
  readonly mask?: SecretMask
  /** What `fromFile` may lie in, links resolved. */
  readonly roots: Roots
}

const limits = Object.freeze({
  /** Bytes of one value. */
  bytes: 64 * 1024,
  /** Milliseconds that a command may take. */
  commandTimeout: 10_000,
})

/** A value, or why there is none. */
type Resolution =
  | { readonly type: 'value'; readonly secret: Secret }
  | { readonly type: 'missing'; readonly message: string }

/** Resolves references at the edge. Equal ones are read once: make one resolver for one reading of the manifests. */
export class SecretResolver {
  readonly #options: SecretOptions
  readonly #known = new Map<string, Promise<Resolution>>()
  readonly #variables = new Set<string>()
  readonly #decrypter: Decrypter

  constructor(options: SecretOptions) {
    this.#options = options
    this.#decrypter = new Decrypter(options)
  }

  /** Names of the variables that were asked for until now, whether they are set or not. */
  get variables(): ReadonlySet<string> {
    return this.#variables
  }

  /** The resource with every reference of its spec read; those that could not be had are listed. */
  async resolve(resource: Resource<object>): Promise<Resource> {
    // Most have none: of a thousand resources nothing is walked and waited for then.
    if (!mentionsReference(resource.spec)) return resource
    const unresolved: UnresolvedReference[] = []
    const folder = dirname(resource.origin.file)
    const walk = async (value: unknown, path: readonly string[], places: SchemaPlaces): Promise<unknown> => {
      if (isReference(value) && takesReference(places)) {
        const resolution = await this.read(value, folder)
        if (resolution.type === 'value') return resolution.secret
        unresolved.push({ path: formatPointer(path), message: resolution.message })
        return Secret.unread(describeReference(value))
      }
      if (Array.isArray(value)) {
        return Promise.all(
          value.map((item, index) => walk(item, [...path, `${index}`], stepInto(places, `${index}`))),
        )
      }
      if (typeof value !== 'object' || value === null) return value
      const entries = Object.entries(value).map(
        async ([key, child]) => [key, await walk(child, [...path, key], stepInto(places, key))] as const,
      )
      return Object.fromEntries(await Promise.all(entries))
    }
    const spec = await walk(resource.spec, ['spec'], schemaAt(resource.kind, ['spec']))
    unresolved.sort((a, b) => (a.path < b.path ? -1 : 1))
    return Object.freeze({ ...resource, spec, unresolved })
  }

  /**
   * The resource with a digest for each of its literals that is a secret, by its name, by its look, or because it holds
   * one that was read elsewhere: what is remembered in its place. Call it when everything was read.
   */
  veil(resource: Resource): Resource {
    const { mask, secretKey } = this.#options
    const veils = new Map<string, string>()
    const walk = (value: unknown, name: string): void => {
      if (typeof value === 'string') {
        if (looksSecret(name, value) || mask?.finds(value)) veils.set(value, digestSecret(secretKey, value))
      } else if (typeof value === 'object' && value !== null && !(value instanceof Secret))
        for (const [key, child] of Object.entries(value)) walk(child, Array.isArray(value) ? name : key)
    }
    walk(resource.spec, '')
    return veils.size === 0 ? resource : Object.freeze({ ...resource, veils })
  }

  /** Reads one reference of a manifest in `folder`. */
  read(reference: Reference, folder: string): Promise<Resolution> {
    const key = JSON.stringify([reference, folder])
    const known = this.#known.get(key)
    if (known) return known
    const reading = this.#read(reference, folder)
    this.#known.set(key, reading)
    return reading
  }

  async #read(reference: Reference, folder: string): Promise<Resolution> {
    const source = describeReference(reference)
    if (isRun(reference) && !this.#options.runCommand) {
      return { type: 'value', secret: Secret.unread(source) }
    }
    const found = await this.#find(reference, folder)
    const text = typeof found === 'string' ? found : reference.default
    // A default stands in the manifest for all to read.
    if (typeof found === 'string' || looksLikeToken(text ?? '')) this.#options.mask?.add(text ?? '')
    if (text === undefined) return { type: 'missing', message: `${source}: ${missingReason(found)}` }
    if (text.includes('\0')) return { type: 'missing', message: `${source}: it holds a NUL character` }
    return { type: 'value', secret: Secret.read(source, text, digestSecret(this.#options.secretKey, text)) }
  }

  async #find(reference: Reference, folder: string): Promise<string | { readonly reason: string }> {
    if ('fromEnv' in reference) {
      this.#variables.add(reference.fromEnv)
      return (
        this.#options.env[reference.fromEnv] ?? {
          reason: 'the environment variable is not set where reconcile runs',
        }
      )
    }
    if ('fromFile' in reference) return this.#readFile(resolve(folder, reference.fromFile))
    if ('fromSops' in reference) return this.#decrypter.find(reference.fromSops)
    return this.#run(reference.fromCommand, folder)
  }

  async #readFile(path: string): Promise<string | { readonly reason: string }> {
    const real = await realpath(path).catch(() => undefined)
    if (real === undefined) return { reason: 'the file does not exist' }
    if (!isInside(real, this.#options.roots)) return { reason: 'the file lies outside the fleet root' }
    const reading = await readText(real, limits.bytes)
    // A folder above may have been swapped for a link in between (Argo CD CVE-2022-24904).
    if ((await realpath(path).catch(() => undefined)) !== real)
      return { reason: 'the file was moved while it was read' }
    switch (reading.type) {
      case 'text':
        return filled(dropLineBreak(reading.text), 'the file is empty')
      case 'absent':
        return { reason: 'the file does not exist' }
      case 'special':
        return { reason: 'it is not a regular file' }
      case 'too-large':
        return { reason: 'the file is larger than 64 KiB' }
      case 'not-utf8':
        return { reason: 'the file is not UTF-8 text' }
      case 'unreadable':
        return { reason: `the file could not be read: ${reading.code}` }
    }
  }

  async #run(command: readonly string[], folder: string): Promise<string | { readonly reason: string }> {
    const end = await this.#options.runCommand?.({
      command,
      folder,
      env: setVariables(this.#options.env),
      limit: limits.commandTimeout,
      maxBytes: limits.bytes,
    })
    if (end?.type === 'exited' && end.code === 0)
      return filled(dropLineBreak(end.output), 'the command printed nothing')
    return { reason: end ? commandFailure(end) : 'no command may be run' }
  }
}

/**
 * A keyed hash of a value, comparable within one store: HMAC-SHA256, hexadecimal, its first 32 digits. Without a key there
 * is none: who has the key can guess values.
 */
export function digestSecret(key: string, value: string): string {
  if (key === '') return ''
  return createHmac('sha256', key).update(value).digest('hex').slice(0, 32)
}

/** Where a value comes from, safe to print; of a command its program alone. */
export function describeReference(reference: Reference): string {
  if ('fromEnv' in reference) return `fromEnv ${printable(reference.fromEnv)}`
  if ('fromFile' in reference) return `fromFile ${printable(reference.fromFile)}`
  if ('fromSops' in reference) return `sops ${printable(basename(reference.fromSops.file))}`
  return `fromCommand ${printable(reference.fromCommand[0] ?? '')}`
}

/** Whether a program is run for it, which a dry run does not do. */
function isRun(reference: Reference): boolean {
  return 'fromCommand' in reference || 'fromSops' in reference
}

/** Whether a value has the form of a reference. Whether it stands where one is taken, the schema says. */
export function isReference(value: unknown): value is Reference {
  return (
    typeof value === 'object' &&
    value !== null &&
    ('fromEnv' in value || 'fromFile' in value || 'fromCommand' in value || 'fromSops' in value)
  )
}

/** A file that was cut to nothing (a full disk, a rotation half done) is no value; who means one declares it as `default`. */
function filled(text: string, reason: string): string | { readonly reason: string } {
  return text === '' ? { reason } : text
}

function commandFailure(end: CommandEnd): string {
  switch (end.type) {
    case 'not-found':
      return 'the program was not found'
    case 'not-runnable':
      return 'the program may not be run'
    case 'too-much':
      return 'the command printed more than 64 KiB'
    case 'timed-out':
      return `the command did not end within ${formatDuration(limits.commandTimeout)}`
    case 'exited':
      return end.code === undefined ? 'a signal ended the command' : `the command exited with ${end.code}`
    default:
      return assertNever(end)
  }
}

function missingReason(found: string | { readonly reason: string }): string {
  return typeof found === 'string' ? '' : found.reason
}

/** Files and commands end their last line; the value does not hold that end. */
function dropLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '')
}

function mentionsReference(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return isReference(value) || Object.values(value).some(mentionsReference)
}
