import { posix } from 'node:path'
import type { Assurance, Call, KnownWord } from './call.ts'
import { pathIn } from './file-tests.ts'
import { type ReadOptions, readOptions } from './option-words.ts'

type Covers = Assurance['covers']

/** Options by which programs of all sorts are told where their output goes. */
const outputOption =
  /^(-o|--out|--output|--out-?dir|--outDir|--out-?file|--outFile|--output-(?:dir|path|file)|--dist-dir|--declarationDir)$/

/** Programs that only run the command that follows. */
const runsNext: ReadonlySet<string> = new Set(['shx', 'npx', 'sudo', 'cross-env', 'env', 'command', 'time'])

/** Paths that a command makes, as far as its words say so: what comes after it may rely on them. */
export function madeBy(call: Call): readonly Assurance[] {
  const { folder, args } = call
  if (folder === undefined) return []
  const made = (path: KnownWord, covers: Covers): Assurance[] =>
    path === undefined || path === '' ? [] : [{ path: pathIn(folder, path), covers }]
  const own = ownWords(call)
  const read = readOptions(own.args, {
    stopsAtOperand: false,
    withValue: optionsWithValue[own.name] ?? none,
  })
  const words = read.operands.map((at) => own.args[at])
  const outputs = args.flatMap((arg, index) => {
    const [option = '', value] = arg?.split(/=(.*)/s) ?? []
    return outputOption.test(option) ? made(value ?? args[index + 1], 'below') : []
  })
  const unpacked = folderOfUnpacked(own.name, read, words)
  return [...outputs, ...made(unpacked, 'below'), ...madeByWords(own.name, words, made)]
}

/** Where an archive is unpacked; undefined: none is. What is in it nobody knows before. */
function folderOfUnpacked(
  name: string,
  { options, given }: ReadOptions,
  words: readonly KnownWord[],
): string | undefined {
  if (name === 'unzip') return options.get('-d') ?? '.'
  if (name !== 'tar') return undefined
  const letters = [...given.map((one) => one.name), words[0]]
  const isUnpacking = letters.some((word) => /^-?[a-z]*x[a-z]*$|^--extract$/.test(word ?? ''))
  return isUnpacking ? (options.get('-C') ?? options.get('--directory') ?? '.') : undefined
}

const none: ReadonlySet<string> = new Set()
const optionsWithValue: Readonly<Record<string, ReadonlySet<string>>> = Object.freeze({
  mkdir: new Set(['-m', '--mode']),
  touch: new Set(['-d', '-r', '-t']),
  tar: new Set(['-C', '--directory', '-f']),
  unzip: new Set(['-d']),
  git: new Set(['-b', '--branch', '--depth', '-C', '-c', '--origin']),
})

function madeByWords(
  name: string,
  words: readonly KnownWord[],
  made: (path: KnownWord, covers: Covers) => readonly Assurance[],
): readonly Assurance[] {
  switch (name) {
    case 'mkdir':
    case 'mkdirp':
      return words.flatMap((word) => made(word, 'below'))
    case 'touch':
    case 'tee':
      return words.flatMap((word) => made(word, 'itself'))
    case 'cp':
    case 'mv':
    case 'ln':
    case 'install':
    case 'rsync':
    case 'cpy': {
      const target = words.at(-1)
      const sources = words.slice(0, -1)
      if (target === undefined || sources.length === 0) return []
      // Into the folder that is there, or under that name: which of them only the disk knows.
      const within = sources.map((source) => posix.join(target, posix.basename(source ?? '')))
      return [...within, target].flatMap((path) => made(path, isAbove(path) ? 'itself' : 'below'))
    }
    case 'git': {
      const [verb, from, to] = words
      if (verb !== 'clone') return []
      return made(to ?? (from === undefined ? undefined : posix.basename(from, '.git')), 'below')
    }
    case 'curl':
    case 'wget':
      return words.flatMap((word) => made(word && posix.basename(word.replace(/[?#].*$/, '')), 'itself'))
    case 'chmod': {
      const [mode, ...files] = words
      const isForExecuting = mode !== undefined && /x|^[0-7]*[1357][0-7]*$/.test(mode)
      return isForExecuting ? files.flatMap((file) => made(file, 'executable')) : []
    }
    default:
      return []
  }
}

/** The folder itself or one above it: what is copied there says nothing of the rest of it. */
function isAbove(path: string): boolean {
  return /^[./]*$/.test(path)
}

/** The command that a program such as `shx` runs in turn. */
function ownWords({ name, args }: Call): Pick<Call, 'name' | 'args'> {
  if (!runsNext.has(name)) return { name, args }
  const at = args.findIndex((arg) => arg !== undefined && !arg.startsWith('-') && !arg.includes('='))
  return { name: args[at] ?? '', args: at === -1 ? [] : args.slice(at + 1) }
}

/** Whether a path may be relied on: it was made, is within what was made, or holds what was made. */
export function isAssured(path: string, assured: readonly Assurance[]): boolean {
  return assured.some(({ path: known, covers }) => {
    if (covers === 'executable') return false
    if (known === '.' && covers === 'below') return !path.startsWith('..') && !posix.isAbsolute(path)
    return (
      path === known || known.startsWith(`${path}/`) || (covers === 'below' && path.startsWith(`${known}/`))
    )
  })
}

/** Whether a path was made executable. */
export function isMadeExecutable(path: string, assured: readonly Assurance[]): boolean {
  return assured.some(({ path: known, covers }) => covers === 'executable' && known === path)
}
