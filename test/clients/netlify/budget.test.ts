import { expect, it } from 'vitest'
import { NetlifyBudget } from '../../../src/clients/netlify/budget.ts'
import { FakeClock } from '../../state/fake-clock.ts'

const hour = 3_600_000

it('stops calls for as long as Netlify asks, and not for as long as a clock is set back', async () => {
  const clock = new FakeClock()
  const budget = new NetlifyBudget(clock)
  budget.refusal({ 'retry-after': '60' })
  expect(budget.waitFor('write')).toBe(60_000)
  expect(() => budget.assertMay('write')).toThrow('Netlify asked us to wait; it goes on in 1m')
  clock.setBack(6 * hour)
  expect(budget.waitFor('write')).toBe(0)
  budget.assertMay('write')
  budget.refusal({ 'retry-after': '60' })
  expect(budget.waitFor('write')).toBe(60_000)
})

it('leaves calls for writes until the count begins anew, and not until a clock that is set back says so', async () => {
  const clock = new FakeClock()
  const budget = new NetlifyBudget(clock)
  const reset = `${Math.round(clock.now() / 1000) + 60}`
  budget.learn({ 'x-ratelimit-limit': '500', 'x-ratelimit-remaining': '80', 'x-ratelimit-reset': reset })
  expect([budget.remaining, budget.waitFor('write'), budget.waitFor('read')]).toEqual([80, 0, 60_000])
  clock.setBack(6 * hour)
  expect([budget.remaining, budget.waitFor('read')]).toEqual([undefined, 0])
})

it.each([
  ['behind', 600_000],
  ['ahead', -600_000],
])('counts until the reset by Netlify’s clock, where ours is %s', (_, skew) => {
  const clock = new FakeClock()
  const budget = new NetlifyBudget(clock)
  const netlify = Math.floor((clock.now() + skew) / 1000) * 1000
  const date = new Date(netlify).toUTCString()
  const left = { 'x-ratelimit-limit': '500', 'x-ratelimit-remaining': '80' }
  budget.learn({ ...left, date, 'x-ratelimit-reset': `${netlify / 1000 + 30}` }, clock.now())
  expect(budget.remaining).toBe(80)
  expect(Math.abs(budget.waitFor('read') - 30_000)).toBeLessThan(1000)
  budget.refusal({ 'x-ratelimit-reset': `${netlify / 1000 + 30}` })
  expect(Math.abs(budget.waitFor('write') - 30_000)).toBeLessThan(1000)
})
