import { dirname } from 'node:path'
import { assertNever } from '../core/assert-never.ts'
import { formatDuration } from '../core/duration.ts'
import type { EncryptedPlace } from '../core/secret.ts'
import { hashOf } from './encrypted.ts'
import { limits } from './limits.ts'
import { readText } from './read-text.ts'
import { type CommandEnd, type CommandRunner, setVariables } from './secret-command.ts'
import { createSourceFile } from './source-file.ts'
import { placeAt, type Tree } from './tree.ts'

interface DecrypterOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly runCommand: CommandRunner | undefined
}

type Decrypted =
  | { readonly type: 'documents'; readonly documents: readonly Tree[]; readonly hash: string }
  | { readonly type: 'failed'; readonly reason: string }

/** Milliseconds that SOPS may take: it may have to ask a key service. */
const timeout = 10_000

/** What the exit codes of SOPS mean (its cmd/sops/codes), where they say what is to be done. */
const exitReasons: Readonly<Record<number, string>> = Object.freeze({
  51: 'the file was changed without sops: its MAC does not match',
  52: 'the file has no MAC',
  128: 'none of the keys that it is encrypted for could be had (of age: SOPS_AGE_KEY_FILE)',
})

/** Has the program `sops` decrypt manifests, each file once. What it says is only ever a value, and never written. */
export class Decrypter {
  readonly #options: DecrypterOptions
  readonly #known = new Map<string, Promise<Decrypted>>()

  constructor(options: DecrypterOptions) {
    this.#options = options
  }

  /** The value at a place, or why it could not be had. */
  async find(place: EncryptedPlace): Promise<string | { readonly reason: string }> {
    const { file, document, path, hash } = place
    const known = this.#known.get(file) ?? this.#decrypt(file)
    this.#known.set(file, known)
    const decrypted = await known
    if (decrypted.type === 'failed') return decrypted
    // Its last good text may stand in for it, of which nothing can be decrypted.
    if (decrypted.hash !== hash)
      return { reason: 'the file does not say any more what it said when it was read' }
    const root = decrypted.documents[document]
    const found = root && placeAt(root, path).tree
    if (found?.type !== 'scalar' || typeof found.value !== 'string')
      return { reason: 'what sops decrypted has another form than the file' }
    return found.value
  }

  async #decrypt(file: string): Promise<Decrypted> {
    const failed = (reason: string): Decrypted => ({ type: 'failed', reason })
    const reading = await readText(file, limits.bytes)
    if (reading.type !== 'text') return failed('the file could not be read')
    const end = await this.#options.runCommand?.({
      command: ['sops', '-d', '--input-type', 'yaml', '--output-type', 'yaml', file],
      folder: dirname(file),
      env: setVariables(this.#options.env),
      limit: timeout,
      // As much as a manifest may be.
      maxBytes: limits.bytes,
    })
    if (!end) return failed('no command may be run')
    if (end.type !== 'exited' || end.code !== 0) return failed(failureOf(end))
    const { parseManifest } = await import('./parse.ts')
    const { documents, diagnostics } = parseManifest(createSourceFile(file, end.output))
    // Its faults would quote what was decrypted.
    if (diagnostics.length > 0) return failed('what sops printed is no YAML')
    return { type: 'documents', documents, hash: hashOf(reading.text) }
  }
}

function failureOf(end: CommandEnd): string {
  switch (end.type) {
    case 'not-found':
      return 'the program sops was not found on PATH; install it (https://getsops.io)'
    case 'not-runnable':
      return 'the program sops may not be run'
    case 'too-much':
      return 'sops printed more than a manifest may hold'
    case 'timed-out':
      return `sops did not end within ${formatDuration(timeout)}`
    case 'exited':
      if (end.code === undefined) return 'a signal ended sops'
      return exitReasons[end.code] ?? `sops could not decrypt the file (exit code ${end.code})`
    default:
      return assertNever(end)
  }
}
