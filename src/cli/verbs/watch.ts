import { isErrorOf, messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Store } from '../../core/store.ts'
import { Controller } from '../../engine/controller.ts'
import { watchManifests } from '../../manifests/watch.ts'
import { AlertDesk } from '../alert-desk.ts'
import { superviseSelf } from '../background/self-supervision.ts'
import { FleetReading, readEarly, type TellFaults } from '../controller/fleet-reading.ts'
import { keepHouse } from '../controller/house.ts'
import { logPass } from '../controller/pass-log.ts'
import { logDiagnostics, printDiagnostics } from '../diagnostics.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import { isLogForPeople, openLog } from '../log.ts'
import type { CommonOptions } from '../options.ts'
import { contextOf, judgeAsker } from '../pass/controller-client.ts'
import { PassService } from '../pass/pass-service.ts'
import { openSession } from '../session.ts'
import { keepHeapPacked, keepHeapSmall } from '../small-heap.ts'
import { followSource } from '../source/follow.ts'
import { assertWorthStarting, type ControlledPlace, openControlledPlace } from '../source/following.ts'
import type { GitOptions } from '../source/git-options.ts'
import { type OpenedSource, openSource } from '../source/open-source.ts'
import { openState } from '../workspace.ts'

/** A controller that just ended may hold its lease for this long; then another acts, and we say so. */
const patience = 20_000
/** How long a controller that ends because of a fault takes at most to tell somebody. */
const lastWordsTake = 5_000

type WatchOptions = GitOptions & { readonly rebind?: boolean; readonly allowDeletions?: number }

/** Where it works, and what ends it. */
interface Post {
  readonly place: ControlledPlace
  readonly store: Store
  readonly log: Logger
  readonly tellFaults: TellFaults
  /** Aborted where another controller takes over. */
  readonly handover: AbortController
  /** Aborted by SIGTERM, SIGINT and the handover. */
  readonly signal: AbortSignal
}

/** `reconcile watch`: the controller, until SIGTERM or SIGINT. What it manages keeps running after it. */
export async function watch(
  call: Invocation,
  common: CommonOptions,
  options: WatchOptions,
): Promise<ExitStatus> {
  try {
    keepHeapSmall()
    const place = await openControlledPlace(call, common, options)
    await assertWorthStarting(place)
    const store = await openState(place.workspace, 'write')
    try {
      return await control(postOf(place, store), options)
    } finally {
      await store.close()
    }
  } catch (error) {
    // Told to end before it had begun: it has.
    if (call.signal.aborted && error === call.signal.reason) return 0
    throw error
  }
}

function postOf(place: ControlledPlace, store: Store): Post {
  const { workspace } = place
  const { call, common } = workspace
  const log = openLog(call, common, 'info')
  const handover = new AbortController()
  return {
    place,
    store,
    log,
    tellFaults: (diagnostics) =>
      isLogForPeople(call, common)
        ? printDiagnostics(workspace, diagnostics)
        : logDiagnostics(log, diagnostics, call.cwd),
    handover,
    signal: AbortSignal.any([call.signal, handover.signal]),
  }
}

async function control(post: Post, options: WatchOptions): Promise<ExitStatus> {
  const { place, store, log, handover } = post
  const { workspace } = place
  const { call, clock, environment } = workspace
  const { actor, source, fleet } = await takeOver(post, options)
  const { lease, ledger } = actor
  const signal = AbortSignal.any([post.signal, lease.signal])
  const session = openSession(workspace, {
    declaration: fleet.declaration,
    newest: () => fleet.declaration,
    store,
    ledger,
    logger: log,
    mayRunCommands: true,
    lease,
  })
  const desk = await AlertDesk.open(workspace, {
    store,
    actor,
    declaration: fleet.declaration,
    logger: log,
    ...(source && { sourceFaults: () => source.faults }),
  })
  const { selects } = fleet
  const controller = new Controller(session.world, {
    read: () => fleet.read(),
    onDeclaration: ({ resources, isComplete }) => {
      desk.declare(fleet.declaration)
      fleet.tellFaults()
      log.info({ resources: resources.length, complete: isComplete }, 'manifests read')
    },
    onPass: (result) => {
      logPass(log, result)
      desk.note(result)
    },
    onFault: (error, what) => desk.noteFault(error, what),
    ...(selects && { selects }),
    ...(options.allowDeletions !== undefined && { allowedDeletions: options.allowDeletions }),
  })
  const stopFollowing = await followChanges(post, { source, controller, desk, signal })
  const service = new PassService({
    store,
    environment,
    lease,
    clock,
    controller,
    pid: process.pid,
    context: () => contextOf(workspace, fleet.declaration),
    selects,
    judgeAsker,
  })
  const supervising = superviseSelf(workspace, {
    store,
    lease,
    declaration: () => fleet.declaration,
    log,
    signal,
    onSuperseded: () => handover.abort(new Error('another controller takes over')),
  })
  const tidy = async () => {
    await ledger.prune(fleet.declaration.fleet.historyKeep, signal)
    await service.clean()
  }
  const keeping = keepHouse(clock, tidy, { log, signal })
  const { name } = fleet.declaration.fleet
  log.info({ pid: process.pid, fleet: name, state: store.location }, 'controller started')
  const ended = new AbortController()
  const ending = AbortSignal.any([signal, ended.signal])
  const alerting = desk.run(ending)
  const packing = keepHeapPacked(clock, ending)
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
    await packing
    await session.close()
    await keeping
    await supervising
    await lease.release()
  }
  if (lease.signal.aborted && !call.signal.aborted) throw lease.signal.reason
  log.info({}, 'controller ended; what it manages keeps running')
  return 0
}

/** Takes the lease and reads what is to be looked after. */
async function takeOver(
  { place, store, log, tellFaults, signal }: Post,
  options: WatchOptions,
): Promise<OpenedSource & { readonly fleet: FleetReading }> {
  const { workspace, following } = place
  // Whoever does not get the lease has done nothing at all: commands that the manifests name are run after it, and what is
  // fetched can be read only then.
  const before = following ? undefined : await readEarly(workspace, store, tellFaults)
  const { actor, source } = await openSource(place, store, {
    role: 'controller',
    waitFor: patience,
    rebind: options.rebind === true,
    logger: log,
    signal,
    onDiagnostics: tellFaults,
  })
  const { lease } = actor
  try {
    const early = before ?? (await readEarly(workspace, store, tellFaults))
    const fleet = await FleetReading.begin({
      workspace,
      store,
      lease,
      source,
      early,
      logger: log,
      tellFaults,
    })
    return { actor, source, fleet }
  } catch (error) {
    await lease.release()
    throw error
  }
}

/** Has the controller read anew when its manifests change, wherever they are; what is returned ends it. */
async function followChanges(
  { place, store, log }: Post,
  {
    source,
    controller,
    desk,
    signal,
  }: Pick<OpenedSource, 'source'> & {
    readonly controller: Controller
    readonly desk: AlertDesk
    readonly signal: AbortSignal
  },
): Promise<() => Promise<void>> {
  const { workspace, following } = place
  if (source && following) {
    return followSource(source, {
      workspace: following.workspace,
      hookSecret: following.credentials.hookSecret,
      store,
      logger: log,
      signal,
      onChange: () => controller.reread(),
      onFault: (error, what) => desk.noteFault(error, what),
    })
  }
  return watchManifests({
    paths: workspace.paths,
    clock: workspace.clock,
    onChange: () =>
      void controller.reread().catch((error) => {
        // Told to end while it read: that is no fault of the manifests.
        if (!workspace.call.signal.aborted)
          log.error({ error: messageOf(error) }, 'manifests could not be read')
      }),
  })
}
