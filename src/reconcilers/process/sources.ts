import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ReconcileError } from '../../core/errors.ts'

/** More is a glob that caught too much (a whole home, `node_modules`): said, not waited for. */
const mostFiles = 20_000

interface CachedHash {
  readonly stamp: string
  readonly hash: string
}

/** Hashes what `sources` names. Remembers each file's hash while its time, size and inode stay. */
export class SourceHasher {
  readonly #known = new Map<string, CachedHash>()

  /** Of names and content, in the order of names, whatever the order of the globs; '' where nothing matches. */
  async hash(folder: string, globs: readonly string[], signal: AbortSignal): Promise<string> {
    const { glob } = await import('tinyglobby')
    const files = await glob([...globs], {
      cwd: folder,
      absolute: true,
      dot: true,
      onlyFiles: true,
      expandDirectories: false,
      ignore: ['**/node_modules/**', '**/.git/**'],
    })
    if (files.length > mostFiles) {
      throw new ReconcileError('OperationTimedOut', `Could not read sources: ${files.length} files match`, {
        hint: `name fewer than ${mostFiles}`,
      })
    }
    const total = createHash('sha256')
    for (const file of files.sort()) {
      signal.throwIfAborted()
      const hash = await this.#hashFile(file)
      if (hash !== undefined) total.update(`${relative(folder, file)}\0${hash}\n`)
    }
    return total.digest('hex')
  }

  async #hashFile(file: string): Promise<string | undefined> {
    // Gone between the listing and now: as if it had not been listed.
    const stats = await stat(file, { bigint: true }).catch(() => undefined)
    if (!stats) return undefined
    const stamp = `${stats.mtimeNs}/${stats.size}/${stats.ino}`
    const known = this.#known.get(file)
    if (known?.stamp === stamp) return known.hash
    const content = createHash('sha256')
    await pipeline(createReadStream(file), content)
    const hash = content.digest('hex')
    this.#known.set(file, { stamp, hash })
    return hash
  }
}
