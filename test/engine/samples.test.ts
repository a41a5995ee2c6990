import { expect, test } from 'vitest'
import { passSeries } from '../../src/core/sample.ts'
import { runPass } from '../../src/engine/pass.ts'
import { recordOf } from '../../src/engine/record.ts'
import { Slots } from '../../src/engine/slots.ts'
import { declare, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'
import { findingOf, stateOf } from './finding-fixture.ts'

const minute = 60_000
const never = new AbortController().signal

test('passes and resources are measured also where the newest sample is from before the clock was set back', async () => {
  const fleet = modelledFleet()
  const id = modelId('a')
  const request = { declaration: declare([model('a')]), selection: undefined, allowedDeletions: undefined }
  const finding = findingOf(id, model('a'), { state: stateOf(id) })
  const assessment = { ...finding.assessment, measurements: { restarts: 0 } }
  const now = () => fleet.clock.now()
  const sample = { at: now() + 30 * 24 * 60 * minute, values: { restarts: 0 } }
  await fleet.ledger.commit([
    { type: 'sample', id, sample },
    { type: 'sample', id: passSeries, sample },
  ])
  for (let index = 0; index < 3; index += 1) {
    await fleet.time.pass(minute)
    await fleet.time.run(runPass(fleet.world, request, { slots: new Slots(() => 3) }, never))
    const view = await fleet.ledger.load()
    const result = { state: stateOf(id), outcomes: [], view, now: now(), mayForget: true }
    await fleet.ledger.commit(
      recordOf(fleet.world, { ...finding, assessment, observedAt: now() }, result).filter(
        ({ type }) => type === 'sample',
      ),
    )
  }
  const past = async (series: typeof id) =>
    (await fleet.ledger.samples(series, 0)).filter(({ at }) => at <= now())
  expect(await past(passSeries)).toHaveLength(3)
  expect(await past(id)).toHaveLength(3)
})

test('what was measured before the pass acted is dated before that, however long it acted', async () => {
  const fleet = modelledFleet({ faults: { effect: () => ({ type: 'done', latency: 30_000 }) } })
  const id = modelId('a')
  const pass = (program: string) =>
    fleet.time.run(
      runPass(
        fleet.world,
        {
          declaration: declare([model('a', { program })]),
          selection: undefined,
          allowedDeletions: undefined,
        },
        { slots: new Slots(() => 3) },
        never,
      ),
    )
  await pass('one.mjs')
  await fleet.time.pass(minute)
  const readAt = fleet.clock.now()
  const { outcomes } = await pass('two.mjs')
  expect(outcomes.map(({ result, at }) => [result, at])).toEqual([['succeeded', readAt + 30_000]])
  expect(await fleet.ledger.samples(id, 0)).toMatchObject([{ at: readAt }])
})
