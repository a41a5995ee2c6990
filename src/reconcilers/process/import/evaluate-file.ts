import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import type { ImportContext } from '../../../core/import.ts'
import { baseEnvironment } from '../base-env.ts'
import { readStatically } from './static/module.ts'
import { missingFile, SourceError } from './static/source-error.ts'
import { type Static, staticOf } from './static/value.ts'

const limits = Object.freeze({
  /** Milliseconds that a configuration may take to export itself. */
  time: 10_000,
  /** Bytes of what it exports. */
  bytes: 4 * 1024 * 1024,
})

/** Where the field stands that names a variable, in what the child prints. */
const variableKey = 'reconciled:variable'

/**
 * Prints what a file exports. Of the variables that it asks for it gets those that every process gets, and no other: a
 * value of the caller's must not come to stand in a manifest. Which it asked for is kept, so that a field of `env` that
 * is one of them becomes a reference.
 */
const child = `
const [file, mark, key] = process.argv.slice(1)
const asked = new Set()
const real = process.env
process.env = new Proxy(real, {
  get(target, name) {
    if (typeof name === 'string' && target[name] === undefined) asked.add(name)
    return target[name]
  },
})
const { pathToFileURL } = await import('node:url')
const loaded = await import(pathToFileURL(file).href)
const value = loaded.default ?? loaded
const text = JSON.stringify({ apps: value }, function (name, item) {
  if (item === undefined && asked.has(name)) return { [key]: name }
  return typeof item === 'function' ? undefined : item
})
process.stdout.write('\\n' + mark + text + '\\n', () => process.exit(0))
`

/** What a file exports, by running it in a process of its own. Throws `SourceError`. */
export async function evaluateFile(file: string, { env, signal }: ImportContext): Promise<Static> {
  const ending = extname(file)
  if (ending === '.json' || ending === '.yaml' || ending === '.yml') return readStatically(file)
  if (!existsSync(file)) throw missingFile(file)
  const mark = 'reconciled:exported:'
  const place = { file, line: undefined }
  const printed = await run(['--input-type=module', '-e', child, '--', file, mark, variableKey], {
    cwd: dirname(file),
    env: baseEnvironment(env),
    signal,
    file,
  })
  const line = printed.split('\n').findLast((each) => each.startsWith(mark))
  if (line === undefined) throw new SourceError('it ended without exporting anything', place)
  const { apps } = JSON.parse(line.slice(mark.length)) as { readonly apps?: unknown }
  return withVariables(staticOf(apps, place))
}

function run(
  args: readonly string[],
  options: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
    readonly signal: AbortSignal
    readonly file: string
  },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const { cwd, env, signal, file } = options
  const settings = {
    cwd,
    env: { ...env },
    signal,
    timeout: limits.time,
    killSignal: 'SIGKILL',
    maxBuffer: limits.bytes,
  } as const
  const started = execFile(process.execPath, [...args], settings, (error, output, errors) => {
    if (!error) resolve(output)
    else if (signal.aborted) reject(signal.reason)
    else if (error.killed)
      reject(new SourceError(`it did not end within ${limits.time / 1000} s`, { file, line: undefined }))
    else reject(new SourceError(`it failed: ${faultIn(errors)}`, { file, line: lineIn(errors, file) }))
  })
  started.stdin?.end()
  return promise
}

/** The message of an error that Node printed: what it says, never the source line beside it. */
function faultIn(errors: string): string {
  return /^(?:[A-Z]\w*)?Error(?: \[\w+\])?: .*$/m.exec(errors)?.[0] ?? 'it ended with an error'
}

function lineIn(errors: string, file: string): number | undefined {
  const at = errors.indexOf(`${file}:`)
  const line = Number.parseInt(errors.slice(at + file.length + 1), 10)
  return at < 0 || Number.isNaN(line) ? undefined : line
}

function withVariables(value: Static): Static {
  if (value.type === 'list') return { ...value, items: value.items.map(withVariables) }
  if (value.type !== 'map') return value
  const name = value.entries.get(variableKey)
  if (name?.type === 'scalar')
    return { type: 'variable', name: String(name.value), otherwise: undefined, at: value.at }
  return { ...value, entries: new Map([...value.entries].map(([key, child]) => [key, withVariables(child)])) }
}
