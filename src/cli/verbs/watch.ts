import type { Declaration } from '../../core/declaration.ts'
import type { Diagnostic } from '../../core/diagnostic.ts'
import { isErrorOf, messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { ResourceId } from '../../core/resource.ts'
import { Controller } from '../../engine/controller.ts'
import type { PassResult } from '../../engine/pass.ts'
import type { ManifestFile } from '../../manifests/manifest-file.ts'
import { ParsedFiles } from '../../manifests/parsed-files.ts'
import type { Manifests } from '../../manifests/read.ts'
import { watchManifests } from '../../manifests/watch.ts'
import { housekeepingEvery } from '../../state/housekeeping.ts'
import { openLastGood } from '../../state/last-good.ts'
import { AlertDesk } from '../alert-desk.ts'
import { superviseSelf } from '../background/self-supervision.ts'
import { logDiagnostics, printDiagnostics } from '../diagnostics.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import { isLogForPeople, openLog } from '../log.ts'
import type { CommonOptions } from '../options.ts'
import { contextOf, judgeAsker } from '../pass/controller-client.ts'
import { PassService } from '../pass/pass-service.ts'
import { assertSomethingDeclared, readDeclaration } from '../read-declaration.ts'
import { selectResources } from '../selection.ts'
import { openSession } from '../session.ts'
import { keepHeapSmall } from '../small-heap.ts'
import { followSource } from '../source/follow.ts'
import { assertWorthStarting, openControlledPlace } from '../source/following.ts'
import type { GitOptions } from '../source/git-options.ts'
import { openSource } from '../source/open-source.ts'
import { openState, type Workspace } from '../workspace.ts'

/** A controller that just ended may hold its lease for this long; then another acts, and we say so. */
const patience = 20_000
/** How long a controller that ends because of a fault takes at most to tell somebody. */
const lastWordsTake = 5_000

type WatchOptions = GitOptions & { readonly rebind?: boolean; readonly allowDeletions?: number }

/** `reconcile watch`: the controller, until SIGTERM or SIGINT. What it manages keeps running after it. */
export async function watch(
  call: Invocation,
  common: CommonOptions,
  options: WatchOptions,
): Promise<ExitStatus> {
  try {
    return await control(call, common, options)
  } catch (error) {
    // Told to end before it had begun: it has.
    if (call.signal.aborted && error === call.signal.reason) return 0
    throw error
  }
}

async function control(call: Invocation, common: CommonOptions, options: WatchOptions): Promise<ExitStatus> {
  keepHeapSmall()
  const place = await openControlledPlace(call, common, options)
  const { workspace, following } = place
  const log = openLog(call, common, 'info')
  await assertWorthStarting(place)
  const store = await openState(workspace, 'write')
  try {
    const tellFaults = (diagnostics: readonly Diagnostic[]) =>
      isLogForPeople(call, common)
        ? printDiagnostics(workspace, diagnostics)
        : logDiagnostics(log, diagnostics, call.cwd)
    const readEarly = async () => {
      const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
      tellFaults(declaration.diagnostics)
      assertSomethingDeclared(declaration)
      return { declaration, selected: selectResources(declaration, common) }
    }
    // Whoever does not get the lease has done nothing at all: commands that the manifests name are run after it, and
    // what is fetched can be read only then.
    const before = following ? undefined : await readEarly()
    const handover = new AbortController()
    const { actor, source } = await openSource(place, store, {
      role: 'controller',
      waitFor: patience,
      rebind: options.rebind === true,
      logger: log,
      signal: AbortSignal.any([call.signal, handover.signal]),
      onDiagnostics: tellFaults,
    })
    const release = async (error: unknown) => {
      await actor.lease.release()
      throw error
    }
    const early = before ?? (await readEarly().catch(release))
    let { selected } = early
    const parsed = new ParsedFiles<ManifestFile>()
    const first = await readDeclaration(workspace, store, { mayRunCommands: true, parsed }).catch(release)
    const session = openSession(workspace, {
      declaration: first.declaration,
      store,
      ledger: actor.ledger,
      logger: log,
      mayRunCommands: true,
      lease: actor.lease,
    })
    const signal = AbortSignal.any([call.signal, actor.lease.signal, handover.signal])
    let declaration: Manifests = first.declaration
    let shownFaults = faultsOf(early.declaration)
    const lastGood = openLastGood({ store, environment: workspace.environment, lease: actor.lease })
    const read = async () => {
      const reading = () => readDeclaration(workspace, store, { mayRunCommands: true, parsed })
      const next = (await (source ? source.read(reading) : reading())).declaration
      // An emptied folder says nothing: what was declared last still holds.
      declaration =
        next.resources.length === 0 && !next.isComplete
          ? { ...declaration, isComplete: false, diagnostics: next.diagnostics }
          : next
      await lastGood.save(declaration)
      if (selected) selected = selectAnew(declaration, common, log)
      return selected ? { ...declaration, isWhole: false } : declaration
    }
    const selects = selected && ((id: ResourceId) => selected?.has(id) ?? true)
    const desk = await AlertDesk.open(workspace, {
      store,
      actor,
      declaration,
      logger: log,
      ...(source && { sourceFaults: () => source.faults }),
    })
    const controller = new Controller(session.world, {
      read,
      onDeclaration: (next) => {
        desk.declare(declaration)
        const faults = faultsOf(next)
        if (faults !== shownFaults) tellFaults(next.diagnostics)
        shownFaults = faults
        log.info({ resources: next.resources.length, complete: next.isComplete }, 'manifests read')
      },
      onPass: (result) => {
        logPass(log, result)
        desk.note(result)
      },
      onFault: (error, what) => desk.noteFault(error, what),
      ...(selects && { selects }),
      ...(options.allowDeletions !== undefined && { allowedDeletions: options.allowDeletions }),
    })
    const stopFollowing =
      source && following
        ? followSource(source, {
            workspace: following.workspace,
            hookSecret: following.credentials.hookSecret,
            store,
            logger: log,
            signal,
            onChange: () => controller.reread(),
            onFault: (error, what) => desk.noteFault(error, what),
          })
        : await watchManifests({
            paths: workspace.paths,
            clock: workspace.clock,
            onChange: () =>
              void controller.reread().catch((error) => {
                // Told to end while it read: that is no fault of the manifests.
                if (!call.signal.aborted)
                  log.error({ error: messageOf(error) }, 'manifests could not be read')
              }),
          })
    const service = new PassService({
      store,
      environment: workspace.environment,
      lease: actor.lease,
      clock: workspace.clock,
      controller,
      pid: process.pid,
      context: () => contextOf(workspace, declaration),
      selects,
      judgeAsker,
    })
    const tidy = async () => {
      await actor.ledger.prune(declaration.fleet.historyKeep, signal)
      await service.clean()
    }
    const supervising = superviseSelf(workspace, {
      store,
      lease: actor.lease,
      declaration: () => declaration,
      log,
      signal,
      onSuperseded: () => handover.abort(new Error('another controller takes over')),
    })
    const keeping = keepHouse(workspace, tidy, { log, signal })
    log.info({ pid: process.pid, fleet: declaration.fleet.name, state: store.location }, 'controller started')
    const ended = new AbortController()
    const alerting = desk.run(AbortSignal.any([signal, ended.signal]))
    try {
      await controller.run(signal)
    } catch (error) {
      // Who lost the lease is followed by another, who tells what there is to tell.
      if (!isErrorOf(error, 'LeaseLost')) await desk.sayLastWords(error, lastWordsTake)
      throw error
    } finally {
      service.stop()
      await stopFollowing()
      ended.abort()
      await alerting
      await session.close()
      await keeping
      await supervising
      await actor.lease.release()
    }
    if (actor.lease.signal.aborted && !call.signal.aborted) throw actor.lease.signal.reason
    log.info({}, 'controller ended; what it manages keeps running')
    return 0
  } finally {
    await store.close()
  }
}

/** What was selected may have gone from the manifests, or have other labels now: then there is less to look after. */
function selectAnew(declaration: Declaration, common: CommonOptions, log: Logger): ReadonlySet<ResourceId> {
  const known = new Set<string>(declaration.resources.map(({ id }) => id))
  const only = common.only.filter((id) => known.has(id))
  try {
    if (common.only.length > 0 && only.length === 0) return new Set()
    return selectResources(declaration, { ...common, only }) ?? new Set()
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'nothing is selected any more')
    return new Set()
  }
}

function faultsOf(declaration: Declaration): string {
  return declaration.diagnostics
    .map(({ code, position, message }) => `${position.file}:${position.line} ${code} ${message}`)
    .join('\n')
}

function logPass(log: ReturnType<typeof openLog>, result: PassResult): void {
  for (const { id, action, result: fate, message } of result.outcomes) {
    const fields = {
      id,
      action: action.type,
      reason: action.reason,
      summary: action.summary,
      ...(message && { error: message }),
    }
    if (fate === 'succeeded') log.info(fields, 'acted')
    else log.warn({ ...fields, outcome: fate }, 'action did not succeed')
  }
  for (const finding of result.findings) {
    const status = result.states.get(finding.id)?.status
    const before = finding.state?.status
    if (!status || (before?.health === status.health && before.reason === status.reason)) continue
    const fields = {
      id: finding.id,
      health: status.health,
      sync: status.sync,
      reason: status.reason,
      message: status.message,
    }
    if (status.health === 'Degraded' || status.health === 'Unknown') log.warn(fields, 'health changed')
    else log.info(fields, 'health changed')
  }
}

/** Bounds what the store keeps of the past, from time to time. */
async function keepHouse(
  { clock }: Workspace,
  work: () => Promise<void>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work()
    } catch (error) {
      // Nothing depends on it: the next time may do.
      if (!signal.aborted) log.warn({ error: messageOf(error) }, 'old records could not be dropped')
    }
    await clock.sleep(housekeepingEvery, signal).catch(() => undefined)
  }
}
