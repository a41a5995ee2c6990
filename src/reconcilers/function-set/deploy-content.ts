import type { DeployDigest, SiteFile } from '../../clients/netlify/client.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { FunctionSetAction } from './action.ts'
import { fingerprintOf, fingerprintOfFiles } from './fingerprint.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { settingsOf } from './settings.ts'
import { publishedFunctions } from './site-functions.ts'
import type { FunctionSource } from './source.ts'
import { titleOf } from './title.ts'
import { wantedFunctions } from './wanted-deploy.ts'

/** What one deploy is made of. */
export interface DeployContent {
  readonly title: string
  readonly digest: DeployDigest
  readonly files: readonly SiteFile[]
  readonly source: FunctionSource
}

/** All that the deploy consists of; rejects where something that stays has no digest. */
export function composeDeploy(
  action: FunctionSetAction,
  { observed, files }: { readonly observed: ObservedFunctionSet; readonly files: readonly SiteFile[] },
): DeployContent {
  const functions = wantedFunctions(observed, action.desired)
  if (!functions) throw refusedDeploy(action, 'not every function has a digest')
  const digest = { ...functions, files: Object.fromEntries(files.map(({ path, sha }) => [path, sha])) }
  const title = titleOf(action.owner, {
    functions: fingerprintOf(digest),
    files: fingerprintOfFiles(digest.files),
    env: observed.memory.envGeneration ?? '',
  })
  return { title, digest, files, source: observed.source }
}

/** What Netlify is told of the functions, to be kept. Of code that Netlify has, what goes with an upload stays as it was. */
export function settingsToKeep(observed: ObservedFunctionSet): Readonly<Record<string, string>> {
  const site = publishedFunctions(observed)
  const told = observed.source.functions.flatMap(({ name, bundle }) => {
    if (!bundle) return []
    const there = site.get(name)
    return [[name, settingsOf(bundle, there?.digest === bundle.digest ? there.settings : undefined)]]
  })
  return Object.fromEntries(told)
}

/** Why nothing was deployed after all. */
export function refusedDeploy(action: FunctionSetAction, why: string): ReconcileError {
  return new ReconcileError('RemoteRefused', `Did not ${action.summary}: ${why}. Nothing was changed`)
}
