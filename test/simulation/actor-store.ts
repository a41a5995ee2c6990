import { ReconcileError } from '../../src/core/errors.ts'
import type { FleetEvent } from '../../src/core/event.ts'
import type { Store, StoreWrite } from '../../src/core/store.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { Actor } from './actor.ts'
import { never } from './actor-faults.ts'
import { peekToken, written } from './peek.ts'
import type { Setting } from './setting.ts'

/** More refusals than this at one moment, and it spins without time going on. */
const mostRefusals = 500

/** The state as one program sees it: what it may not do any more never comes back. */
export function actorStore(setting: Setting, actor: Actor, random: SeededRandom): Store {
  const real = openMemoryStore(setting.disk)
  let refusals = 0
  let refusedAt = 0
  const refuse = async (
    code: 'StoreUnavailable' | 'StoreFull' | 'StoreBusy',
    message: string,
  ): Promise<never> => {
    refusals = refusedAt === setting.time.now ? refusals + 1 : 0
    refusedAt = setting.time.now
    actor.refusedAt = refusedAt
    if (refusals <= mostRefusals) throw new ReconcileError(code, message)
    setting.rules.violate(
      'engine-never-breaks',
      `${actor.pid} asks a store that refuses again and again: it spins`,
    )
    return never()
  }
  const enter = async (): Promise<void> => {
    if (actor.isDead) await never()
    if (actor.pausedUntil > setting.time.now) await setting.time.sleep(0, undefined, actor)
    if (setting.time.now >= setting.storeUnreadableUntil && setting.weather.strikes('store-unreadable')) {
      setting.storeUnreadableUntil = setting.time.now + 1_500
    }
    if (setting.time.now < setting.storeUnreadableUntil) {
      await refuse('StoreUnavailable', 'the state cannot be opened')
    }
  }
  const refuseSometimes = async (): Promise<void> => {
    if (setting.time.now >= setting.storeFullUntil && setting.weather.strikes('store-full')) {
      setting.storeFullUntil = setting.time.now + 2_000
    }
    if (setting.time.now < setting.storeFullUntil) await refuse('StoreFull', 'no room')
    if (setting.weather.strikes('store-busy')) await refuse('StoreBusy', 'locked')
  }
  return {
    ...real,
    async get(key) {
      await enter()
      return real.get(key)
    },
    async list(query) {
      await enter()
      return real.list(query)
    },
    async revision() {
      await enter()
      return real.revision()
    },
    async commit(writes, preconditions = []) {
      const isSign = writes.some(({ type, collection }) => type === 'put' && collection === 'lease')
      const sentAt = setting.time.now
      await enter()
      if (random.isLucky(0.2)) await actor.clock.sleep(random.between(1, 60))
      if (actor.isDead) await never()
      await refuseSometimes()
      const committing = real.commit(writes, preconditions)
      // As it is in this very moment: who ends gives the lease back before he who waits here goes on.
      const token = peekToken(setting.disk)
      const revision = await committing
      if (isSign) actor.signSentAt = Math.max(actor.signSentAt, sentAt)
      if (writes.length > 0) afterCommit(setting, actor, { writes, token })
      if (actor.isDead) await never()
      return revision
    },
    watch(onChange) {
      const stop = real.watch(onChange)
      actor.onEnd(stop)
      return stop
    },
  }
}

function afterCommit(
  setting: Setting,
  actor: Actor,
  { writes, token }: { readonly writes: readonly StoreWrite[]; readonly token: number },
): void {
  setting.rules.afterCommit(actor, { writes, token })
  setting.note(`commit ${actor.pid} ${writes.map((write) => describeWrite(setting, write)).join(' ')}`)
  if (actor.isDoomedNow() || setting.weather.strikes('kill-after-commit')) actor.kill()
}

/** One write in the trace: what a person who replays a run wants to see of it. */
function describeWrite(setting: Setting, write: StoreWrite): string {
  const { type, collection, key } = write
  const state = collection === 'resource-state' ? setting.rules.shadow.states.get(key.slice(1)) : undefined
  if (state) {
    const { status, recovery } = state
    return `${key.slice(1)}=${status.health}:${status.reason}:${recovery.attempts}`
  }
  if (collection === 'event' && type === 'put') {
    const { reason, id } = written<FleetEvent>(write.value)
    return `${reason}(${id ?? ''})`
  }
  if (collection.startsWith('event') || collection.startsWith('sample')) return collection
  return `${type} ${collection} ${key.slice(1)}`
}
