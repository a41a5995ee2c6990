import { existsSync } from 'node:fs'
import { isError } from '../core/diagnostic.ts'
import { ReconcileError } from '../core/errors.ts'
import type { Store } from '../core/store.ts'
import type { ManifestFile } from '../manifests/manifest-file.ts'
import type { ParsedFiles } from '../manifests/parsed-files.ts'
import { type Manifests, readManifests } from '../manifests/read.ts'
import { openLastGood } from '../state/last-good.ts'
import { printDiagnostics } from './diagnostics.ts'
import type { CommonOptions } from './options.ts'
import { secretCommands } from './secret-command.ts'
import { openState, type Workspace } from './workspace.ts'

/** The manifests as they are now, and whether any of them is wrong. */
export interface ReadDeclaration {
  readonly declaration: Manifests
  readonly hasErrors: boolean
}

/** Reads the manifests of a workspace; broken files are stood in for by what the store remembers of them. */
export async function readDeclaration(
  workspace: Workspace,
  store: Store,
  options: {
    readonly mayRunCommands: boolean
    /** No digest of a secret is made, as where there is no state yet. Default: where there is none. */
    readonly isKeyless?: boolean
    /** What was parsed before, for who reads again and again. */
    readonly parsed?: ParsedFiles<ManifestFile>
  },
): Promise<ReadDeclaration> {
  const { call, clock, paths, environment, reconcilers, common } = workspace
  const declaration = await readManifests({
    paths,
    cwd: call.cwd,
    environment,
    reconcilers,
    env: call.env,
    allow: allowancesOf(workspace),
    runCommand:
      options.mayRunCommands || common.runCommands
        ? secretCommands({ signal: call.signal, clock })
        : undefined,
    // A dry run before the first pass has no store and so no key: nothing is there to compare a digest with.
    secretKey: options.isKeyless === true ? '' : store.secretKey,
    now: clock.now(),
    lastGood: openLastGood({ store, environment }),
    mask: call.mask,
    ...(options.parsed && { parsed: options.parsed }),
  })
  return { declaration, hasErrors: !declaration.isComplete }
}

/**
 * Before the very first pass: stops where nothing is declared, so that a wrong folder is left without a trace. The
 * state file does not exist yet, so this reads without one.
 */
export async function assertWorthAState(workspace: Workspace): Promise<void> {
  if (existsSync(workspace.statePath)) return
  const nothing = await openState(workspace, 'read')
  const { declaration } = await readDeclaration(workspace, nothing, { mayRunCommands: false })
  await nothing.close()
  if (declaration.resources.length > 0) return
  printDiagnostics(workspace, declaration.diagnostics)
  assertSomethingDeclared(declaration)
}

/** What a manifest may not grant itself (DESIGN 4c), from flags and variables (colon-separated). */
export function allowancesOf({
  call,
  common,
}: {
  readonly call: Workspace['call']
  readonly common: CommonOptions
}) {
  const listed = (text: string | undefined) => (text ?? '').split(':').filter((entry) => entry !== '')
  return {
    hosts: [
      ...common.allowHost,
      ...(call.env.RECONCILE_ALLOW_HOST ?? '').split(',').filter((host) => host !== ''),
    ],
    paths: [...common.allowPath, ...listed(call.env.RECONCILE_ALLOW_PATH)],
  }
}

/**
 * Stops where nothing at all is declared: that is a mistake, never the wish to delete everything, but where a person says
 * so by the number of things that may go.
 */
export function assertSomethingDeclared(declaration: Manifests, allowedDeletions?: number): void {
  if (declaration.resources.length > 0) return
  if (allowedDeletions !== undefined && declaration.isComplete && declaration.isWhole) return
  const isBroken = declaration.diagnostics.some(isError)
  throw new ReconcileError(
    isBroken ? 'ManifestsInvalid' : 'NothingDeclared',
    isBroken
      ? 'No manifest could be used; what is wrong stands above. Nothing was changed'
      : `Nothing is declared in ${declaration.folder}. Nothing was changed`,
    isBroken
      ? {}
      : {
          hint: 'A folder without resources never means that all should go: `reconcile --allow-deletions N` says so, of what the fleet still owns.',
        },
  )
}
