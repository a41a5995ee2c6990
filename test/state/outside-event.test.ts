import { expect, test } from 'vitest'
import { openLedger } from '../../src/state/ledger.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { recordOutsideEvent } from '../../src/state/outside-event.ts'
import { process, realClock, takeFence } from './fixtures.ts'

test('what a person did beside a controller is told, and no event of either is lost', async () => {
  const store = openMemoryStore()
  const lease = await takeFence(store)
  const ledger = openLedger({
    store,
    fleet: '/srv/manifests',
    environment: undefined,
    lease,
    clock: realClock,
  })
  const id = process('a')
  const event = (message: string) => ({
    at: realClock.now(),
    type: 'Normal' as const,
    reason: 'Ran',
    id,
    message,
  })
  const rounds = Array.from({ length: 6 }, (_, index) => index)
  await Promise.all(
    rounds.flatMap((round) => [
      ledger.commit([{ type: 'event', event: event(`controller ${round}`) }]),
      recordOutsideEvent({ store, environment: undefined }, event(`person ${round}`)),
    ]),
  )
  const told = (await ledger.events({ limit: 100 })).map(({ message }) => message)
  expect(told.sort()).toEqual(
    [...rounds.map((round) => `controller ${round}`), ...rounds.map((round) => `person ${round}`)].sort(),
  )
})
