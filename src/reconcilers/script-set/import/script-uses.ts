import { dirname, join, relative, resolve } from 'node:path'
import { isFields } from '../../../core/fields.ts'
import { understand } from '../needs/call-needs.ts'
import type { ScriptPlace } from '../needs/need.ts'
import type { HandedCall } from '../needs/understanding.ts'
import type { PackageFile } from '../package-json/package-file.ts'
import { ancestors, type FileFacts } from '../resolve/file-facts.ts'
import { scriptsMeant } from '../resolve/script-target.ts'
import { readCommandLine } from '../shell/command-line.ts'
import { documentsIn } from './documents.ts'
import { ecosystemApps } from './ecosystem-apps.ts'
import { stepsOf } from './workflow-steps.ts'

/** Scripts of one package that something outside of it runs, by name: who runs it. */
export type ScriptUses = ReadonlyMap<string, string>

interface Package {
  readonly folder: string
  readonly file: PackageFile
}

/** Commands that hand on commands are followed at most this deep. */
const deepestNesting = 12

/**
 * Which scripts of a package are run by workflows and actions of its work tree, by PM2's files beside it or at the work
 * tree's root, and by processes that manifests declare. What cannot be read says nothing: other verbs judge it.
 */
export async function findUses(
  own: Package,
  manifests: readonly string[],
  facts: FileFacts,
): Promise<ScriptUses> {
  const uses = new Map<string, string>()
  const note = (calls: readonly HandedCall[], by: string) => {
    for (const name of calls.flatMap((call) => scriptsOf(call, own))) if (!uses.has(name)) uses.set(name, by)
  }
  const root = await workTreeOf(own.folder, facts)
  if (root !== undefined) {
    for (const place of ['workflows', 'actions']) {
      for (const { name, value } of await documentsIn(join(root, '.github', place)))
        for (const { text, folder } of stepsOf(value))
          note(readCommandLine({ text, folder: resolve(root, folder) }).calls, name)
    }
  }
  for (const folder of new Set([own.folder, root ?? own.folder])) {
    for (const { script, args, folder: cwd, name } of await ecosystemApps(folder)) {
      const call = { name: script, args, written: args, text: script, folder: cwd, assured: [] }
      // PM2 hands what holds white space to a shell.
      note(/\s/.test(script) ? readCommandLine({ text: script, folder: cwd }).calls : [call], name)
    }
  }
  for (const place of manifests) {
    for (const { path, value } of await documentsIn(place)) {
      const found = callOf(value, path)
      if (found) note([found.call], found.by)
    }
  }
  return uses
}

async function workTreeOf(folder: string, facts: FileFacts): Promise<string | undefined> {
  for (const above of ancestors(folder)) {
    if ((await facts.look(join(above, '.git'))).type !== 'absent') return above
  }
  return undefined
}

/** The command of a Process. */
function callOf(
  manifest: unknown,
  path: string,
): { readonly call: HandedCall; readonly by: string } | undefined {
  if (!isFields(manifest) || manifest.kind !== 'Process' || !isFields(manifest.spec)) return undefined
  const { script, args = [], cwd } = manifest.spec
  const name = isFields(manifest.metadata) ? manifest.metadata.name : undefined
  if (typeof script !== 'string' || !Array.isArray(args)) return undefined
  const words = args.filter((arg) => typeof arg === 'string')
  const folder = resolve(dirname(path), typeof cwd === 'string' ? cwd : '.')
  const text = [script, ...words].join(' ')
  const call = { name: script, args: words, written: words, text, folder, assured: [] }
  return { call, by: `Process/${String(name)}` }
}

/** Scripts of the package that a command runs by their names, directly or by what it hands on. */
function scriptsOf(call: HandedCall, own: Package, depth = 0): readonly string[] {
  if (depth > deepestNesting) return []
  const { needs, calls, sources } = understand(call)
  const named = needs.flatMap((need) => {
    if (need.type !== 'script' && need.type !== 'script-or-program') return []
    if (!isOwn(need.place, call.folder, own)) return []
    return need.type === 'script' ? scriptsMeant(need, own.file) : [need.name]
  })
  const inner = [...calls, ...sources.flatMap((source) => readCommandLine(source).calls)]
  return [...named, ...inner.flatMap((one) => scriptsOf(one, own, depth + 1))]
}

/** Whether a command that runs in `from` means this package. */
function isOwn(place: ScriptPlace, from: string | undefined, { folder, file }: Package): boolean {
  switch (place.type) {
    case 'folder':
      return resolve(place.folder) === folder
    case 'workspace':
      return (
        file.name === place.name ||
        (place.isLoose === true && file.name?.endsWith(`/${place.name}`) === true) ||
        (from !== undefined && resolve(from, place.name) === folder)
      )
    case 'workspaces':
      return from !== undefined && !relative(from, folder).startsWith('..')
  }
}
