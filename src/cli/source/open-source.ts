import type { Diagnostic } from '../../core/diagnostic.ts'
import type { Logger } from '../../core/logger.ts'
import type { Store } from '../../core/store.ts'
import { readBindings, unbindStore } from '../../state/binding.ts'
import { forgetSource, readSource } from '../../state/source.ts'
import {
  type Actor,
  type ActorRequest,
  becomeActor,
  bindingOf,
  liveController,
  openKeeper,
} from '../actor.ts'
import type { ControlledPlace } from './following.ts'
import { GitSource } from './git-source.ts'

export interface OpenedSource {
  readonly actor: Actor
  /** Undefined: the manifests are what is in the folder. */
  readonly source: GitSource | undefined
}

/** Becomes the one that acts, and goes to the newest good commit where the manifests are fetched. */
export async function openSource(
  { workspace, following }: ControlledPlace,
  store: Store,
  request: ActorRequest & {
    readonly logger: Logger
    readonly signal: AbortSignal
    readonly onDiagnostics: (diagnostics: readonly Diagnostic[]) => void
  },
): Promise<OpenedSource> {
  const { logger, onDiagnostics } = request
  const { environment } = workspace
  const isBound = (await readBindings(store)).some((bound) => bound.environment === (environment ?? ''))
  const keeper = openKeeper(workspace, store)
  const other = await liveController(keeper)
  if (other) logger.warn({ pid: other.pid }, 'another controller acts for this fleet: waiting for its end')
  const actor = await becomeActor(workspace, store, { ...request, keeper })
  const { lease } = actor
  try {
    if (!following) {
      // The state belongs to this folder now, by a person's word.
      await forgetSource({ store, environment }, lease)
      return { actor, source: undefined }
    }
    const signal = AbortSignal.any([request.signal, lease.signal])
    const { workspace: fetched, credentials } = following
    const options = { workspace: fetched, credentials, store, actor, logger, signal, onDiagnostics }
    return { actor, source: await GitSource.open(options) }
  } catch (error) {
    // Where nothing was ever good the state must not belong to what was perhaps mistyped.
    // What cannot be read is not nothing: then all stays as it is.
    const isUnused = await readSource({ store, environment }).then(
      (record) => record?.applied === undefined,
      () => false,
    )
    if (following && !isBound && isUnused) {
      await unbindStore(store, bindingOf(workspace), lease).catch(() => undefined)
      await forgetSource({ store, environment }, lease).catch(() => undefined)
    }
    await lease.release().catch(() => undefined)
    throw error
  }
}
