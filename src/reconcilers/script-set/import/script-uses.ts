import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { understand } from '../needs/call-needs.ts'
import type { HandedCall } from '../needs/understanding.ts'
import { isObject } from '../package-json/package-file.ts'
import { ancestors, type FileFacts } from '../resolve/file-facts.ts'
import { readCommandLine } from '../shell/command-line.ts'

/** Scripts of one package that something outside of it runs, by name: who runs it. */
export type ScriptUses = ReadonlyMap<string, string>

/**
 * Which scripts of the package in `folder` are run by workflows of its work tree and by processes that manifests
 * declare. What cannot be read says nothing: other verbs judge it.
 */
export async function findUses(folder: string, manifests: string, facts: FileFacts): Promise<ScriptUses> {
  const uses = new Map<string, string>()
  const note = (calls: readonly HandedCall[], by: string) => {
    for (const name of calls.flatMap((call) => scriptsOf(call, folder)))
      if (!uses.has(name)) uses.set(name, by)
  }
  const root = await workTreeOf(folder, facts)
  if (root !== undefined) {
    const workflows = join(root, '.github/workflows')
    for (const { name, value } of await documentsIn(workflows)) {
      for (const step of stepsOf(value))
        note(readCommandLine({ text: step.text, folder: resolve(root, step.folder) }).calls, name)
    }
  }
  for (const { path, value } of await documentsIn(manifests)) {
    const call = callOf(value, path)
    if (call) note([call.call], call.by)
  }
  return uses
}

async function workTreeOf(folder: string, facts: FileFacts): Promise<string | undefined> {
  for (const above of ancestors(folder)) {
    if ((await facts.look(join(above, '.git'))).type !== 'absent') return above
  }
  return undefined
}

interface FoundDocument {
  readonly path: string
  readonly name: string
  readonly value: unknown
}

async function documentsIn(folder: string): Promise<readonly FoundDocument[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort()
  const found = await Promise.all(
    files.map(async (name) => {
      const path = join(folder, name)
      const text = await readFile(path, 'utf8').catch(() => '')
      const documents = parseAllDocuments(text)
      return 'empty' in documents
        ? []
        : documents
            .filter(({ errors }) => errors.length === 0)
            .map((document) => ({ path, name, value: document.toJS({ maxAliasCount: 50 }) as unknown }))
    }),
  )
  return found.flat()
}

interface Step {
  readonly text: string
  readonly folder: string
}

/** The `run` steps of a workflow, each with the folder that it runs in, relative to the work tree. */
function stepsOf(workflow: unknown): readonly Step[] {
  if (!isObject(workflow) || !isObject(workflow.jobs)) return []
  return Object.values(workflow.jobs).flatMap((job) => {
    if (!isObject(job) || !Array.isArray(job.steps)) return []
    const usual = folderOf(job.defaults) ?? folderOf(workflow.defaults) ?? '.'
    return job.steps.flatMap((step: unknown): readonly Step[] => {
      if (!isObject(step) || typeof step.run !== 'string') return []
      const own = step['working-directory']
      return [{ text: step.run, folder: typeof own === 'string' ? own : usual }]
    })
  })
}

function folderOf(defaults: unknown): string | undefined {
  const run = isObject(defaults) && isObject(defaults.run) ? defaults.run['working-directory'] : undefined
  return typeof run === 'string' ? run : undefined
}

/** The command of a Process that runs a package manager. */
function callOf(
  manifest: unknown,
  path: string,
): { readonly call: HandedCall; readonly by: string } | undefined {
  if (!isObject(manifest) || manifest.kind !== 'Process' || !isObject(manifest.spec)) return undefined
  const { script, args, cwd } = manifest.spec
  const name = isObject(manifest.metadata) ? manifest.metadata.name : undefined
  if (typeof script !== 'string' || !Array.isArray(args)) return undefined
  const words = args.filter((arg) => typeof arg === 'string')
  const folder = resolve(dirname(path), typeof cwd === 'string' ? cwd : '.')
  const call = {
    name: script,
    args: words,
    written: words,
    text: [script, ...words].join(' '),
    folder,
    assured: [],
  }
  return { call, by: `Process/${String(name)}` }
}

/** Scripts of the package in `folder` that a command runs by their names. */
function scriptsOf(call: HandedCall, folder: string): readonly string[] {
  const { needs, calls } = understand(call)
  const own = needs.flatMap((need) => {
    if (need.type !== 'script' && need.type !== 'script-or-program') return []
    if (need.place.type !== 'folder' || resolve(need.place.folder) !== folder) return []
    return need.type === 'script' && need.isPattern ? [] : [need.name]
  })
  return [...own, ...calls.flatMap((inner) => scriptsOf(inner, folder))]
}
