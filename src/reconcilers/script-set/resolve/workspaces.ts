import { dirname, join, matchesGlob } from 'node:path'
import { parse } from 'yaml'
import { isFields } from '../../../core/fields.ts'
import { type PackageFile, parsePackage } from '../package-json/package-file.ts'
import { ancestors, type FileFacts } from './file-facts.ts'

/** Another package of the same tree. */
export interface Neighbour {
  readonly folder: string
  readonly file: PackageFile
}

/** Folders of a workspace are looked for at most so deep. */
const deepest = 6

/** Packages of the workspace that a package is the root or a member of; none where it is neither. */
export async function readWorkspaces(
  own: { readonly folder: string; readonly file: PackageFile },
  facts: FileFacts,
): Promise<readonly Neighbour[]> {
  const fileIn = async (folder: string): Promise<PackageFile | undefined> => {
    if (folder === own.folder) return own.file
    const reading = parsePackage(await facts.read(join(folder, 'package.json')))
    return reading.type === 'package' ? reading.file : undefined
  }
  for (const root of ancestors(own.folder)) {
    const file = await fileIn(root)
    const patterns = file ? [...file.workspaces, ...(await pnpmPatterns(root, facts))] : []
    if (patterns.length === 0) continue
    const folders = new Set<string>()
    for (const pattern of patterns.filter((one) => !one.startsWith('!')))
      for (const folder of await expand(root, pattern.split('/').filter(isSegment), facts))
        folders.add(folder)
    const found = await Promise.all(
      [...folders].sort().map(async (folder) => ({ folder, file: await fileIn(folder) })),
    )
    return found.flatMap(({ folder, file: at }) => (at ? [{ folder, file: at }] : []))
  }
  return []
}

function isSegment(segment: string): boolean {
  return segment !== '' && segment !== '.'
}

/** Folders that a pattern such as `packages/*` stands for; whether they hold a package is seen when it is read. */
async function expand(
  folder: string,
  segments: readonly string[],
  facts: FileFacts,
  depth = 0,
): Promise<readonly string[]> {
  const [segment, ...rest] = segments
  if (segment === undefined) return [folder]
  if (segment === '..') return expand(dirname(folder), rest, facts, depth)
  if (!/[*?[{(!]/.test(segment)) return expand(join(folder, segment), rest, facts, depth)
  if (depth >= deepest) return []
  const names = [...((await facts.list(folder)) ?? [])].filter((name) => name !== 'node_modules')
  const isAnyDepth = segment === '**'
  const matches = (name: string) => (isAnyDepth ? !name.startsWith('.') : matchesGlob(name, segment))
  const inner = await Promise.all(
    names
      .filter((name) => matches(name))
      .map((name) => expand(join(folder, name), isAnyDepth ? segments : rest, facts, depth + 1)),
  )
  const here = isAnyDepth ? await expand(folder, rest, facts, depth + 1) : []
  return [...here, ...inner.flat()]
}

async function pnpmPatterns(folder: string, facts: FileFacts): Promise<readonly string[]> {
  const read = await facts.read(join(folder, 'pnpm-workspace.yaml'))
  if (read.type !== 'text') return []
  const value = parseYaml(read.text)
  const list = isFields(value) ? value.packages : undefined
  return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : []
}

/** Somebody else's file: one that is no YAML names no workspace. */
function parseYaml(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}
