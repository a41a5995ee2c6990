import { expect, test } from 'vitest'
import { runPass } from '../../src/engine/pass.ts'
import { Slots } from '../../src/engine/slots.ts'
import { declare, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'

test('a pass that is told to end before its deletions writes down what it has done until then', async () => {
  const end = new AbortController()
  const fleet = modelledFleet()
  const pass = (names: readonly string[], ended: () => void = () => undefined) =>
    runPass(
      fleet.world,
      {
        declaration: declare(names.map((name) => model(name))),
        selection: undefined,
        allowedDeletions: undefined,
      },
      { slots: new Slots(() => 3), listener: { ended } },
      end.signal,
    )
  await fleet.time.run(pass(['b']))
  await fleet.time.run(pass(['a'], () => end.abort(new Error('told to end'))))

  const view = await fleet.ledger.load()
  expect(view.openIntents).toEqual([])
  expect(view.states.get(modelId('a'))?.status.lastAction?.outcome).toBe('succeeded')
  expect(fleet.outside.thing('b')).toBeDefined()
  expect(view.inventory.has(modelId('b'))).toBe(true)
})
