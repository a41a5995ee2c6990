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

/**
 * Bundles functions in a child process, so that neither its working directory nor its weight are ours. `done` is told
 * after each. A function that cannot be bundled fails alone; rejects where the bundler itself fails.
 */
export async function runBundler(
  job: BundleJob,
  env: Readonly<Record<string, string | undefined>>,
  options: { readonly signal: AbortSignal; readonly done?: (count: number) => void },
): Promise<Bundled> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(bundlingDeadline)])
  const child = spawn(process.execPath, [childPath()], {
    cwd: job.root,
    env: Object.fromEntries(passedOn.map((name) => [name, env[name]])),
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  })
  const bundles: Bundle[] = []
  const failures: BundleFailure[] = []
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
  child.stdin.end(JSON.stringify(job))
  for await (const line of createInterface({ input: child.stdout })) {
    const result = JSON.parse(line) as Bundle | BundleFailure
    if ('digest' in result) bundles.push(result)
    else failures.push(result)
    options.done?.(bundles.length + failures.length)
  }
  const [code] = (await exit) as [number | null]
  options.signal.throwIfAborted()
  if (code !== 0 || bundles.length + failures.length < job.functions.length) {
    throw new ReconcileError(
      'BundlerFailed',
      `Could not bundle functions: the bundler ended early. ${said}`.trim(),
      {
        cause: failure,
      },
    )
  }
  const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1)
  return { bundles: bundles.sort(byName), failures: failures.sort(byName) }
}

/** Beside this file in the source, and beside the program where it is built. */
function childPath(): string {
  const isSource = import.meta.url.endsWith('.ts')
  return fileURLToPath(new URL(isSource ? './child.ts' : './bundle-functions.cjs', import.meta.url))
}
