import { expect, test } from 'vitest'
import { draftPass } from '../../src/engine/pass.ts'
import { Permit } from '../../src/engine/permit.ts'
import { settle } from '../../src/engine/settle.ts'
import { declare, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'

const never = new AbortController().signal
const request = { selection: undefined, allowedDeletions: undefined }

function permitOf(plan: Awaited<ReturnType<typeof draftPass>>['plan'], names: readonly string[]): Permit {
  const ids = new Set<string>(names.map(modelId))
  return new Permit(
    new Map([...plan.basis].filter(([id]) => ids.has(id)).map(([id, { actions }]) => [id, actions])),
  )
}

const waiting = { wait: true, timeout: 60_000 }

test('what is planned is done, in the order of its dependencies, and what is not planned is not', async () => {
  const fleet = modelledFleet()
  const declaration = declare([model('a'), model('b', {}, { dependsOn: [modelId('a')] }), model('c')])
  const { plan } = await fleet.time.run(draftPass(fleet.world, { ...request, declaration }, never))
  const permit = permitOf(plan, ['a', 'b'])
  const result = settle(fleet.world, { ...request, ...waiting, declaration, permit }, never)
  const { outcomes, states } = await fleet.time.run(result)
  expect(outcomes.map(({ id, result }) => [id, result])).toEqual([
    ['Model/a', 'succeeded'],
    ['Model/b', 'succeeded'],
  ])
  expect(fleet.outside.thing('c')).toBeUndefined()
  expect(states.get(modelId('c'))?.status.conditions).toContainEqual(
    expect.objectContaining({ type: 'Held', reason: 'NotPlanned' }),
  )
})

test('what is planned and became something else meanwhile is not done', async () => {
  const fleet = modelledFleet()
  const declaration = declare([model('a', { fields: { LEVEL: '1' } })])
  const { plan } = await fleet.time.run(draftPass(fleet.world, { ...request, declaration }, never))
  const permit = permitOf(plan, ['a'])
  await fleet.time.run(settle(fleet.world, { ...request, ...waiting, declaration }, never))
  fleet.outside.change('a', { fields: { LEVEL: '2' } })
  const { outcomes } = await fleet.time.run(
    settle(fleet.world, { ...request, ...waiting, declaration, permit }, never),
  )
  expect(outcomes).toEqual([])
  expect(fleet.outside.thing('a')?.fields).toEqual({ LEVEL: '2' })
})

test('what failed is not tried again: only once was it planned', async () => {
  const fleet = modelledFleet()
  fleet.outside.cursed.add('a')
  const declaration = declare([model('a')])
  const { plan } = await fleet.time.run(draftPass(fleet.world, { ...request, declaration }, never))
  const permit = permitOf(plan, ['a'])
  const result = settle(fleet.world, { ...request, ...waiting, declaration, permit }, never)
  const { outcomes } = await fleet.time.run(result)
  expect(outcomes.map(({ id }) => id)).toEqual(['Model/a'])
  // Without the permit it is revived as often as its recovery says.
  const free = await fleet.time.run(settle(fleet.world, { ...request, ...waiting, declaration }, never))
  expect(free.outcomes.length).toBeGreaterThan(1)
})

test('a plan has the same fingerprint when only a window opened, and another when the world changed', async () => {
  const fleet = modelledFleet()
  const windows = [{ cron: '30 0 1 1 *', duration: 60_000, timezone: 'UTC', allow: true }]
  const declaration = declare([model('a', {}, { windows })])
  const plan = async () =>
    (await fleet.time.run(draftPass(fleet.world, { ...request, declaration }, never))).plan
  const closed = await plan()
  expect(closed.resources[0]?.holds.map(({ reason }) => reason)).toEqual(['OutsideWindow'])
  const open = declare([model('a')])
  const opened = await fleet.time.run(draftPass(fleet.world, { ...request, declaration: open }, never))
  expect(opened.plan.resources[0]?.holds).toEqual([])
  expect(opened.plan.fingerprint).toBe(closed.fingerprint)
  fleet.outside.create({ name: 'a', program: 'else.mjs', fields: {}, mark: undefined, madeBy: 'people' })
  expect((await plan()).fingerprint).not.toBe(closed.fingerprint)
})
