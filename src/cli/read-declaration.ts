import { ReconcileError } from '../core/errors.ts'
import type { Store } from '../core/store.ts'
import { type Manifests, readManifests } from '../manifests/read.ts'
import { openLastGood } from '../state/last-good.ts'
import type { CommonOptions } from './options.ts'
import type { Workspace } from './workspace.ts'

/** The manifests as they are now, and whether any of them is wrong. */
export interface ReadDeclaration {
  readonly declaration: Manifests
  readonly hasErrors: boolean
}

/** Reads the manifests of a workspace; broken files are stood in for by what the store remembers of them. */
export async function readDeclaration(
  workspace: Workspace,
  store: Store,
  options: { readonly mayRunCommands: boolean },
): Promise<ReadDeclaration> {
  const { call, clock, paths, environment, reconcilers, common } = workspace
  const declaration = await readManifests({
    paths,
    cwd: call.cwd,
    environment,
    reconcilers,
    env: call.env,
    allow: allowancesOf(workspace),
    runCommands: options.mayRunCommands || common.runCommands,
    // A dry run before the first pass has no store and so no key; its digests are compared with nothing.
    secretKey: store.secretKey === '' ? workspace.random.id() : store.secretKey,
    now: clock.now(),
    lastGood: openLastGood({ store, environment }),
  })
  return { declaration, hasErrors: !declaration.isComplete }
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

/** Stops where nothing at all is declared: that is a mistake, never the wish to delete everything. */
export function assertSomethingDeclared(declaration: Manifests): void {
  if (declaration.resources.length > 0) return
  const isBroken = declaration.diagnostics.some(({ severity }) => severity === 'error')
  throw new ReconcileError(
    isBroken ? 'ManifestsInvalid' : 'NothingDeclared',
    isBroken
      ? 'No manifest could be used; what is wrong stands above. Nothing was changed'
      : `Nothing is declared in ${declaration.folder}. Nothing was changed`,
  )
}
