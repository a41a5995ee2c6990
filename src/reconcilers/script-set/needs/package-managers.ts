import { posix } from 'node:path'
import type { Call } from '../shell/call.ts'
import { type OptionRules, type ReadOptions, readOptions, valuesOf } from '../shell/option-words.ts'
import { yarnVerbs } from './manager-verbs.ts'
import type { ScriptPlace, ScriptRunner } from './need.ts'
import { fileNeed, handOn, handSources, needing, nothing, type Rule, scriptNeed } from './understanding.ts'

const npmOptions: OptionRules = {
  stopsAtOperand: false,
  withValue: new Set([
    '--prefix',
    '-C',
    '-w',
    '--workspace',
    '--loglevel',
    '--script-shell',
    '--userconfig',
    '--registry',
    '--cache',
    '-c',
    '--call',
    '-p',
    '--package',
    '--tag',
    '--otp',
  ]),
}
const runVerbs: ReadonlySet<string> = new Set(['run', 'run-script', 'rum', 'urn'])
const scriptVerbs: Readonly<Record<string, string>> = Object.freeze({
  start: 'start',
  stop: 'stop',
  test: 'test',
  restart: 'restart',
  t: 'test',
  tst: 'test',
})

/** npm: `run`, `test`, `start`, `restart`, `exec`; what else it does needs nothing of ours. */
export const npm: Rule = (call) => {
  const read = readOptions(call.args, npmOptions)
  const { operands, options, afterDashes } = read
  const [verb, first] = operands.map((at) => call.args[at])
  if (verb === undefined) return nothing
  if (verb === 'exec' || verb === 'x')
    return npx({
      ...call,
      args: afterVerb(call.args, operands[0], afterDashes),
      written: afterVerb(call.written, operands[0], afterDashes),
    })
  const name = runVerbs.has(verb) ? first : scriptVerbs[verb]
  if (name === undefined) return nothing
  const hooksOf = options.has('--ignore-scripts') ? undefined : 'npm'
  return needing(
    npmPlaces(call, read).map((place) => {
      const isOptional = options.has('--if-present') || place.type === 'workspaces'
      return scriptNeed(place, name, { isOptional, hooksOf })
    }),
  )
}

/** The packages that npm is told to run a script of. What is only known when it runs is left out. */
function npmPlaces(call: Call, read: ReadOptions): readonly ScriptPlace[] {
  if (read.options.has('--workspaces') || read.options.has('-ws')) return [{ type: 'workspaces' }]
  const workspaces = valuesOf(read, '-w', '--workspace')
  if (workspaces.length > 0)
    return workspaces.flatMap((name) => (name === undefined ? [] : [{ type: 'workspace', name }]))
  const prefixes = valuesOf(read, '--prefix', '-C')
  const prefix = prefixes.at(-1)
  if (prefixes.length > 0 && prefix === undefined) return []
  const folder = prefix === undefined ? call.folder : under(call.folder, prefix)
  return folder === undefined ? [] : [{ type: 'folder', folder }]
}

function afterVerb<T>(
  words: readonly T[],
  at: number | undefined,
  afterDashes: number | undefined,
): readonly T[] {
  return words.slice(afterDashes ?? (at ?? 0) + 1)
}

function under(folder: string | undefined, path: string): string | undefined {
  if (folder === undefined) return undefined
  return posix.isAbsolute(path) ? posix.normalize(path) : posix.join(folder, path)
}

/** npx and its like: a program of a dependency, or one that is fetched. */
export const npx: Rule = (call) => {
  const { operands, options, afterDashes } = readOptions(call.args, {
    withValue: new Set(['-p', '--package', '-c', '--call', '-w', '--workspace', '--cache', '--registry']),
  })
  const command = options.get('-c') ?? options.get('--call')
  if (options.has('-c') || options.has('--call')) return handSources(call, [command])
  const at = operands[0] ?? afterDashes
  const name = at === undefined ? undefined : call.args[at]
  if (at === undefined || name === undefined) return nothing
  if (name.includes('/') && !name.startsWith('@'))
    return name.startsWith('.') && call.folder !== undefined ? handOn(call, at) : nothing
  const mayFetch = !options.has('--no-install') && !options.has('--no') && !options.has('--offline')
  const isFetched = options.has('-p') || options.has('--package') || /.@/.test(name)
  const program = /^@[^/]+\/(.+)$/.exec(name)?.[1] ?? name
  const need = { type: 'npx' as const, name: program.replace(/@.*$/, ''), mayFetch: mayFetch || isFetched }
  const calls = handOn(call, at).calls.map((handed) => ({ ...handed, name: need.name, isProvided: true }))
  return { needs: isFetched ? [] : [need], calls, sources: [] }
}

/** yarn, pnpm and bun: their own verbs, scripts, and programs of dependencies. */
export function managerRule(verbs: ReadonlySet<string>, runner: ScriptRunner): Rule {
  return (call) => {
    const { operands, options } = readOptions(call.args, {
      stopsAtOperand: false,
      withValue: new Set(['--cwd', '-C', '--dir', '--filter', '-F']),
    })
    const [verb, first, second] = operands.map((at) => call.args[at])
    const folder = options.get('--cwd') ?? options.get('-C') ?? options.get('--dir')
    const filter = options.get('--filter') ?? options.get('-F')
    // `web...` means web and all that it depends on.
    const selected = filter?.replace(/^\.{3}\^?|\^?\.{3}$/g, '')
    const start = folder === undefined ? call.folder : under(call.folder, folder)
    const isAtRoot = runner === 'pnpm' && (options.has('-w') || options.has('--workspace-root'))
    const isElsewhere =
      isAtRoot ||
      options.has('--filter') ||
      options.has('-F') ||
      options.has('-r') ||
      options.has('--recursive')
    const isOptional = options.has('--if-present')
    const place: ScriptPlace | undefined =
      selected !== undefined && /^[@\w./-]+$/.test(selected)
        ? { type: 'workspace', name: selected, isLoose: true }
        : isElsewhere
          ? { type: 'workspaces' }
          : start === undefined
            ? undefined
            : { type: 'folder', folder: start }
    if (verb === undefined || place === undefined) return nothing
    if (verb === 'workspace' && runner === 'yarn') {
      const name = second === 'run' ? call.args[operands[3] ?? -1] : second
      return first === undefined || name === undefined || yarnVerbs.has(name)
        ? nothing
        : needing([{ type: 'script-or-program', name, place: { type: 'workspace', name: first }, runner }])
    }
    if (verb === 'exec') return handOn(call, operands[1])
    if (verb === 'dlx' || verb === 'x') return nothing
    const name = runVerbs.has(verb) ? first : verb
    // `/expression/` runs every script that it finds, and only pnpm knows how it reads it.
    if (runner === 'pnpm' && name?.startsWith('/')) return nothing
    if (name === undefined || (!runVerbs.has(verb) && verbs.has(verb))) return nothing
    if (place.type === 'workspaces') return needing([scriptNeed(place, name, { isOptional: true })])
    if (isOptional || name === 'start' || name === 'test')
      return needing([scriptNeed(place, name, { isOptional, hooksOf: runner })])
    if (runner === 'bun' && /\.[cm]?[jt]sx?$/.test(name))
      return needing(call.folder === undefined ? [] : [fileNeed(call, name, 'typescript', 'bun')])
    return needing([{ type: 'script-or-program', name, place, runner }])
  }
}
