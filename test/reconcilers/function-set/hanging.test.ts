import { afterEach, describe, expect, it } from 'vitest'
import { resourceId } from '../../../src/core/resource.ts'
import type { DesiredFunctionSet } from '../../../src/reconcilers/function-set/place.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** Two sites, one of them named by its id, so that they are looked up by different calls. */
async function twoSites(
  spec: Partial<DesiredFunctionSet['spec']> = {},
): Promise<readonly DesiredFunctionSet[]> {
  stage = await FunctionStage.open()
  stage.patience = { reading: 3000, others: 100 }
  stage.site.seed({})
  const other = await stage.simulator.addSite('other-site')
  other.seed({})
  await stage.addFunction('hello')
  const mine = stage.desired({ ...spec, site: stage.site.id })
  return [mine, { ...stage.desired({ site: 'other-site' }), id: resourceId('FunctionSet', 'other') }]
}

/** What becomes of each within the time that the engine gives a domain, in short. */
async function read(all: readonly DesiredFunctionSet[], signal = AbortSignal.timeout(10_000)) {
  const connection = await stage.connection()
  const wanted = all.map((desired) => ({ id: desired.id, desired, owned: undefined, unconfirmed: [] }))
  const { readings } = await connection.observe(wanted, signal)
  return Object.fromEntries(
    [...readings].map(([id, one]) => [
      id,
      one.type === 'unreadable' ? `${one.code}: ${one.message}` : one.type,
    ]),
  )
}

const tooSlow = 'RemoteUnavailable: Netlify did not answer in time: not all was read within 3s'

describe('a call that Netlify does not answer', () => {
  it('leaves every other site as it was read: one that is looked up', async () => {
    const all = await twoSites()
    stage.simulator.faults.add({ kind: 'hang', on: 'listSites' })
    const began = performance.now()
    expect(await read(all)).toEqual({ 'FunctionSet/site': 'present', 'FunctionSet/other': tooSlow })
    expect(performance.now() - began).toBeLessThan(5000)
  }, 30_000)

  it('leaves every other site as it was read: one whose variables are asked for', async () => {
    const all = await twoSites({ env: { LEVEL: 'info' } })
    stage.simulator.faults.add({ kind: 'hang', on: 'getEnvVars' })
    expect(await read(all)).toEqual({ 'FunctionSet/site': tooSlow, 'FunctionSet/other': 'present' })
  }, 30_000)

  it('is waited for where it is slow and comes in time, although nobody waits for it', async () => {
    const all = await twoSites()
    stage.simulator.hook = ({ operation, phase }) =>
      operation === 'listSites' && phase === 'received'
        ? new Promise((resolve) => setTimeout(resolve, 400))
        : undefined
    expect(await read(all)).toEqual({ 'FunctionSet/site': 'present', 'FunctionSet/other': 'present' })
  }, 30_000)

  it('ends with the pass', async () => {
    const all = await twoSites()
    stage.simulator.faults.add({ kind: 'hang', on: 'listSites' })
    await expect(read(all, AbortSignal.timeout(200))).rejects.toMatchObject({ name: 'TimeoutError' })
  }, 30_000)
})
