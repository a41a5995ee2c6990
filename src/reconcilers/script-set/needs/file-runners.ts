import { readOptions, valuesOf } from '../shell/option-words.ts'
import type { Need } from './need.ts'
import { fileNeed, needing, nothing, type Rule } from './understanding.ts'

/** A program that runs the file that it is given. */
interface FileRunner {
  readonly how: 'node' | 'typescript' | 'read'
  readonly withValue: readonly string[]
  /** Options after which there is no file: the program itself, a module or a question stands there. */
  readonly instead: readonly string[]
  /** Options that name a file that is loaded before. */
  readonly preloads?: readonly string[]
  /** A first operand that is a verb of the runner. */
  readonly verbs?: readonly string[]
}

/** Options of Node whose value is the next word. */
export const nodeOptions = [
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '--env-file',
  '--env-file-if-exists',
  '-C',
  '--conditions',
  '--watch-path',
  '--test-reporter',
  '--test-reporter-destination',
  '--test-name-pattern',
  '--title',
  '--input-type',
  '--icu-data-dir',
  '--disable-warning',
  '--stack-trace-limit',
]
/** What teaches Node to find and read TypeScript when it is loaded before. */
const typeScriptHook =
  /^(ts-node|tsx|tsm|sucrase|esbuild-register|esbuild-runner|@swc-node\/register|@babel\/register|@esbuild-kit\/[a-z-]+|@oxc-node\/core)(\/.*)?$/
const asks = ['-v', '--version', '-h', '--help']
const runsCode = ['-e', '--eval', '-p', '--print', '-pe', ...asks]

const fileRunners = {
  node: {
    how: 'node',
    withValue: nodeOptions,
    instead: [...runsCode, '--test', '-i', '--interactive'],
    preloads: ['-r', '--require', '--import', '--loader', '--experimental-loader'],
  },
  'ts-node': {
    how: 'typescript',
    withValue: [
      '-P',
      '--project',
      '-r',
      '--require',
      '-O',
      '--compilerOptions',
      '-D',
      '--ignoreDiagnostics',
      '-I',
      '--ignore',
      '--cwd',
    ],
    instead: runsCode,
    preloads: ['-r', '--require'],
  },
  tsx: {
    how: 'typescript',
    withValue: [...nodeOptions, '--tsconfig', '--include', '--exclude'],
    instead: [...runsCode, '--test'],
    verbs: ['watch'],
  },
  'ts-node-dev': {
    how: 'typescript',
    withValue: [
      '-P',
      '--project',
      '-r',
      '--require',
      '--ignore-watch',
      '--watch',
      '-O',
      '--compiler-options',
    ],
    instead: runsCode,
  },
  'babel-node': {
    how: 'node',
    withValue: [
      '--presets',
      '--plugins',
      '-x',
      '--extensions',
      '-r',
      '--require',
      '--config-file',
      '--env-name',
    ],
    instead: runsCode,
  },
  deno: {
    how: 'read',
    withValue: ['--config', '-c', '--import-map'],
    instead: ['-e', ...asks],
    verbs: ['run'],
  },
  python: { how: 'read', withValue: ['-W', '-X'], instead: ['-m', '-c', ...asks] },
  ruby: { how: 'read', withValue: ['-r', '-I'], instead: ['-e', ...asks] },
  perl: { how: 'read', withValue: ['-I'], instead: ['-e', '-E', ...asks] },
  php: { how: 'read', withValue: ['-d', '-c'], instead: ['-r', '-S', '-m', '-i', ...asks] },
} as const satisfies Readonly<Record<string, FileRunner>>

/** How a program that runs a file is read. */
export function fileRule(name: keyof typeof fileRunners): Rule {
  const runner: FileRunner = fileRunners[name]
  return (call) => {
    if (call.folder === undefined) return nothing
    const words = [...call.args]
    const isVerb = words[0] !== undefined && runner.verbs?.includes(words[0])
    if (runner.verbs && call.name === 'deno' && !isVerb) return nothing
    const read = readOptions(isVerb ? words.slice(1) : words, { withValue: new Set(runner.withValue) })
    const { operands, options, afterDashes } = read
    const needs: Need[] = []
    const preloaded = valuesOf(read, ...(runner.preloads ?? []))
    for (const file of preloaded) {
      if (file !== undefined && /^\.{0,2}\//.test(file))
        needs.push(fileNeed(call, file, runner.how, call.name))
    }
    const readsTypeScript = preloaded.some((name) => name !== undefined && typeScriptHook.test(name))
    const how = readsTypeScript ? 'typescript' : runner.how
    if (runner.instead.some((option) => options.has(option))) return needing(needs)
    const at = operands[0] ?? afterDashes
    const file = at === undefined ? undefined : words[at + (isVerb ? 1 : 0)]
    // `-` is standard input.
    if (file !== undefined && file !== '-' && !/^[a-z]+:/.test(file))
      needs.push(fileNeed(call, file, how, call.name))
    return needing(needs)
  }
}
