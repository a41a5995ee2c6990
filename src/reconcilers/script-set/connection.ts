import { delimiter } from 'node:path'
import { userPath } from '../../clients/npm/environment.ts'
import { assertNever } from '../../core/assert-never.ts'
import { messageOf } from '../../core/errors.ts'
import type {
  ConnectContext,
  Connection,
  LogLine,
  LogOptions,
  Observation,
  Reading,
  Wanted,
} from '../../core/reconciler.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { RestoreAction, ScriptSetAction } from './action.ts'
import { readCheckLogs } from './checks/check-log-reader.ts'
import { CheckRunner } from './checks/check-runner.ts'
import { checksFolder } from './checks/checks-folder.ts'
import { type Looking, observeLeaving, observePackage } from './observe-package.ts'
import type { ObservedScripts } from './observed.ts'
import { editScripts } from './package-json/edit-scripts.ts'
import { editFile } from './package-json/write-file.ts'
import { PackageWatch } from './package-watch.ts'
import { type DesiredScriptSet, packagePathOf } from './place.ts'
import { FileFacts } from './resolve/file-facts.ts'
import type { ScriptSetSpec } from './spec.generated.ts'

/** Packages and their scripts as the engine sees them. Opening it touches nothing. */
class ScriptSetConnection implements Connection<ScriptSetSpec, ObservedScripts, ScriptSetAction> {
  readonly #context: ConnectContext
  readonly #checks: CheckRunner
  readonly #watch: PackageWatch

  constructor(context: ConnectContext) {
    this.#context = context
    this.#checks = new CheckRunner(context)
    this.#watch = new PackageWatch(context.logger)
  }

  async observe(
    wanted: readonly Wanted<ScriptSetSpec>[],
    signal: AbortSignal,
  ): Promise<Observation<ObservedScripts>> {
    const desired = wanted.flatMap((one) => one.desired ?? [])
    this.#watch.follow(Map.groupBy(desired, packagePathOf))
    const looking = {
      facts: new FileFacts(),
      searchPath: userPath(this.#context.env).split(delimiter),
      lookAtCheck: this.#checks.look.bind(this.#checks),
    }
    const readings = await Promise.all(
      wanted.map(async (one): Promise<readonly [ResourceId, Reading<ObservedScripts>]> => {
        signal.throwIfAborted()
        const reading = await observeOne(one, looking).catch(
          (error: unknown): Reading<ObservedScripts> => ({
            type: 'unreadable',
            code: 'PackageUnreadable',
            message: messageOf(error),
          }),
        )
        return [one.id, reading]
      }),
    )
    return { observedAt: this.#context.clock.now(), readings: new Map(readings) }
  }

  async apply(action: ScriptSetAction, signal: AbortSignal): Promise<void> {
    switch (action.type) {
      case 'restore':
        return restore(action)
      case 'check':
        return this.#checks.run(action, signal)
      case 'end-check':
        return this.#checks.end(action)
      default:
        return assertNever(action)
    }
  }

  watch(wake: (id: ResourceId) => void): () => void {
    return this.#watch.start(wake)
  }

  logs(desired: DesiredScriptSet, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
    const folder = checksFolder(this.#context, desired.name)
    const scripts = Object.keys(desired.spec.checks ?? {})
    return readCheckLogs({ folder, scripts, clock: this.#context.clock, signal }, options)
  }

  async close(): Promise<void> {
    await this.#checks.settled()
  }
}

function observeOne(
  { desired, owned }: Wanted<ScriptSetSpec>,
  looking: Looking,
): Promise<Reading<ObservedScripts>> {
  return desired ? observePackage(desired, looking) : observeLeaving(owned?.externalName ?? '', looking)
}

function restore({ path, realPath, hash, texts }: RestoreAction): Promise<void> {
  return editFile({ path, realPath, hash, edit: (text) => editScripts(text, texts) })
}

/** Opens the domain; reads nothing yet. */
export async function connectScripts(
  context: ConnectContext,
): Promise<Connection<ScriptSetSpec, ObservedScripts, ScriptSetAction>> {
  return new ScriptSetConnection(context)
}
