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
  stage.site.seed({})
  const other = await stage.simulator.addSite('other-site')
  other.seed({})
  await stage.addFunction('hello')
  const mine = stage.desired({ ...spec, site: stage.site.id })
  return [mine, { ...stage.desired({ site: 'other-site' }), id: resourceId('FunctionSet', 'other') }]
}

/** What becomes of each, in short, where a reading is given so many seconds, and the pass that it is in more. */
async function read(
  all: readonly DesiredFunctionSet[],
  { seconds = 20, signal = AbortSignal.timeout(2000 * seconds + 10_000) } = {},
) {
  stage.restart()
  stage.patience = { reading: 1000 * seconds, others: 100 }
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

/**
 * Reads while one call is not answered, which ends with the time of the reading and not with that of the pass. Where the
 * machine is too slow for that to be enough for the site that is answered, with more.
 */
async function readUntil(all: readonly DesiredFunctionSet[], present: string, hanging: string) {
  for (const seconds of [1, 4, 16]) {
    stage.simulator.faults.add({ kind: 'hang', on: hanging, times: 1 })
    const found = await read(all, { seconds })
    if (found[present] === 'present' || seconds === 16) return { found, tooSlow: tooSlowIn(seconds) }
  }
  throw new Error('not read')
}

const tooSlowIn = (seconds: number) =>
  `RemoteUnavailable: Netlify did not answer in time: not all was read within ${seconds}s`

describe('a call that Netlify does not answer', () => {
  it('leaves every other site as it was read: one that is looked up', async () => {
    const all = await twoSites()
    const { found, tooSlow } = await readUntil(all, 'FunctionSet/site', 'listSites')
    expect(found).toEqual({ 'FunctionSet/site': 'present', 'FunctionSet/other': tooSlow })
  }, 90_000)

  it('leaves every other site as it was read: one whose variables are asked for', async () => {
    const all = await twoSites({ env: { LEVEL: 'info' } })
    const { found, tooSlow } = await readUntil(all, 'FunctionSet/other', 'getEnvVars')
    expect(found).toEqual({ 'FunctionSet/site': tooSlow, 'FunctionSet/other': 'present' })
  }, 90_000)

  it('is waited for where it is slow and comes in time, although nobody waits for it', async () => {
    const all = await twoSites({ env: { LEVEL: 'info' } })
    // The answer comes when the other site is compared: had that waited for it, neither would be read.
    const compared = Promise.withResolvers<void>()
    stage.simulator.hook = ({ operation, phase }) => {
      if (operation === 'getEnvVars') compared.resolve()
      return operation === 'listSites' && phase === 'received' ? compared.promise : undefined
    }
    expect(await read(all)).toEqual({ 'FunctionSet/site': 'present', 'FunctionSet/other': 'present' })
  }, 60_000)

  it('ends with the pass', async () => {
    const all = await twoSites()
    stage.simulator.faults.add({ kind: 'hang', on: 'listSites' })
    const signal = AbortSignal.timeout(200)
    await expect(read(all, { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
  }, 60_000)
})
