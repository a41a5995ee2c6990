import { expect, test } from 'vitest'
import { SecretMask } from '../../src/core/secret-mask.ts'
import { openDomainCache } from '../../src/state/domain-cache.ts'
import { openLedger } from '../../src/state/ledger.ts'
import { withoutSecrets } from '../../src/state/masked-store.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { process, realClock, takeFence } from './fixtures.ts'

const secret = 'hunter2 / hunter2'

async function maskedFleet() {
  const inner = openMemoryStore()
  const mask = new SecretMask()
  mask.add(secret)
  const store = withoutSecrets(inner, mask)
  const lease = await takeFence(store)
  const ledger = openLedger({ store, fleet: '/srv', environment: undefined, lease, clock: realClock })
  return { inner, store, lease, ledger, mask }
}

test('An event is kept without the secret that its message holds, and counted when it comes again', async () => {
  const { ledger } = await maskedFleet()
  const event = {
    at: realClock.now(),
    type: 'Warning' as const,
    reason: 'ApplyFailed',
    id: process('a'),
    message: `refused: "${encodeURIComponent(secret)}" is not valid`,
  }
  await ledger.commit([{ type: 'event', event }])
  await ledger.commit([{ type: 'event', event: { ...event, at: event.at + 1 } }])
  expect(await ledger.events({ limit: 10 })).toMatchObject([
    { message: 'refused: "***" is not valid', count: 2 },
  ])
})

test('What programs go by stays as it is, although a secret stands in it', async () => {
  const { store, inner } = await maskedFleet()
  const value = {
    folder: `/srv/${secret}`,
    message: `not in /srv/${secret}`,
    children: [{ details: { a: secret } }],
  }
  await store.commit([{ type: 'put', collection: 'binding', key: '/', value }])
  expect((await inner.get({ collection: 'binding', key: '/' }))?.value).toEqual({
    folder: `/srv/${secret}`,
    message: 'not in /srv/***',
    children: [{ details: { a: '***' } }],
  })
})

test('What a domain caches is exact, or is not kept', async () => {
  const { store, lease } = await maskedFleet()
  const cache = openDomainCache({ store, kind: 'Workflow', lease })
  await cache.put(new Map([['a', { text: 'old' }]]))
  await cache.put(
    new Map([
      ['a', { text: `KEY=${secret}` }],
      ['b', { text: 'plain' }],
    ]),
  )
  expect(await cache.get('a')).toBeUndefined()
  expect(await cache.get('b')).toEqual({ text: 'plain' })
})
