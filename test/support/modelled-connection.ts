import type { Action } from '../../src/core/action.ts'
import { ReconcileError } from '../../src/core/errors.ts'
import type { Observation, Reading, Wanted } from '../../src/core/reconciler.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import { type ModelContext, staleBound } from './model-context.ts'
import type { Snapshot } from './modelled-world.ts'

/** Reads a list of the world, as well as the faults let it. */
export async function observeModel<Spec, Observed>(
  context: ModelContext,
  asked: {
    readonly kind: string
    readonly wanted: readonly Wanted<Spec>[]
    readonly signal: AbortSignal
    /** Whether one thing by itself is read as it is, however late lists are. */
    readonly isOneFresh: boolean
  },
  read: (snapshot: Snapshot, wanted: Wanted<Spec>) => Reading<Observed>,
): Promise<Observation<Observed>> {
  const { world, clock, faults } = context
  const { kind, wanted, signal, isOneFresh } = asked
  const ids = wanted.map(({ id }) => id)
  const fate = faults.read(kind, ids)
  if (fate.type === 'hang') return hang(signal)
  await clock.sleep(fate.latency, signal)
  if (fate.type === 'error') throw new ReconcileError('DaemonUnresponsive', `${kind} does not answer`)
  const isFresh = isOneFresh && wanted.length === 1
  const snapshot = isFresh ? world.current : world.past(fate.staleVersions, staleBound)
  const readings = wanted.map((one): [ResourceId, Reading<Observed>] => [
    one.id,
    fate.unreadable.includes(one.id)
      ? { type: 'unreadable', code: 'PageMissing', message: 'a page of the list is missing' }
      : read(snapshot, one),
  ])
  const marked = [...snapshot.things.values()].flatMap(({ name, mark }) =>
    mark ? [{ externalName: name, mark, isMarkAlive: world.livingStores.has(mark.store) }] : [],
  )
  const observation = {
    observedAt: clock.now(),
    readings: new Map(readings),
    ...(kind === 'Model' && { marked }),
  }
  faults.afterRead(observation.readings)
  return observation
}

/**
 * Takes an effect, with the fate that the faults give it. `take` is the order as the vendor understands it when he gets it;
 * what it gives changes the world, and says why the vendor refuses.
 */
export async function takeEffect(
  context: ModelContext,
  action: Action,
  signal: AbortSignal,
  take: () => () => string | undefined,
): Promise<void> {
  const { clock, faults } = context
  const fate = faults.effect(action)
  await clock.sleep(fate.latency, signal)
  if (fate.type === 'hang-before') return hang(signal)
  const refuse = (isForTime: boolean): never => {
    throw new ReconcileError(isForTime ? 'DaemonUnresponsive' : 'DaemonCallFailed', 'refused')
  }
  if (fate.type === 'error-before') return refuse(fate.isForTime)
  faults.beforeEffect(action)
  const change = take()
  if (fate.type === 'late') {
    void fate.turn().then(() => {
      if (change() === undefined) faults.arrived(action)
    })
    if (fate.answer === 'error') return refuse(false)
    if (fate.answer === 'lost') throw new ReconcileError('OutcomeUnknown', 'the answer was lost')
    return
  }
  const refusal = change()
  if (refusal !== undefined) throw new ReconcileError('DaemonCallFailed', refusal)
  await faults.afterEffect(action)
  if (fate.type === 'error-after') return refuse(false)
  if (fate.type === 'hang-after') return hang(signal)
  if (fate.type === 'lost-answer') throw new ReconcileError('OutcomeUnknown', 'the answer was lost')
}

/** Passes on what happens in the world, as well as the faults let it. */
export function watchModel({ world, clock, faults }: ModelContext, tell: (name: string) => void): () => void {
  let isOver = false
  const stop = world.listen((name) => {
    for (const delay of faults.wake()) {
      void clock.sleep(delay).then(() => {
        if (!isOver) tell(name)
      })
    }
  })
  return () => {
    isOver = true
    stop()
  }
}

function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
