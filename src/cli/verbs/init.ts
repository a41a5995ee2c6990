import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { ReconcileError } from '../../core/errors.ts'
import type { Imported } from '../../core/import.ts'
import { findManifests, isFolder } from '../../manifests/files.ts'
import { findFleetRoot } from '../../manifests/fleet-root.ts'
import { isConfiguration } from '../../reconcilers/process/import/mistaken.ts'
import { displayPath } from '../../reports/names.ts'
import { sample } from '../init/sample.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { readSource, writeImported } from './import.ts'

/** Names under which people keep PM2's configuration. */
const configurations = /^(?:ecosystem|pm2|process|processes)(?:\.config)?\.(?:js|cjs|mjs|json|ya?ml)$/

/** Names of further ones beside it, such as `ecosystem.backup.config.js`, if they are what their names say. */
const further = /^ecosystem[\w.-]*\.[cm]?js$|\.config\.[cm]?js$/

export interface InitOptions {
  readonly out: string
  /** Which editor is prepared for the manifests; undefined: none. */
  readonly editor?: string
  readonly dryRun?: boolean
}

/** `reconcile init`: the first manifests, made of what can be found out. Asks nothing, and never writes over a file. */
export async function init(
  call: Invocation,
  common: CommonOptions,
  { out, editor, dryRun: isDryRun = false }: InitOptions,
): Promise<ExitStatus> {
  const folder = resolve(call.cwd, out)
  const there = await firstManifest(folder)
  if (editor !== undefined) {
    const { planEditorFiles, writeEditorFiles } = await import('./init-editor.ts')
    const changes = await planEditorFiles(folder, editor)
    await writeEditorFiles(call, changes, { isDryRun })
    if (there !== undefined) return 0
    call.out.write('\n')
  }
  if (there !== undefined) throw nothingToBegin(there, call)
  const { imported, story } = await find(call, common)
  call.out.write(`${story}\n\n`)
  const status = await writeImported(call, common, imported, {
    out,
    dryRun: isDryRun,
    hasSchemas: editor !== undefined,
  })
  if (status !== 0 || isDryRun) return status
  const option = out === 'manifests' ? '' : ` -f ${out}`
  call.out.write(
    `\nNext: \`reconcile check${option}\` judges them, \`reconcile --dry-run${option}\` shows what a pass would do, \`reconcile${option}\` does it.\n` +
      'The state will lie in .reconcile beside the manifests, which git is told to ignore: it holds a key.\n',
  )
  return status
}

/** Undefined: the folder holds none, or does not exist. */
async function firstManifest(folder: string): Promise<string | undefined> {
  if (!isFolder(folder)) return undefined
  const { base } = await findManifests(folder, [findFleetRoot(folder)])
  return base[0]
}

function nothingToBegin(there: string, call: Invocation): ReconcileError {
  return new ReconcileError(
    'UsageInvalid',
    `There is nothing to begin: ${displayPath(there, call.cwd)} exists already. Nothing was written`,
    {
      hint: '`reconcile check` judges what is there; `reconcile import` adds to it; `reconcile init --editor` prepares editors for it.',
    },
  )
}

/** What runs from this folder is what is meant; else a configuration that lies in it; else something to try. */
async function find(
  call: Invocation,
  common: CommonOptions,
): Promise<{ readonly imported: Imported; readonly story: string }> {
  const running = await readSource(call, common, { source: 'pm2', inputs: [] })
  const here = running.resources.filter(({ manifest }) => liesIn(call.cwd, manifest.spec))
  if (here.length > 0) {
    const others = running.resources.filter((resource) => !here.includes(resource))
    const names = new Set(others.map(({ id }) => id.slice('Process/'.length)))
    const warnings = running.warnings.filter(({ message }) => !names.has(message.split(':')[0] ?? ''))
    return {
      imported: { ...running, resources: here, warnings, errors: [] },
      story: `PM2 runs ${counted(here.length)} from this folder: manifests of them were made.`,
    }
  }
  const elsewhere =
    running.resources.length > 0
      ? ` PM2 runs ${counted(running.resources.length)} from other folders: \`reconcile import pm2\` takes them.`
      : ''
  const files = await configurationsIn(call.cwd)
  if (files.length > 0) {
    const imported = await readSource(call, common, { source: 'ecosystem', inputs: files })
    return { imported, story: `PM2's configuration is here: ${files.join(', ')}.${elsewhere}` }
  }
  return {
    imported: sample,
    story: `Nothing that runs was found here: this is a sample to begin with.${elsewhere}`,
  }
}

/** The usual ones first: of two definitions of one name the first is written. */
async function configurationsIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).sort()
  const usual = names.filter((name) => configurations.test(name))
  const others = names.filter((name) => further.test(name) && !usual.includes(name))
  return [...usual, ...others.filter((name) => isConfiguration(join(folder, name)))]
}

function counted(count: number): string {
  return count === 1 ? '1 process' : `${count} processes`
}

function liesIn(folder: string, spec: unknown): boolean {
  const { script, cwd } = (spec ?? {}) as { readonly script?: unknown; readonly cwd?: unknown }
  return [script, cwd].some((path) => {
    if (typeof path !== 'string' || !path.startsWith('/') || !existsSync(path)) return false
    const way = relative(folder, path)
    return way === '' || (way !== '..' && !way.startsWith(`..${sep}`))
  })
}
