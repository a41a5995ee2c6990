import { checkManifests } from '../../manifests/check.ts'
import { checkDocument } from '../../reports/diagnostics-json.ts'
import { checkSummary, diagnosticsText } from '../../reports/diagnostics-text.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { allowancesOf } from '../read-declaration.ts'
import { openWorkspace } from '../workspace.ts'

/** `reconcile check`: validates, offline. What it finds is its result, so it goes to standard output. */
export async function check(
  call: Invocation,
  common: CommonOptions,
  options: { readonly files: readonly string[]; readonly strict: boolean },
): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, { ...common, file: [...common.file, ...options.files] })
  const { paths, environment, reconcilers, clock } = workspace
  const { diagnostics, summary } = await checkManifests({
    paths,
    cwd: call.cwd,
    environment,
    reconcilers,
    env: call.env,
    allow: allowancesOf(workspace),
    now: clock.now(),
  })
  const { output } = common
  if (output === 'json' || output === 'yaml') {
    printDocument(
      call,
      output,
      checkDocument(diagnostics, { resources: summary.resources, workingDirectory: call.cwd }),
    )
  } else {
    const text = diagnosticsText(diagnostics, {
      ...pageOf(call, common, call.out),
      workingDirectory: call.cwd,
    })
    call.out.write(`${text === '' ? '' : `${text}\n`}${checkSummary(diagnostics, summary.resources)}`)
  }
  return summary.errors > 0 || (options.strict && summary.warnings > 0) ? 1 : 0
}
