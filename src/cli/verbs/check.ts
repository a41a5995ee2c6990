import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Diagnostic, isError } from '../../core/diagnostic.ts'
import { shown } from '../../core/shown.ts'
import { checkManifests } from '../../manifests/check.ts'
import { checkDocument } from '../../reports/diagnostics-json.ts'
import { checkSummary, diagnosticsText } from '../../reports/diagnostics-text.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { allowancesOf } from '../read-declaration.ts'
import { checkWorkflowFiles, findWorkflowFiles, namedWorkflowFiles } from '../workflow-files.ts'
import { openWorkspace } from '../workspace.ts'

/** `reconcile check`: validates, offline. What it finds is its result, so it goes to standard output. */
export async function check(
  call: Invocation,
  common: CommonOptions,
  options: {
    readonly files: readonly string[]
    readonly strict: boolean
    /** Workflow files of GitHub Actions; those under `.github/workflows/` are judged without being named. */
    readonly workflows: readonly string[]
  },
): Promise<ExitStatus> {
  const { diagnostics, resources } = await findFaults(call, common, options)
  const errors = diagnostics.filter(isError).length
  const warnings = diagnostics.length - errors
  const { output } = common
  if (output === 'json' || output === 'yaml') {
    await printDocument(call, output, checkDocument(diagnostics, { resources, workingDirectory: call.cwd }))
  } else {
    const text = diagnosticsText(shown(diagnostics, call.mask), {
      ...pageOf(call, common, call.out),
      workingDirectory: call.cwd,
    })
    call.out.write(`${text === '' ? '' : `${text}\n`}${checkSummary(diagnostics, resources)}`)
  }
  return errors > 0 || (options.strict && warnings > 0) ? 1 : 0
}

/** Of the manifests, and of workflow files: those that are named alone need no manifests beside them. */
async function findFaults(
  call: Invocation,
  common: CommonOptions,
  options: { readonly files: readonly string[]; readonly workflows: readonly string[] },
): Promise<{ readonly diagnostics: readonly Diagnostic[]; readonly resources: number }> {
  const named = namedWorkflowFiles(options.workflows.map((path) => resolve(call.cwd, path)))
  const file = [...common.file, ...options.files]
  if (options.workflows.length > 0 && file.length === 0 && !existsSync(resolve(call.cwd, 'manifests'))) {
    return { diagnostics: await checkWorkflowFiles(named, call.cwd), resources: 0 }
  }
  const workspace = await openWorkspace(call, { ...common, file }, { isLocal: true, mayBeGone: true })
  const { paths, environment, reconcilers, clock, folder } = workspace
  const { diagnostics, summary, resources } = await checkManifests({
    paths,
    cwd: call.cwd,
    environment,
    reconcilers,
    env: call.env,
    allow: allowancesOf(workspace),
    now: clock.now(),
    mask: call.mask,
  })
  const found = findWorkflowFiles(folder, resources)
  const isFound = new Set(found.compared.map(({ path }) => path))
  const files = {
    judged: [...named.judged, ...found.judged],
    outside: [...new Set([...named.outside, ...found.outside])],
    compared: [...named.compared.filter(({ path }) => !isFound.has(path)), ...found.compared],
    backups: found.backups,
  }
  return {
    diagnostics: [...diagnostics, ...(await checkWorkflowFiles(files, call.cwd))],
    resources: summary.resources,
  }
}
