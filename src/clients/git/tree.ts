import { ReconcileError } from '../../core/errors.ts'
import { type GitCall, gitFailure, runGit } from './run.ts'

/** A file or a link of a commit. */
export interface TreeEntry {
  readonly mode: string
  readonly object: string
  /** Bytes. */
  readonly size: number
  readonly path: string
}

/** What a commit holds, which may be far more than was sent for it: the same content counts as often as it is named. */
export interface Tree {
  readonly files: readonly TreeEntry[]
  /** Files and folders. */
  readonly count: number
  readonly bytes: number
  /** False: it holds more than was listed. */
  readonly isWhole: boolean
}

/** How much of a commit is ever written out. */
export interface TreeBounds {
  /** Files and folders. */
  readonly count: number
  readonly bytes: number
}

/** Lists a commit. Folders are listed too, so that a tree of nothing but folders has an end. */
export async function listTree(callOf: (args: readonly string[]) => GitCall, commit: string): Promise<Tree> {
  const call = callOf(['ls-tree', '-r', '-t', '-l', '-z', '--full-tree', commit])
  const answer = await runGit({ ...call, mayBeCut: true })
  if (answer.code !== 0 && !answer.isCut) throw gitFailure(call.args, answer)
  // What stands behind the last NUL was cut off.
  const lines = answer.output.toString('utf8').split('\0').slice(0, -1)
  const files = lines.flatMap((line) => {
    const [, mode = '', type, object = '', size = '', path = ''] =
      /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t([\s\S]+)$/.exec(line) ?? []
    if (type !== 'blob') return []
    assertPlain(path)
    return [{ mode, object, size: Number(size), path }]
  })
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  return { files, count: lines.length, bytes, isWhole: !answer.isCut }
}

/** By what a commit is larger than it may be, without a subject; undefined: it is not. */
export function excessOf({ count, bytes, isWhole }: Tree, most: TreeBounds): string | undefined {
  if (isWhole && count <= most.count && bytes <= most.bytes) return undefined
  const more = isWhole ? '' : 'more than '
  return `has ${more}${count} files and folders of ${more}${bytes} bytes; at most ${most.count} of ${most.bytes} are written out`
}

/** A tree that was made by hand can name what git itself would never write. */
function assertPlain(path: string): void {
  const isPlain = path
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git')
  if (isPlain) return
  throw new ReconcileError('GitFailed', `Cannot read the commit: it holds the path ${JSON.stringify(path)}`)
}
