import { resolve } from 'node:path'
import { systemClock } from '../../clients/host/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Imported, ImportNotice } from '../../core/import.ts'
import { shown } from '../../core/shown.ts'
import { maskTokens } from '../../core/token-shape.ts'
import { type Prepared, prepareFiles } from '../../manifests/import/prepare.ts'
import { writeFiles } from '../../manifests/import/write.ts'
import { suggest } from '../../manifests/suggest.ts'
import { type ImportReport, importDocument } from '../../reports/import-json.ts'
import { importText } from '../../reports/import-text.ts'
import { displayPath } from '../../reports/names.ts'
import { printDocument } from '../documents.ts'
import { importSources } from '../import-sources.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { allowancesOf } from '../read-declaration.ts'
import { findSchemasFolder } from '../schemas-folder.ts'
import { loadReconcilers } from '../workspace.ts'

export interface ImportOptions {
  readonly source: string
  readonly inputs: readonly string[]
  readonly out: string
  readonly dryRun?: boolean
  readonly force?: boolean
  readonly evaluate?: boolean
}

/** `reconcile import`: makes manifests of what is there. What cannot be carried over is told, the rest is written. */
export async function importManifests(
  call: Invocation,
  common: CommonOptions,
  options: ImportOptions,
): Promise<ExitStatus> {
  return writeImported(call, common, chosen(await readSource(call, common, options), common.only), options)
}

/** Writes what was imported, as far as it passes `check`, and reports on it. */
export async function writeImported(
  call: Invocation,
  common: CommonOptions,
  found: Imported,
  options: Pick<ImportOptions, 'out' | 'dryRun' | 'force'> & {
    /** Whether schemas lie beside the manifests although a dry run does not find them. */
    readonly hasSchemas?: boolean
  },
): Promise<ExitStatus> {
  const isDryRun = options.dryRun === true
  const prepared = await prepareFiles(found.resources, {
    folder: resolve(call.cwd, options.out),
    schemasFolder: findSchemasFolder(),
    ...(options.hasSchemas === true && { hasSchemas: true }),
    reconcilers: await loadReconcilers(),
    env: call.env,
    allow: allowancesOf({ call, common }),
    now: systemClock.now(),
  })
  const { outcomes, errors } = await writeFiles(prepared.files, {
    force: options.force === true,
    dryRun: isDryRun,
  })
  const report: ImportReport = {
    resources: prepared.files.map((file) => ({
      ...file,
      file: file.path,
      outcome: outcomes.get(file) ?? 'refused',
    })),
    conflicts: found.conflicts,
    warnings: [...found.warnings, ...prepared.warnings].map(masked),
    errors: [...found.errors, ...prepared.errors, ...errors].map(masked),
    isDryRun,
  }
  await print(call, common, { report, prepared, folder: resolve(call.cwd, options.out) })
  return report.errors.length > 0 ? 1 : 0
}

/** In a dry run the manifests are the result, as one stream of YAML documents, and the report goes beside it. */
async function print(
  call: Invocation,
  common: CommonOptions,
  {
    report,
    prepared,
    folder,
  }: { readonly report: ImportReport; readonly prepared: Prepared; readonly folder: string },
): Promise<void> {
  const { output } = common
  const workingDirectory = call.cwd
  if (output === 'json' || output === 'yaml') {
    await printDocument(call, output, importDocument(report, { workingDirectory }))
    return
  }
  if (report.isDryRun) {
    const documents = prepared.files.map(
      ({ path, text }) => `# ${displayPath(path, workingDirectory)}\n${text}`,
    )
    call.out.write(documents.join('---\n'))
  }
  const sink = report.isDryRun ? call.err : call.out
  const page = pageOf(call, common, sink)
  if (!report.isDryRun || !common.quiet)
    sink.write(importText(shown(report, call.mask), { ...page, workingDirectory, folder }))
}

/** What a source has, read and not written. */
export async function readSource(
  call: Invocation,
  common: CommonOptions,
  {
    source,
    inputs,
    evaluate,
    out = 'manifests',
  }: Pick<ImportOptions, 'source' | 'inputs' | 'evaluate'> & Partial<Pick<ImportOptions, 'out'>>,
): Promise<Imported> {
  const found = Object.hasOwn(importSources, source) ? importSources[source] : undefined
  const usages = Object.values(importSources).map(({ usage }) => `reconcile import ${usage}`)
  if (!found) {
    const meant = suggest(source, Object.keys(importSources))
    throw new ReconcileError('UsageInvalid', `Cannot import from ${JSON.stringify(source)}: no such source`, {
      hint: meant ? `Did you mean \`${meant}\`?` : `One of: ${usages.join('; ')}.`,
    })
  }
  if (found.takes === 'nothing' ? inputs.length > 0 : inputs.length === 0) {
    throw new ReconcileError('UsageInvalid', `Cannot import: expected \`reconcile import ${found.usage}\``)
  }
  if (evaluate === true && found.canEvaluate !== true) {
    throw new ReconcileError('UsageInvalid', `Cannot import: --evaluate means nothing to ${source}`)
  }
  const importer = await found.load()
  return importer({
    inputs: found.takes === 'files' ? inputs.map((input) => resolve(call.cwd, input)) : inputs,
    cwd: call.cwd,
    manifests: [...new Set([...(common.file.length > 0 ? common.file : ['manifests']), out])].map((path) =>
      resolve(call.cwd, path),
    ),
    env: call.env,
    clock: systemClock,
    allowedHosts: allowancesOf({ call, common }).hosts,
    mayEvaluate: evaluate === true,
    signal: call.signal,
  })
}

function chosen(imported: Imported, only: readonly string[]): Imported {
  if (only.length === 0) return imported
  const known = imported.resources.map(({ id }) => String(id))
  const unknown = only.find((id) => !known.includes(id))
  if (unknown !== undefined) {
    const meant = suggest(unknown, known)
    throw new ReconcileError('NotFound', `Nothing to import is called ${unknown}`, {
      ...(meant !== undefined && { hint: `Did you mean ${meant}?` }),
    })
  }
  return { ...imported, resources: imported.resources.filter(({ id }) => only.includes(id)) }
}

/** Whatever an importer quotes of its input, no token is among it. */
function masked(notice: ImportNotice): ImportNotice {
  return { ...notice, message: maskTokens(notice.message) }
}
