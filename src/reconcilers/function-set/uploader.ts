import { readFile } from 'node:fs/promises'
import type { NetlifyClient } from '../../clients/netlify/client.ts'
import type { Deploy } from '../../clients/netlify/deploy-record.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { DeployContent } from './deploy-content.ts'
import type { SourceFunction, SourceReader } from './source.ts'
import { named } from './title.ts'

/** How many functions are uploaded at once; the command line tool does as many. */
const uploadsAtOnce = 5

/** Sends what Netlify lacks of a deploy. */
export class Uploader {
  readonly #netlify: NetlifyClient
  readonly #sources: SourceReader

  constructor(netlify: NetlifyClient, sources: SourceReader) {
    this.#netlify = netlify
    this.#sources = sources
  }

  /** Several at once; the last one after all others and after `assertLast`: with it the deploy is whole and goes live. */
  async upload(
    deploy: Deploy,
    content: DeployContent,
    options: {
      readonly signal: AbortSignal
      readonly assertLast: () => Promise<void>
      readonly done: (count: number, all: number) => void
    },
  ): Promise<void> {
    const required = requiredOf(deploy, content)
    const all = required.length
    // Functions may share one zip, and Netlify has it with the first of them.
    const lastDigest = required.at(-1)?.bundle?.digest
    const last = required.filter(({ bundle }) => bundle?.digest === lastDigest)
    const waiting = required.filter(({ bundle }) => bundle?.digest !== lastDigest)
    if (all === 0) return
    let count = 0
    const send = async (file: SourceFunction) => {
      await this.#send(deploy.id, file, options.signal)
      count += 1
      options.done(count, all)
    }
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        options.signal.throwIfAborted()
        await send(next)
      }
    }
    const results = await Promise.allSettled(Array.from({ length: uploadsAtOnce }, work))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    await options.assertLast()
    for (const file of last) await send(file)
  }

  async #send(deployId: string, { name, bundle }: SourceFunction, signal: AbortSignal): Promise<void> {
    if (!bundle) return
    const zip = await readFile(this.#sources.zipOf(bundle.digest))
    const { runtime, invocationMode, timeout } = bundle
    await this.#netlify.uploadFunction(deployId, { name, zip, runtime, invocationMode, timeout }, signal)
  }
}

/** The functions that must be sent; rejects where Netlify lacks what only it had. */
function requiredOf(deploy: Deploy, { digest, source }: DeployContent): readonly SourceFunction[] {
  const lost = (what: string) =>
    new ReconcileError(
      'RemoteRefused',
      `Netlify does not have ${what} any more, and we do not either; deploy ${deploy.id} was cancelled`,
    )
  if (deploy.requiredFiles.length > 0) throw lost(`${deploy.requiredFiles.length} files of the site`)
  const required = new Set(deploy.requiredFunctions)
  const own = source.functions.filter(({ bundle }) => bundle && required.has(bundle.digest))
  const had = new Set(own.map(({ bundle }) => bundle?.digest))
  const lacking = Object.entries(digest.functions).filter(([, sha]) => required.has(sha) && !had.has(sha))
  if (lacking.length > 0) throw lost(named(lacking.map(([name]) => name)))
  return own
}
