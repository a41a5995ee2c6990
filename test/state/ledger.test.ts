import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { healthStatuses } from '../../src/core/health.ts'
import type { Intent } from '../../src/core/intent.ts'
import type { LedgerEntry, ResourceState } from '../../src/core/ledger.ts'
import type { Owned } from '../../src/core/ownership.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Store } from '../../src/core/store.ts'
import { openLedger, type StoredLedger } from '../../src/state/ledger.ts'
import { createMemoryDisk, openMemoryStore } from '../../src/state/memory.ts'
import { mostGone } from '../../src/state/prune.ts'
import { openSuspensions, type Suspensions } from '../../src/state/suspensions.ts'
import { FakeClock } from './fake-clock.ts'
import { process, takeFence } from './fixtures.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe.each([{ isKept: true }, { isKept: false }])(
  'a ledger that is kept in memory: $isKept',
  ({ isKept }) => {
    let clock: FakeClock
    let store: Store
    let ledger: StoredLedger
    beforeEach(async () => {
      clock = new FakeClock()
      store = openMemoryStore(createMemoryDisk())
      ledger = await open(undefined)
    })
    afterEach(() => store.close())

    async function open(environment: string | undefined): Promise<StoredLedger> {
      return openLedger({ store, fleet: 'acme', environment, lease: await takeFence(store), isKept, clock })
    }

    const api = process('api')
    const web = process('web')

    function stateOf(id: ResourceId, message = ''): ResourceState {
      return {
        status: {
          id,
          sync: 'Synced',
          health: 'Healthy',
          reason: 'Running',
          message,
          observedAt: clock.now(),
          attempts: 0,
          nextAttemptAt: undefined,
          lastAction: undefined,
          conditions: [],
          children: [],
          critical: false,
          isExcused: false,
        },
        recovery: {
          attempts: 0,
          lastAttemptAt: undefined,
          nextAttemptAt: undefined,
          healthySince: undefined,
          specHash: 'h',
          corrections: [],
        },
        activeFor: [],
      }
    }

    function ownedOf(id: ResourceId): Owned {
      return {
        id,
        externalName: 'api',
        origin: 'created',
        deletionPolicy: undefined,
        fields: { script: { value: 'api.mjs', sensitive: false } },
        memory: {},
        since: clock.now(),
      }
    }

    function intentOf(intentId: string, at = clock.now()): Intent {
      return {
        intentId,
        id: api,
        actionType: 'dispatch',
        verb: 'run',
        summary: 'dispatch it',
        externalName: 'acme/site',
        repeatable: false,
        at,
      }
    }

    function eventOf(message: string, about: ResourceId | 'fleet' = api): LedgerEntry {
      const id = about === 'fleet' ? undefined : about
      return { type: 'event', event: { at: clock.now(), type: 'Normal', reason: 'Started', id, message } }
    }

    describe('what a pass needs', () => {
      test('is empty at first', async () => {
        expect(await ledger.load()).toEqual({
          inventory: new Map(),
          states: new Map(),
          openIntents: [],
          suspensions: new Map(),
          resumedAt: new Map(),
          isDown: false,
          unreadableDomains: new Set(),
          recentSamples: { get: expect.any(Function) },
          strays: new Map(),
          gone: new Map(),
        })
      })

      test('comes back as it was entered, and goes when it is forgotten', async () => {
        await ledger.commit([
          { type: 'own', owned: ownedOf(api) },
          { type: 'own', owned: ownedOf(web) },
          { type: 'state', id: api, state: stateOf(api, 'fine') },
          { type: 'intend', intent: intentOf('i1') },
        ])
        const view = await ledger.load()
        expect([...view.inventory]).toEqual([
          [api, ownedOf(api)],
          [web, ownedOf(web)],
        ])
        expect([...view.states]).toEqual([[api, stateOf(api, 'fine')]])
        expect(view.openIntents).toEqual([intentOf('i1')])

        await ledger.commit([
          { type: 'disown', id: web },
          { type: 'forget-state', id: api },
        ])
        const after = await ledger.load()
        expect([...after.inventory.keys()]).toEqual([api])
        expect(after.states.size).toBe(0)
      })

      test('is kept apart by environment, and the base from all of them', async () => {
        const [production, other] = [await open('production'), await open('production-2')]
        ledger = await open(undefined)
        await ledger.commit([{ type: 'own', owned: ownedOf(api) }, eventOf('base')])
        const lease = await takeFence(store)
        const entries: readonly LedgerEntry[] = [{ type: 'own', owned: ownedOf(web) }, eventOf('production')]
        await openLedger({ store, fleet: 'acme', environment: 'production', lease, isKept, clock }).commit(
          entries,
        )
        expect([...(await ledger.load()).inventory.keys()]).toEqual([api])
        expect([...(await production.load()).inventory.keys()]).toEqual([web])
        expect([...(await other.load()).inventory.keys()]).toEqual([])
        expect((await ledger.events({ limit: 9 })).map((event) => event.message)).toEqual(['base'])
        expect((await production.events({ id: api, limit: 9 })).map((event) => event.message)).toEqual([
          'production',
        ])
      })

      test('holds what people suspended and took down, without their having the lease', async () => {
        const people = openSuspensions({ store, environment: undefined })
        const suspension = { reason: 'maintenance', by: 'ann', until: clock.now() + hour }
        await people.suspend(api, suspension)
        await people.suspend(web, { reason: 'broken', by: undefined, until: undefined })
        await people.takeDown({ by: 'ann', at: clock.now() })
        const view = await ledger.load()
        expect([...view.suspensions]).toEqual([
          [api, suspension],
          [web, { reason: 'broken', by: undefined, until: undefined }],
        ])
        expect(view.isDown).toBe(true)

        const word = await people.word()
        expect(await people.word()).toBe(word)
        expect(await people.resume(api, 5)).toBe(true)
        expect(await people.word()).not.toBe(word)
        expect(await people.resume(api, 6)).toBe(false)
        expect([...(await ledger.load()).suspensions.keys()]).toEqual([web])
        const job = process('job')
        expect(await people.resumeAll([api, job], 7)).toEqual([web])
        const after = await ledger.load()
        expect([...after.resumedAt]).toEqual([
          [api, 7],
          [job, 7],
          [web, 7],
        ])
        expect(after.suspensions.size).toBe(0)
        expect(after.isDown).toBe(false)
        expect(await people.downMark()).toBeUndefined()
      })

      test('survives the loss of everything but the store', async () => {
        const disk = createMemoryDisk()
        const first = openMemoryStore(disk)
        const lease = await takeFence(first)
        await openLedger({
          store: first,
          fleet: 'acme',
          environment: undefined,
          lease,
          isKept,
          clock,
        }).commit([
          { type: 'own', owned: ownedOf(api) },
          { type: 'intend', intent: intentOf('i1') },
        ])
        await first.close()
        const second = openMemoryStore(disk)
        const view = await openLedger({ store: second, fleet: 'acme', environment: undefined, clock }).load()
        expect([...view.inventory.keys()]).toEqual([api])
        expect(view.openIntents.map((intent) => intent.intentId)).toEqual(['i1'])
      })
    })

    describe('a commit', () => {
      test('writes all of its entries or none', async () => {
        const bad = { ...ownedOf(web), memory: { when: new Date() } }
        await expect(
          ledger.commit([
            { type: 'own', owned: ownedOf(api) },
            { type: 'own', owned: bad },
          ]),
        ).rejects.toThrow(/value.memory.when to be a plain object, got Date/)
        expect((await ledger.load()).inventory.size).toBe(0)
      })

      test('refuses a secret, which would come back as three stars', async () => {
        const value = Secret.read('fromEnv KEY', 'canary', 'digest')
        const owned = { ...ownedOf(api), fields: { 'env.KEY': { value, sensitive: true } } }
        await expect(ledger.commit([{ type: 'own', owned }])).rejects.toThrow(/got Secret/)
      })

      test('is refused as LeaseLost when another took the lease, and writes nothing', async () => {
        await takeFence(store)
        await expect(ledger.commit([{ type: 'own', owned: ownedOf(api) }])).rejects.toMatchObject({
          code: 'LeaseLost',
        })
        expect((await ledger.load()).inventory.size).toBe(0)
      })

      test('is refused on a ledger that was opened for reading', async () => {
        const reading = openLedger({ store, fleet: 'acme', environment: 'production', clock })
        await expect(reading.commit([])).rejects.toMatchObject({
          code: 'Internal',
          message: expect.stringContaining('acme (production)'),
        })
      })

      test('goes on where another changed the same record meanwhile', async () => {
        const lease = await takeFence(store)
        const options = { store, fleet: 'acme', environment: undefined, lease, clock }
        const [one, two] = [openLedger(options), openLedger(options)]
        await Promise.all(
          Array.from({ length: 8 }, (_, index) => {
            const sample = { at: clock.now() + index, values: { index } }
            return (index % 2 ? one : two).commit([
              { type: 'sample', id: api, sample },
              eventOf(`event ${index}`),
            ])
          }),
        )
        expect(await one.samples(api, 0)).toHaveLength(8)
        expect(await one.events({ limit: 99 })).toHaveLength(8)
      })

      test('of many at once through one ledger keeps their order', async () => {
        const messages = Array.from({ length: 20 }, (_, index) => `event ${index}`)
        await Promise.all(messages.map((message) => ledger.commit([eventOf(message)])))
        const found = (await ledger.events({ limit: 99 })).map((event) => event.message)
        expect(found.toReversed()).toEqual(messages)
      })

      test('of many at once is one commit of the store, each told when it is durable', async () => {
        const before = await store.revision()
        const ids = Array.from({ length: 20 }, (_, index) => process(`p${index}`))
        const revisions = await Promise.all(
          ids.map(async (id) => {
            await ledger.commit([{ type: 'own', owned: ownedOf(id) }])
            return store.revision()
          }),
        )
        expect(revisions).toEqual(ids.map(() => before + 1))
        expect([...(await ledger.load()).inventory.keys()].toSorted()).toEqual(ids.toSorted())
      })

      test('that fails takes down nobody who writes at the same time', async () => {
        const bad = { ...ownedOf(web), memory: { f: () => 1 } }
        const results = await Promise.allSettled([
          ledger.commit([{ type: 'own', owned: ownedOf(api) }]),
          ledger.commit([{ type: 'own', owned: bad }]),
          ledger.commit([eventOf('told')]),
        ])
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
        expect([...(await ledger.load()).inventory.keys()]).toEqual([api])
        expect(await ledger.events({ limit: 9 })).toHaveLength(1)
      })

      test('that fails does not stop the next', async () => {
        const bad = ledger.commit([{ type: 'own', owned: { ...ownedOf(web), memory: { f: () => 1 } } }])
        const good = ledger.commit([{ type: 'own', owned: ownedOf(api) }])
        await expect(bad).rejects.toThrow(TypeError)
        await good
        expect([...(await ledger.load()).inventory.keys()]).toEqual([api])
      })
    })

    describe('the journal', () => {
      test('keeps an intent open until it is settled, and its outcome after', async () => {
        await ledger.commit([
          { type: 'intend', intent: intentOf('i2', clock.now() + 1) },
          { type: 'intend', intent: intentOf('i1') },
        ])
        expect((await ledger.load()).openIntents.map((intent) => intent.intentId)).toEqual(['i1', 'i2'])
        const at = clock.now() + 5
        await ledger.commit([{ type: 'settle', intentId: 'i1', outcome: 'succeeded', at }])
        expect((await ledger.load()).openIntents.map((intent) => intent.intentId)).toEqual(['i2'])
        expect(await ledger.outcomes(9)).toEqual([{ intent: intentOf('i1'), outcome: 'succeeded', at }])
      })

      test('keeps the first outcome of what is settled twice', async () => {
        await ledger.commit([{ type: 'intend', intent: intentOf('i1') }])
        await ledger.commit([{ type: 'settle', intentId: 'i1', outcome: 'failed', at: 1 }])
        await ledger.commit([{ type: 'settle', intentId: 'i1', outcome: 'succeeded', at: 2 }])
        expect((await ledger.outcomes(9)).map((settled) => settled.outcome)).toEqual(['failed'])
      })

      test('takes an intent and its outcome in one commit', async () => {
        await ledger.commit([
          { type: 'intend', intent: intentOf('i1') },
          { type: 'settle', intentId: 'i1', outcome: 'superseded', at: clock.now() },
        ])
        expect((await ledger.load()).openIntents).toEqual([])
        expect(await ledger.outcomes(9)).toHaveLength(1)
      })
    })

    describe('events', () => {
      const told = async (id?: ResourceId) =>
        (await ledger.events(id ? { id, limit: 99 } : { limit: 99 })).map(
          (event) => `${event.message} x${event.count}`,
        )

      test('that repeat are counted, with the first and the last time', async () => {
        const start = clock.now()
        await ledger.commit([eventOf('again')])
        await clock.advance(9 * minute)
        await ledger.commit([eventOf('again')])
        await clock.advance(9 * minute)
        await ledger.commit([eventOf('again')])
        expect(await ledger.events({ limit: 9 })).toEqual([
          {
            at: start + 18 * minute,
            type: 'Normal',
            reason: 'Started',
            id: api,
            message: 'again',
            count: 3,
            firstAt: start,
          },
        ])
      })

      test('that repeat after more than ten minutes are told anew', async () => {
        await ledger.commit([eventOf('again')])
        await clock.advance(10 * minute + 1)
        await ledger.commit([eventOf('again')])
        expect(await told()).toEqual(['again x1', 'again x1'])
      })

      test('of several resources that repeat in turns are counted each', async () => {
        for (let round = 0; round < 3; round += 1) {
          await ledger.commit([eventOf('a', api), eventOf('w', web), eventOf('fleet', 'fleet')])
        }
        expect(await told()).toEqual(['fleet x3', 'w x3', 'a x3'])
        expect(await told(web)).toEqual(['w x3'])
      })

      test('that repeat within one commit are counted', async () => {
        await ledger.commit([eventOf('a'), eventOf('a'), eventOf('b'), eventOf('a')])
        expect(await told()).toEqual(['a x1', 'b x1', 'a x2'])
        expect(await told(api)).toEqual(['a x1', 'b x1', 'a x2'])
      })

      test('come newest first, as many as asked for', async () => {
        for (const message of ['1', '2', '3'])
          await ledger.commit([eventOf(message), eventOf(`web ${message}`, web)])
        const limited = async (query: { readonly id?: ResourceId; readonly limit: number }) =>
          (await ledger.events(query)).map((event) => event.message)
        expect(await limited({ limit: 3 })).toEqual(['web 3', '3', 'web 2'])
        expect(await limited({ id: web, limit: 2 })).toEqual(['web 3', 'web 2'])
        expect(await limited({ id: process('we'), limit: 2 })).toEqual([])
      })
    })

    describe('samples', () => {
      const add = (at: number, values: Readonly<Record<string, number>> = { at }, id: ResourceId = api) =>
        ledger.commit([{ type: 'sample', id, sample: { at, values } }])

      test('come oldest first, since a time, for one resource', async () => {
        const now = clock.now()
        for (const [index, at] of [now - 30 * minute, now - 2 * hour, now, now - minute].entries())
          await add(at, { index })
        await add(now, { other: 1 }, web)
        expect((await ledger.samples(api, 0)).map((sample) => sample.values.index)).toEqual([1, 0, 3, 2])
        expect((await ledger.samples(api, now - minute)).map((sample) => sample.values.index)).toEqual([3, 2])
        const recent = (await ledger.load()).recentSamples
        expect(recent.get(web)).toEqual([{ at: now, values: { other: 1 } }])
        expect(recent.get(process('we'))).toBeUndefined()
        expect(recent.get(api)?.map((sample) => sample.values.index)).toEqual([0, 3, 2])
      })

      test('of before the clock was set back are not recent ones, until their time has come again', async () => {
        const now = clock.now()
        await add(now - minute)
        await add(now)
        await add(now + 2 * minute)
        const times = async () => (await ledger.load()).recentSamples.get(api)?.map(({ at }) => at - now)
        expect(await times()).toEqual([-minute, 0])
        await clock.advance(2 * minute)
        expect(await times()).toEqual([-minute, 0, 2 * minute])
      })

      test('are read once, whatever is added to their record', async () => {
        await add(clock.now())
        await clock.advance(30 * minute)
        await add(clock.now())
        const before = (await ledger.load()).recentSamples.get(api)
        await add(clock.now())
        const after = (await ledger.load()).recentSamples.get(api)
        expect(after).toHaveLength(3)
        expect(after?.[0]).toBe(before?.[0])
        // Nor is what was added to their record.
        expect(after?.[1]).toBe(before?.[1])
      })

      test('leave out measurements that are no numbers', async () => {
        await add(clock.now(), { fine: 1, none: Number.NaN, endless: Number.POSITIVE_INFINITY })
        expect((await ledger.samples(api, 0))[0]?.values).toEqual({ fine: 1 })
        expect((await ledger.load()).recentSamples.get(api)?.[0]?.values).toEqual({ fine: 1 })
      })

      test('are thinned with age, and dropped after what is kept', async () => {
        const start = clock.now()
        for (let at = start; at < start + 40 * hour; at += 5 * minute) {
          await ledger.commit(
            [0, 20_000, 40_000].map((offset) => ({
              type: 'sample',
              id: api,
              sample: { at: at + offset, values: { at } },
            })),
          )
        }
        await clock.advance(40 * hour)
        await ledger.prune(30 * day)
        const now = clock.now()
        const all = await ledger.samples(api, 0)
        const between = (from: number, to: number) =>
          all.filter((sample) => sample.at >= from && sample.at < to)
        expect(between(now - 50 * minute, now)).toHaveLength(30)
        expect(between(now - 20 * hour, now - 2 * hour)).toHaveLength((18 * hour) / (5 * minute))
        expect(between(start, start + 12 * hour)).toHaveLength((12 * hour) / (15 * minute))
        // The newest of each step is the one that stays.
        expect(all[0]?.at).toBe(start + 10 * minute + 40_000)

        await ledger.prune(10 * hour)
        const kept = await ledger.samples(api, 0)
        expect(kept[0]?.at).toBeGreaterThanOrEqual(now - 11 * hour)
        expect(kept.at(-1)?.at).toBe(all.at(-1)?.at)
        await clock.advance(10 * day)
        await ledger.prune(day)
        expect(await ledger.samples(api, 0)).toEqual([])
      })

      test('are found far apart in time', async () => {
        await add(1_000)
        await add(clock.now())
        expect(await ledger.samples(api, 0)).toHaveLength(2)
      })
    })

    describe('pruning', () => {
      test('drops what is older than kept, in the events, their index and the outcomes, and nothing in force', async () => {
        await ledger.commit([
          { type: 'own', owned: ownedOf(api) },
          { type: 'state', id: api, state: stateOf(api) },
          { type: 'intend', intent: intentOf('open') },
          { type: 'intend', intent: intentOf('old') },
        ])
        for (let index = 0; index < 450; index += 1) await ledger.commit([eventOf(`old ${index}`)])
        await ledger.commit([{ type: 'settle', intentId: 'old', outcome: 'succeeded', at: clock.now() }])
        await clock.advance(2 * day)
        await ledger.commit([eventOf('new')])
        expect(await ledger.prune(day)).toEqual({ events: 450, outcomes: 1, sampleRecords: 0, words: 0 })
        expect((await ledger.events({ limit: 999 })).map((event) => event.message)).toEqual(['new'])
        expect((await ledger.events({ id: api, limit: 999 })).map((event) => event.message)).toEqual(['new'])
        expect(await store.list({ collection: 'event-of' })).toHaveLength(1)
        expect(await ledger.outcomes(9)).toEqual([])
        const view = await ledger.load()
        expect([view.inventory.size, view.states.size, view.openIntents.length]).toEqual([1, 1, 1])
        expect(await ledger.prune(day)).toEqual({ events: 0, outcomes: 0, sampleRecords: 0, words: 0 })
      })

      test('keeps of what is gone the newest names, and none that came back', async () => {
        const gone = (index: number) => ({
          type: 'gone' as const,
          kind: 'Process',
          externalName: `p${index}`,
          at: clock.now() + index,
        })
        const indexes = Array.from({ length: mostGone + 20 }, (_, index) => index)
        await ledger.commit(indexes.map(gone))
        await ledger.commit([{ type: 'own', owned: { ...ownedOf(api), externalName: 'p500' } }])
        await ledger.prune(day)
        const names = [...((await ledger.load()).gone?.keys() ?? [])]
        expect(names).toHaveLength(mostGone)
        expect(names).not.toContain('Process/p18')
        expect(names).toContain('Process/p19')
        expect(names).not.toContain('Process/p500')
      })

      test('drops events from before the clock was set back with those that followed them, and not before', async () => {
        await ledger.commit([eventOf('before')])
        await clock.advance(90 * day)
        for (let index = 0; index < 250; index += 1) await ledger.commit([eventOf(`ahead ${index}`)])
        await clock.advance(-89 * day)
        await ledger.commit([eventOf('after')])
        await clock.advance(day - hour)
        expect((await ledger.prune(day)).events).toBe(1)
        await clock.advance(2 * hour)
        await ledger.commit([eventOf('new')])
        expect((await ledger.prune(day)).events).toBe(251)
        expect((await ledger.events({ limit: 999 })).map((event) => event.message)).toEqual(['new'])
      })

      describe('what people said', () => {
        const gone = process('gone')
        const hearing = (heardResumeAt: number) => {
          const state = stateOf(api)
          return {
            type: 'state' as const,
            id: api,
            state: { ...state, recovery: { ...state.recovery, heardResumeAt } },
          }
        }
        let said: Suspensions
        beforeEach(() => {
          said = openSuspensions({ store, environment: undefined })
        })

        test('goes where it was heard and nothing from before is open, and means the same then', async () => {
          const at = clock.now()
          await said.resume(api, at)
          await ledger.commit([hearing(at - 1)])
          expect((await ledger.prune(day)).words).toBe(0)
          await ledger.commit([hearing(at), { type: 'intend', intent: { ...intentOf('open'), at } }])
          expect((await ledger.prune(day)).words).toBe(0)
          await ledger.commit([{ type: 'settle', intentId: 'open', outcome: 'succeeded', at }])
          expect((await ledger.prune(day)).words).toBe(1)
          expect((await ledger.load()).resumedAt).toEqual(new Map())
          expect((await ledger.load()).states.get(api)?.recovery.heardResumeAt).toBe(at)
        })

        test('goes where it is of nothing that is declared or owned', async () => {
          const until = clock.now() + hour
          await ledger.commit([{ type: 'own', owned: ownedOf(api) }])
          for (const id of [api, gone]) {
            await said.resume(id, clock.now())
            await said.suspend(id, { reason: 'moving', by: 'ada', until })
          }
          await said.suspend(process('kept'), { reason: 'moving', by: 'ada', until: undefined })
          expect((await ledger.prune(day)).words).toBe(1)
          await clock.advance(hour)
          expect((await ledger.prune(day)).words).toBe(1)
          expect([...(await said.list()).keys()]).toEqual([api, process('kept')])
          expect([...(await ledger.load()).resumedAt.keys()]).toEqual([api])
        })

        test('stays where it is said anew meanwhile', async () => {
          const at = clock.now()
          await said.resume(api, at)
          await ledger.commit([hearing(at)])
          let isSaid = false
          const busy: Store = {
            ...store,
            commit: async (...commit) => {
              if (!isSaid) {
                isSaid = true
                await said.resume(api, at + 1)
              }
              return store.commit(...commit)
            },
          }
          const lease = await takeFence(store)
          const acting = openLedger({
            store: busy,
            fleet: 'acme',
            environment: undefined,
            lease,
            isKept,
            clock,
          })
          expect((await acting.prune(day)).words).toBe(0)
          expect(isSaid).toBe(true)
          expect((await acting.load()).resumedAt.get(api)).toBe(at + 1)
        })

        test('goes however much it is, in commits of bounded size', async () => {
          const ids = Array.from({ length: 450 }, (_, index) => process(`p${index}`))
          await said.resumeAll(ids, clock.now())
          const before = await store.revision()
          expect((await ledger.prune(day)).words).toBe(450)
          expect((await store.revision()) - before).toBe(3)
        })
      })

      test('ends where it is told to', async () => {
        await ledger.commit([eventOf('old')])
        await clock.advance(2 * day)
        const reason = new Error('interrupted')
        await expect(ledger.prune(day, AbortSignal.abort(reason))).rejects.toBe(reason)
        expect(await ledger.events({ limit: 9 })).toHaveLength(1)
      })

      test('needs the lease', async () => {
        await ledger.commit([eventOf('old')])
        await clock.advance(2 * day)
        await takeFence(store)
        await expect(ledger.prune(day)).rejects.toMatchObject({ code: 'LeaseLost' })
        expect(await ledger.events({ limit: 9 })).toHaveLength(1)
      })
    })

    describe('a record that is not what its collection holds', () => {
      test.each([
        ['inventory', '/Process/api', { id: 'Process/api' }, '.externalName to be a text'],
        ['inventory', '/Process/api', 7, 'the value to be an object'],
        ['resource-state', '/Process/api', { status: null }, '.status to be an object'],
        [
          'resource-state',
          '/Process/api',
          { status: { id: 'Process/api', sync: 'Fine' } },
          '.status.sync to be one of Synced',
        ],
        ['intent-open', '/i1', { intentId: 'i1', id: 'api' }, '.id to be an id of the form Kind/name'],
        ['suspension', '/Process/api', { reason: 'x', until: 'tomorrow' }, '.until to be a number'],
        ['down', '/fleet', true, 'the value to be an object'],
        [
          'sample-recent',
          `/${String(Date.UTC(2026, 0, 1)).padStart(15, '0')}/Process/api`,
          { at: [1, 'x'], values: {} },
          '.at[1] to be a number',
        ],
      ])('in %s is named as damage', async (collection, key, value, expected) => {
        await store.commit([{ type: 'put', collection, key, value }])
        // Samples are read when they are asked for.
        const read = async () => (await ledger.load()).recentSamples.get(api)
        await expect(read()).rejects.toMatchObject({
          code: 'StoreCorrupt',
          message: expect.stringContaining(`${collection} ${key}`),
        })
        await expect(read()).rejects.toThrow(expected)
      })

      test('but for fields that a newer program added, which are passed over', async () => {
        await ledger.commit([{ type: 'own', owned: ownedOf(api) }])
        const [entry] = await store.list({ collection: 'inventory' })
        const value = Object.assign({}, entry?.value, { newer: [1, 2] })
        await store.commit([{ type: 'put', collection: 'inventory', key: '/Process/api', value }])
        expect((await ledger.load()).inventory.get(api)).toEqual(ownedOf(api))
      })
    })

    describe('whatever is entered', () => {
      const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
      const text = fc.string({ unit: 'binary', maxLength: 20 })
      const time = fc.integer({ min: 0, max: 4e12 })
      const id = fc.stringMatching(/^[A-Z][a-z]{1,5}\/[a-z0-9]{1,8}$/).map((value) => value as ResourceId)
      const health = fc.constantFrom(...healthStatuses)
      const plain = fc.jsonValue()
      const dictionary = <T>(value: fc.Arbitrary<T>) =>
        fc.dictionary(text, value, { noNullPrototype: true, maxKeys: 4 })

      const owned: fc.Arbitrary<Owned> = fc.record({
        id,
        externalName: text,
        origin: fc.constantFrom('created', 'adopted'),
        deletionPolicy: maybe(fc.constantFrom('Delete', 'Orphan')),
        fields: dictionary(fc.record({ value: plain, sensitive: fc.boolean() })),
        memory: dictionary(plain),
        since: time,
      })
      const state: fc.Arbitrary<ResourceState> = fc.record({
        status: fc.record({
          id,
          sync: fc.constantFrom('Synced', 'OutOfSync', 'Unknown'),
          health,
          reason: text,
          message: text,
          observedAt: time,
          attempts: fc.nat(),
          nextAttemptAt: maybe(time),
          lastAction: maybe(
            fc.record({
              type: text,
              summary: text,
              at: time,
              outcome: fc.constantFrom('succeeded', 'failed', 'unknown'),
              message: maybe(text),
            }),
          ),
          conditions: fc.array(
            fc.record({
              type: text,
              status: fc.constantFrom('True', 'False', 'Unknown'),
              reason: text,
              message: text,
              since: time,
            }),
            { maxLength: 3 },
          ),
          children: fc.array(
            fc.record({
              name: text,
              health,
              message: text,
              details: dictionary(
                fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
              ),
            }),
            { maxLength: 3 },
          ),
          critical: fc.boolean(),
          isExcused: fc.boolean(),
        }),
        recovery: fc.record({
          attempts: fc.nat(),
          deferrals: maybe(fc.nat()),
          lastAttemptAt: maybe(time),
          nextAttemptAt: maybe(time),
          healthySince: maybe(time),
          specHash: text,
          corrections: fc.array(time, { maxLength: 3 }),
        }),
        activeFor: fc.array(id, { maxLength: 2 }),
        healthBeforeOutage: maybe(health),
      })

      test('comes back the same, whatever the texts hold', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(owned), fc.array(fc.tuple(id, state)), async (owns, states) => {
            const fresh = openMemoryStore()
            const lease = await takeFence(fresh)
            const own = openLedger({ store: fresh, fleet: 'f', environment: 'e', lease, isKept, clock })
            await own.commit([
              ...owns.map((item) => ({ type: 'own' as const, owned: item })),
              ...states.map(([stateId, item]) => ({ type: 'state' as const, id: stateId, state: item })),
            ])
            const view = await own.load()
            // -0 is 0 in JSON; nothing that is stored tells the two apart.
            const asJson = (value: unknown) => JSON.parse(JSON.stringify(value))
            const expected = new Map(owns.map((item) => [item.id, item]))
            expect(view.inventory.size).toBe(expected.size)
            for (const [key, item] of expected) expect(asJson(view.inventory.get(key))).toEqual(asJson(item))
            const lastStates = new Map(states)
            expect(view.states.size).toBe(lastStates.size)
            for (const [key, item] of lastStates) expect(asJson(view.states.get(key))).toEqual(asJson(item))
          }),
          { numRuns: 150 },
        )
      })

      test('events keep every happening: the counts add up, newest first, and each is listed under its resource', async () => {
        const happening = fc.record({
          id: fc.constantFrom(api, web, undefined),
          message: fc.constantFrom('a', 'b'),
          after: fc.constantFrom(0, 1_000, 11 * minute),
          isOwnCommit: fc.boolean(),
        })
        await fc.assert(
          fc.asyncProperty(fc.array(happening, { maxLength: 25 }), async (happenings) => {
            const ownClock = new FakeClock()
            const fresh = openMemoryStore()
            const lease = await takeFence(fresh)
            const own = openLedger({
              store: fresh,
              fleet: 'f',
              environment: undefined,
              lease,
              isKept,
              clock: ownClock,
            })
            let pending: LedgerEntry[] = []
            for (const { id: about, message, after, isOwnCommit } of happenings) {
              ownClock.jump(after)
              const at = ownClock.now()
              pending.push({ type: 'event', event: { at, type: 'Normal', reason: 'R', id: about, message } })
              if (isOwnCommit) {
                await own.commit(pending)
                pending = []
              }
            }
            await own.commit(pending)
            const all = await own.events({ limit: 999 })
            expect(all.reduce((sum, event) => sum + event.count, 0)).toBe(happenings.length)
            expect(all.map((event) => event.at)).toEqual(
              all.map((event) => event.at).toSorted((a, b) => b - a),
            )
            for (const about of [api, web]) {
              const own1 = await own.events({ id: about, limit: 999 })
              expect(own1).toEqual(all.filter((event) => event.id === about))
              for (const [index, event] of own1.entries()) {
                const earlier = own1[index + 1]
                const isRow = earlier?.message === event.message && event.firstAt - earlier.at <= 10 * minute
                expect(isRow).toBe(false)
              }
            }
          }),
          { numRuns: 100 },
        )
      })
    })
  },
)
