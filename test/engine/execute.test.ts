import { expect, test } from 'vitest'
import type { AnyReconciler } from '../../src/core/reconciler.ts'
import { type ExecutionOptions, execute } from '../../src/engine/execute.ts'
import { draftPass, runPass } from '../../src/engine/pass.ts'
import { Slots } from '../../src/engine/slots.ts'
import type { ModelAction } from '../support/modelled-domain.ts'
import { declare, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'
import { actionOf, findingOf, markOf } from './finding-fixture.ts'

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

test.each([
  { pausesInRoutine: false, taken: ['update a', 'check one', 'check two'] },
  { pausesInRoutine: true, taken: ['update a'] },
])('what is only due by its schedule is done as planned, or after a new decision: $taken', async (one) => {
  const { pausesInRoutine, taken } = one
  const fleet = modelledFleet()
  const desired = model('a')
  const step = (summary: string, isRoutine: boolean): ModelAction => ({
    ...actionOf({ summary, isRoutine, verb: 'run' }),
    type: 'delete',
    id: modelId('a'),
    name: 'a',
    mark: markOf(),
    program: '',
    fields: {},
    dropped: [],
  })
  const actions = [step('update a', false), step('check one', true), step('check two', true)]
  const options: ExecutionOptions = { slots: new Slots(() => 1), pausesInRoutine }
  const finding = findingOf(modelId('a'), desired, { actions })
  const { signal } = new AbortController()
  const outcomes = await fleet.time.run(execute(fleet.world, [finding], options, signal))
  expect(outcomes.map(({ action, result }) => [action.summary, result])).toEqual(
    taken.map((summary) => [summary, 'succeeded']),
  )
})

test('what an action asks to be remembered is written with it, and stays while the next ones are taken', async () => {
  const fleet = modelledFleet()
  const step = (summary: string, remembers: Readonly<Record<string, unknown>> | undefined): ModelAction => ({
    ...actionOf({ summary, verb: 'run', ...(remembers && { remembers }) }),
    type: 'delete',
    id: modelId('a'),
    name: 'a',
    mark: markOf(),
    program: '',
    fields: {},
    dropped: [],
  })
  const actions = [step('one', { one: 1, both: 1 }), step('two', undefined), step('three', { both: 3 })]
  const remembered: unknown[] = []
  const { signal } = new AbortController()
  const started = async () => {
    remembered.push((await fleet.ledger.load()).inventory.get(modelId('a'))?.memory)
  }
  const options: ExecutionOptions = { slots: new Slots(() => 1), listener: { started, ended: started } }
  const finding = findingOf(modelId('a'), model('a'), { actions })
  await fleet.time.run(execute(fleet.world, [finding], options, signal))
  expect(remembered[0]).toEqual({ one: 1, both: 1 })
  expect(remembered.at(-1)).toEqual({ one: 1, both: 3 })
})

test('a plan holds all that is due, after what corrects, and a resource with only that is in sync', async () => {
  const fleet = modelledFleet()
  const known = fleet.world.reconcilers.get('Model')
  if (!known) throw new Error('the modelled fleet has no Model')
  const due = ['one', 'two'].map((name) =>
    actionOf({ type: 'check', verb: 'run', summary: name, isRoutine: true }),
  )
  const reconciler: AnyReconciler = {
    ...known,
    assess: (pair, history) => ({ ...known.assess(pair, history), due }),
  }
  const world = { ...fleet.world, reconcilers: new Map([...fleet.world.reconcilers, ['Model', reconciler]]) }
  const asked = { declaration: declare([model('a')]), selection: undefined, allowedDeletions: undefined }
  const { signal } = new AbortController()
  const draft = () => fleet.time.run(draftPass(world, asked, signal))
  const missing = (await draft()).plan.resources[0]
  expect(missing?.actions.map(({ summary }) => summary)).toEqual(['create a', 'one', 'two'])
  expect(missing?.sync).toBe('OutOfSync')

  await fleet.time.run(runPass(fleet.world, asked, { slots: new Slots(() => 1) }, signal))
  await fleet.time.pass(60_000)
  const there = (await draft()).plan.resources[0]
  expect(there?.actions.map(({ summary }) => summary)).toEqual(['one', 'two'])
  expect(there?.sync).toBe('Synced')
})

test('actions that begin together are journalled in one commit, before the first of them', async () => {
  const commits: string[] = []
  const fleet = modelledFleet({
    faults: {
      effect: (action) => {
        commits.push(action.type)
        return { type: 'done', latency: 5 }
      },
    },
    store: (store) => ({
      ...store,
      async commit(writes, preconditions) {
        const revision = await store.commit(writes, preconditions)
        const intents = writes.filter(
          ({ type, collection }) => type === 'put' && collection === 'intent-open',
        )
        commits.push(`${intents.length} intents`)
        return revision
      },
    }),
  })
  const names = Array.from({ length: 6 }, (_, index) => `m${index}`)
  const request = { declaration: declare(names.map((name) => model(name))), selection: undefined }
  const options = { slots: new Slots(() => 4) }
  const { signal } = new AbortController()
  await fleet.time.run(runPass(fleet.world, { ...request, allowedDeletions: undefined }, options, signal))
  // The last two take the places of the first that end, one after the other.
  const later = ['1 intents', 'create', '1 intents', 'create']
  expect(commits).toEqual(['4 intents', 'create', 'create', 'create', 'create', ...later, '0 intents'])
})
