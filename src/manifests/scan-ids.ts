import { type ResourceId, resourceId } from '../core/resource.ts'
import { findManifests, isFolder } from './files.ts'
import { findFleetRoot } from './fleet-root.ts'
import { limits } from './limits.ts'
import { readText } from './read-text.ts'

/**
 * The ids that a text seems to declare, also one that cannot be parsed: its `kind` lines, each with the `name` that
 * follows. `kinds`: those that count; default: all.
 */
export function scanIds(text: string, kinds?: readonly string[]): readonly ResourceId[] {
  const ids = new Set<ResourceId>()
  for (const document of text.split(/^---/m)) {
    const lines = document.split('\n')
    const kind = firstOf(lines, (line) => /^["']?kind["']?[ \t]*:[ \t]*["']?([A-Za-z0-9]+)/.exec(line)?.[1])
    const name = firstOf(lines, (line, index) =>
      /^["']?metadata["']?[ \t]*:/.test(line) ? nameBelow(lines, index) : undefined,
    )
    if (kind && name && (kinds === undefined || kinds.includes(kind))) ids.add(resourceId(kind, name))
  }
  return [...ids]
}

/** The first answer that there is. */
function firstOf(
  lines: readonly string[],
  ask: (line: string, index: number) => string | undefined,
): string | undefined {
  for (const [index, line] of lines.entries()) {
    const answer = ask(line, index)
    if (answer !== undefined) return answer
  }
  return undefined
}

/**
 * The name in the `metadata` that begins at a line: within braces there, or among the lines below it that are not
 * deeper than others. Line by line: an expression over all of them would try each way to divide them.
 */
function nameBelow(lines: readonly string[], at: number): string | undefined {
  const inBraces = /[{,][ \t]*["']?name["']?[ \t]*:[ \t]*["']?([a-z0-9][-a-z0-9.]*)/.exec(
    lines[at] ?? '',
  )?.[1]
  if (inBraces !== undefined) return inBraces
  let least = Number.POSITIVE_INFINITY
  for (const line of lines.slice(at + 1)) {
    const trimmed = line.trimStart()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const depth = line.length - trimmed.length
    if (depth === 0) return undefined
    least = Math.min(least, depth)
    const name = /^["']?name["']?[ \t]*:[ \t]*["']?([a-z0-9][-a-z0-9.]*)/.exec(trimmed)?.[1]
    if (name !== undefined && depth <= least) return name
  }
  return undefined
}

/** The manifest files of a folder, those of its environments too. */
export async function manifestFilesOf(folder: string): Promise<readonly string[]> {
  const { base, environments } = await findFiles(folder)
  return [...base, ...[...environments.values()].flat()]
}

async function findFiles(folder: string): Promise<{
  readonly base: readonly string[]
  readonly environments: ReadonlyMap<string, readonly string[]>
}> {
  if (!isFolder(folder)) return { base: [], environments: new Map() }
  return findManifests(folder, [findFleetRoot(folder)])
}

/** What a folder of manifests declares, as quickly as that can be told; nothing where there is none. */
export async function scanFolder(folder: string): Promise<{
  readonly resources: readonly ResourceId[]
  readonly receivers: readonly ResourceId[]
  readonly environments: readonly string[]
}> {
  const found = await findFiles(folder)
  const files = [...found.base, ...[...found.environments.values()].flat()]
  const texts = await Promise.all(files.map((file) => readText(file, limits.bytes)))
  const ids = new Set(texts.flatMap((reading) => (reading.type === 'text' ? scanIds(reading.text) : [])))
  const all = [...ids].sort()
  return {
    resources: all.filter((id) => !settings.test(id)),
    receivers: all.filter((id) => id.startsWith('Receiver/')),
    environments: [...found.environments.keys()],
  }
}

/** Kinds that are no resources. */
const settings = /^(?:Fleet|Alert|Receiver|Policy)\//
