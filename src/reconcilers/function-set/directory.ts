import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join, relative, sep } from 'node:path'
import { messageOf } from '../../core/errors.ts'

/** A function in the directory. */
export interface FunctionFile {
  readonly name: string
  /** The file or folder that is the function, absolute. */
  readonly path: string
  /** The file that runs first, relative to the directory. */
  readonly file: string
}

/** What a directory holds, and what is wrong with it. */
export interface Directory {
  /** In order of their names. */
  readonly functions: readonly FunctionFile[]
  /** Sentences; with any, nothing is deployed. */
  readonly problems: readonly string[]
  /** What Netlify would take for a function, and we do not deploy: built elsewhere, or in another language. */
  readonly passedOver: readonly string[]
}

/** In the order in which Netlify's bundler prefers them. */
const extensions = ['.js', '.ts', '.mjs', '.cjs', '.tsx', '.mts', '.cts'] as const
const extensionSet: ReadonlySet<string> = new Set(extensions)

/** Functions that Netlify takes, and that only its own builds or somebody's hands make. */
const otherKinds: ReadonlySet<string> = new Set(['.zip', '.go'])

/** What Netlify takes for a name. */
const namePattern = /^[A-Za-z0-9_-]{1,200}$/

/**
 * Lists the functions as Netlify does: a file at the top, or a folder with a file of its own name or `index`. Other
 * folders are helpers. Rejects where the directory cannot be read: that is never an empty one.
 */
export async function listDirectory(
  directory: string,
  chosen: {
    readonly include: readonly string[] | undefined
    readonly exclude: readonly string[] | undefined
  },
): Promise<Directory> {
  const isChosen = chooserOf(chosen)
  const problems: string[] = []
  const found = new Map<string, FunctionFile>()
  const passedOver: string[] = []
  const entries = await readdir(directory, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = entry
    if (name.startsWith('.') || name === 'node_modules') continue
    const file = await functionAt(directory, entry)
    if (file && 'fault' in file) {
      if (isChosen(file.name)) problems.push(file.fault)
      continue
    }
    if (!file && otherKinds.has(extname(name)) && isChosen(basename(name, extname(name)))) {
      passedOver.push(name)
    }
    if (!file || !isChosen(file.name)) continue
    const other = found.get(file.name)
    if (other) {
      problems.push(`${other.file} and ${file.file} are both the function ${file.name}`)
      continue
    }
    if (!namePattern.test(file.name)) {
      problems.push(`${file.file} is no name for a function: letters, digits, \`-\` and \`_\` only`)
      continue
    }
    found.set(file.name, file)
  }
  const functions = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return { functions, problems, passedOver }
}

/** A link that may have been a function, and leads nowhere. */
interface LostLink {
  readonly name: string
  readonly fault: string
}

async function functionAt(directory: string, entry: Dirent): Promise<FunctionFile | LostLink | undefined> {
  const { name } = entry
  const path = join(directory, name)
  const extension = extname(name)
  // A link is what it leads to.
  const found = entry.isSymbolicLink() ? await stat(path).catch(codeOfFault) : entry
  if (typeof found === 'string') {
    const mayBeFunction = extension === '' || extensionSet.has(extension)
    const why = found === 'ENOENT' ? 'leads nowhere' : `cannot be followed (${found})`
    return mayBeFunction ? { name: basename(name, extension), fault: `the link ${name} ${why}` } : undefined
  }
  if (found.isFile()) {
    if (!extensionSet.has(extension) || name.endsWith(`.d${extension}`)) return undefined
    return { name: basename(name, extension), path, file: name }
  }
  if (!found.isDirectory()) return undefined
  const inside = new Set(await readdir(path))
  const main = extensions
    .flatMap((each) => [`${name}${each}`, `index${each}`])
    .find((each) => inside.has(each))
  return main === undefined ? undefined : { name, path, file: `${name}/${main}` }
}

/** The file that is the function, or all in its folder but for what is installed there; absolute, in order. */
export async function ownFilesOf({ path }: Pick<FunctionFile, 'path'>): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((each) => !relative(path, each).split(sep).includes('node_modules'))
    .sort()
}

function codeOfFault({ code }: NodeJS.ErrnoException): string {
  return code ?? 'unknown'
}

/** Whether a name is meant by the globs of the manifest. */
function chooserOf({ include, exclude }: Parameters<typeof listDirectory>[1]): (name: string) => boolean {
  const wanted = (include ?? ['*']).map(globPattern)
  const unwanted = (exclude ?? []).map(globPattern)
  return (name) =>
    wanted.some((pattern) => pattern.test(name)) && !unwanted.some((pattern) => pattern.test(name))
}

/** A glob over one name: `*`, `?` and `{a,b}`; everything else is meant as it stands. */
function globPattern(glob: string): RegExp {
  let depth = 0
  const source = glob.replaceAll(/[*?{},]|[^*?{},]+/g, (part) => {
    if (part === '*') return '.*'
    if (part === '?') return '.'
    if (part === '{') {
      depth += 1
      return '(?:'
    }
    if (part === '}' && depth > 0) {
      depth -= 1
      return ')'
    }
    if (part === ',' && depth > 0) return '|'
    return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${source}${')'.repeat(depth)}$`)
}

/** Why a directory could not be read, for people. */
export function unreadableDirectory(directory: string, error: unknown): string {
  const { code } = error as { readonly code?: string }
  const why = code === undefined ? undefined : faults[code]
  return `Could not read the directory ${directory}: ${why ?? messageOf(error)}`
}

const faults: Readonly<Record<string, string>> = {
  ENOENT: 'there is none',
  ENOTDIR: 'it is something else',
  EACCES: 'it may not be read',
}
