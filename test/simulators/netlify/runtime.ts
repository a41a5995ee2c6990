import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unzip } from './unzip.ts'

const run = promisify(execFile)
const child = fileURLToPath(new URL('./children/invoke.ts', import.meta.url))

/** What a function answered. */
export interface Invoked {
  readonly status: number
  readonly body: string
}

/** Runs deployed functions: each zip is unpacked once and really executed. */
export class Runtime {
  #folder: Promise<string> | undefined
  readonly #unpacked = new Map<string, Promise<string>>()

  async invoke(
    zip: Buffer,
    called: {
      readonly name: string
      readonly url: string
      readonly env: Readonly<Record<string, string>>
    },
  ): Promise<Invoked> {
    const folder = await this.#unpack(zip)
    try {
      const { stdout } = await run(process.execPath, [child, folder, called.name, called.url], {
        timeout: 20_000,
        env: { ...called.env, PATH: process.env.PATH ?? '' },
      })
      return JSON.parse(stdout.slice(stdout.lastIndexOf('{"status"'))) as Invoked
    } catch (error) {
      return { status: 502, body: String(error) }
    }
  }

  async close(): Promise<void> {
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true })
  }

  #unpack(zip: Buffer): Promise<string> {
    const digest = createHash('sha256').update(zip).digest('hex')
    const known = this.#unpacked.get(digest)
    if (known) return known
    const unpacking = this.#makeFolder(digest).then(async (folder) => {
      await unzip(zip, folder)
      return folder
    })
    this.#unpacked.set(digest, unpacking)
    return unpacking
  }

  async #makeFolder(digest: string): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'netlify-'))
    return join(await this.#folder, digest)
  }
}
