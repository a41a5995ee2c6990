import type { Diagnostic } from '../../core/diagnostic.ts'
import { shown } from '../../core/shown.ts'
import { compareEnvironments } from '../../manifests/compare-environments.ts'
import { type Manifests, readManifests } from '../../manifests/read.ts'
import { type EnvironmentsDocument, environmentsText } from '../../reports/environments-text.ts'
import { sanitiseJson } from '../../reports/sanitise.ts'
import { printDiagnostics } from '../diagnostics.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { allowancesOf } from '../read-declaration.ts'
import { secretCommands } from '../secret-command.ts'
import { selectResources } from '../selection.ts'
import { openWorkspace, type Workspace } from '../workspace.ts'

/** `reconcile diff-env`: what two environments declare differently. Neither state nor world is read. */
export async function diffEnv(
  call: Invocation,
  common: CommonOptions,
  environments: { readonly a: string; readonly b: string },
): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common)
  // One key for both, so that equal secrets have equal digests; it is kept nowhere.
  const secretKey = workspace.random.id()
  const a = await readEnvironment(workspace, environments.a, secretKey)
  const b = await readEnvironment(workspace, environments.b, secretKey)
  printDiagnostics(workspace, distinct([...a.diagnostics, ...b.diagnostics]))
  if (!a.isComplete || !b.isComplete) return 1
  const document: EnvironmentsDocument = {
    formatVersion: '1',
    environments: [environments.a, environments.b],
    ...compareEnvironments(selected(a, common), selected(b, common)),
  }
  const { output } = common
  if (output === 'json' || output === 'yaml') await printDocument(call, output, sanitiseJson(document))
  else call.out.write(environmentsText(shown(document, call.mask), pageOf(call, common, call.out)))
  return 0
}

async function readEnvironment(
  { call, common, clock, paths, reconcilers, ...workspace }: Workspace,
  environment: string,
  secretKey: string,
): Promise<Manifests> {
  return readManifests({
    paths,
    cwd: call.cwd,
    environment,
    reconcilers,
    env: call.env,
    allow: allowancesOf({ call, common, ...workspace }),
    runCommand: common.runCommands ? secretCommands({ signal: call.signal, clock }) : undefined,
    secretKey,
    now: clock.now(),
    mask: call.mask,
  })
}

function selected(declaration: Manifests, common: CommonOptions): Manifests {
  const selection = selectResources(declaration, common)
  if (!selection) return declaration
  const resources = declaration.resources.filter(({ id }) => selection.has(id))
  return { ...declaration, resources, settings: [] }
}

function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((fault) => [JSON.stringify(fault), fault])).values()]
}
