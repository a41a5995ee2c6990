import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Bundle, Bundled, BundleFailure, BundleJob } from './bundle.ts'

/** `@netlify/zip-it-and-ship-it`, pinned in package.json: another version makes other zips of the same source. */
export const bundlerVersion = '16.2.3'

/** Milliseconds that a hundred functions may take. */
const bundlingDeadline: Duration = 600_000

/** Of the caller's shell: where programs and folders are, and nothing that could end up in a zip. */
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'NODE_COMPILE_CACHE'] as const

/** Longest excerpt of what the bundler itself printed. */
const maxText = 2000

/** A bundler that was started, for one job. */
export interface Bundler {
  /**
   * `done` is told after each function. A function that cannot be bundled fails alone; rejects where the bundler itself
   * fails.
   */
  bundle(job: BundleJob, done?: (count: number) => void): Promise<Bundled>
  /** Ends it, whatever it does; harmless when it has ended. */
  stop(): void
}

/**
 * Starts a child process that bundles functions, so that neither its working directory nor its weight are ours. It loads
 * what it needs until it is given its job.
 */
export function startBundler(at: {
  /** Of the project. */
  readonly root: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}): Bundler {
  const child = spawn(process.execPath, [childPath()], {
    cwd: at.root,
    env: Object.fromEntries(passedOn.map((name) => [name, at.env[name]])),
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: AbortSignal.any([at.signal, AbortSignal.timeout(bundlingDeadline)]),
    killSignal: 'SIGKILL',
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-maxText)
  })
  // A child that could not start or was ended says so by its exit; writing to it fails as well.
  let failure: unknown
  child.on('error', (error) => {
    failure = error
  })
  child.stdin.on('error', (error) => {
    failure ??= error
  })
  const exit = once(child, 'close').catch((error: unknown) => {
    failure ??= error
    return [null]
  })
  // From the beginning on: what ends before it is heard is never heard of.
  const lines: string[] = []
  let told: (count: number) => void = () => undefined
  createInterface({ input: child.stdout }).on('line', (line) => told(lines.push(line)))
  return {
    bundle: async (job, done) => {
      if (done) told = done
      child.stdin.end(JSON.stringify(job))
      const [code] = (await exit) as [number | null]
      at.signal.throwIfAborted()
      if (code !== 0 || lines.length < job.functions.length) {
        const message = `Could not bundle functions: the bundler ended early. ${said}`.trim()
        throw new ReconcileError('BundlerFailed', message, { cause: failure })
      }
      const answers = lines.map((line) => JSON.parse(line) as Bundle | BundleFailure).sort(byName)
      return {
        bundles: answers.flatMap((answer) => ('digest' in answer ? answer : [])),
        failures: answers.flatMap((answer) => ('digest' in answer ? [] : answer)),
      }
    },
    stop: () => {
      child.kill('SIGKILL')
    },
  }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1)

/** Beside this file in the source, and beside the program where it is built. */
function childPath(): string {
  const isSource = import.meta.url.endsWith('.ts')
  return fileURLToPath(new URL(isSource ? './child.ts' : './bundle-functions.cjs', import.meta.url))
}
