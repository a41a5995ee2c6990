import { describe, expect, test } from 'vitest'
import type { Mark } from '../../src/core/ownership.ts'
import type { Controls, Resource } from '../../src/core/resource.ts'
import { draftPass, runPass } from '../../src/engine/pass.ts'
import { Slots } from '../../src/engine/slots.ts'
import { reconcilerOf } from '../../src/engine/world.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { openSuspensions } from '../../src/state/suspensions.ts'
import {
  declare,
  type ModelledFleet,
  model,
  modelId,
  modelledFleet,
  resourceOf,
} from '../support/modelled-fleet.ts'
import { markOf, ownedOf } from './finding-fixture.ts'

const never = new AbortController().signal
const slots = () => new Slots(() => 3)

async function pass(fleet: ModelledFleet, ...args: Parameters<typeof declare>) {
  const request = { declaration: declare(...args), selection: undefined, allowedDeletions: undefined }
  return fleet.time.run(runPass(fleet.world, request, { slots: slots() }, never))
}

async function draft(fleet: ModelledFleet, ...args: Parameters<typeof declare>) {
  const request = { declaration: declare(...args), selection: undefined, allowedDeletions: undefined }
  return fleet.time.run(draftPass(fleet.world, request, never))
}

function put(fleet: ModelledFleet, name: string, change: { program?: string; mark?: Mark } = {}): void {
  const { program = 'a.mjs', mark } = change
  fleet.outside.create({ name, program, fields: {}, mark, madeBy: mark ? 'us' : 'people' })
}

describe('what stands in the world under a declared name', () => {
  const cases: readonly {
    readonly title: string
    readonly program?: string
    readonly mark?: Mark
    readonly isOwned?: boolean
    readonly controls?: Partial<Controls>
    readonly livingStores?: readonly string[]
    readonly stance: string
    readonly hold?: string
  }[] = [
    { title: 'ours by our inventory', isOwned: true, stance: 'ours' },
    { title: 'ours although it drifted to another program', isOwned: true, program: 'b.mjs', stance: 'ours' },
    {
      title: 'taken back by its mark when our store was lost',
      mark: markOf({ store: 'lost' }),
      stance: 'taken-back',
    },
    { title: 'taken back when we died before we wrote the row', mark: markOf(), stance: 'taken-back' },
    { title: 'adopted because it runs what is declared', stance: 'adopted' },
    {
      title: 'adopted because we were told to',
      program: 'b.mjs',
      controls: { adopt: true },
      stance: 'adopted',
    },
    {
      title: 'not ours, because it runs something else',
      program: 'b.mjs',
      stance: 'not-ours',
      hold: 'NotOurs',
    },
    {
      title: "another fleet's, even where our inventory has a row",
      isOwned: true,
      mark: markOf({ fleet: 'rival' }),
      stance: 'conflict',
      hold: 'Conflict',
    },
    {
      title: "another fleet's, even where we were told to adopt it",
      mark: markOf({ fleet: 'rival' }),
      controls: { adopt: true },
      stance: 'conflict',
      hold: 'Conflict',
    },
    {
      title: 'of another environment of ours',
      mark: markOf({ environment: 'production' }),
      stance: 'conflict',
      hold: 'Conflict',
    },
    {
      title: 'of another store of ours that still exists',
      mark: markOf({ store: 'store-2' }),
      livingStores: ['store-2'],
      stance: 'conflict',
      hold: 'Conflict',
    },
  ]
  test.each(cases)('$title', async ({ program, mark, isOwned, controls, livingStores, stance, hold }) => {
    const fleet = modelledFleet()
    put(fleet, 'a', { ...(program && { program }), ...(mark && { mark }) })
    for (const store of livingStores ?? []) fleet.outside.livingStores.add(store)
    if (isOwned) await fleet.ledger.commit([{ type: 'own', owned: ownedOf(modelId('a')) }])
    const { findings } = await draft(fleet, [model('a', { program: 'a.mjs' }, controls)])
    expect(findings[0]?.stance).toBe(stance)
    expect(findings[0]?.holds[0]?.reason).toBe(hold)
    if (hold) expect(findings[0]?.actions).toEqual([])
  })
})

describe('what is no longer declared', () => {
  const other = model('other')
  const cases: readonly {
    readonly title: string
    readonly mark?: Mark
    readonly isProven?: boolean
    readonly row?: Parameters<typeof ownedOf>[1]
    readonly isGone: boolean
    readonly isForgotten: boolean
  }[] = [
    { title: 'is deleted when we created it', mark: markOf(), row: {}, isGone: true, isForgotten: true },
    { title: 'is left when we adopted it', row: { origin: 'adopted' }, isGone: false, isForgotten: true },
    {
      title: 'is deleted when we adopted it and were told to delete it',
      row: { origin: 'adopted', deletionPolicy: 'Delete' },
      isGone: true,
      isForgotten: true,
    },
    {
      title: 'is left when its policy was Orphan',
      mark: markOf(),
      row: { deletionPolicy: 'Orphan' },
      isGone: false,
      isForgotten: true,
    },
    {
      title: 'is left when what has its name now bears no mark of ours',
      row: {},
      isGone: false,
      isForgotten: true,
    },
    {
      title: 'is deleted where its domain has another proof than a mark that we created it',
      isProven: true,
      row: {},
      isGone: true,
      isForgotten: true,
    },
    {
      title: 'is left when we did not create it, whatever its domain can prove',
      isProven: true,
      isGone: false,
      isForgotten: true,
    },
    {
      title: 'is left, and remembered, when another fleet has taken it',
      mark: markOf({ fleet: 'rival' }),
      row: {},
      isGone: false,
      isForgotten: false,
    },
    {
      title: 'is left when only a mark says that it is ours',
      mark: markOf(),
      isGone: false,
      isForgotten: true,
    },
  ]
  test.each(cases)('$title', async ({ mark, row, isProven = false, isGone, isForgotten }) => {
    const fleet = modelledFleet()
    const model = reconcilerOf(fleet.world, 'Model')
    const claim: typeof model.claim = (desired, observed) => ({ ...model.claim(desired, observed), isProven })
    const reconcilers = new Map([...fleet.world.reconcilers, ['Model', { ...model, claim }]])
    const world = { ...fleet.world, reconcilers }
    put(fleet, 'a', mark ? { mark } : {})
    if (row) await fleet.ledger.commit([{ type: 'own', owned: ownedOf(modelId('a'), row) }])
    await pass({ ...fleet, world }, [other])
    await pass({ ...fleet, world }, [other])
    expect(fleet.outside.thing('a') === undefined).toBe(isGone)
    expect((await fleet.ledger.load()).inventory.has(modelId('a'))).toBe(!isForgotten)
  })

  test('stays in the inventory when deleting it failed', async () => {
    const fleet = modelledFleet({
      faults: { effect: () => ({ type: 'error-before', latency: 0, isForTime: false }) },
    })
    put(fleet, 'a', { mark: markOf() })
    await fleet.ledger.commit([{ type: 'own', owned: ownedOf(modelId('a')) }])
    put(fleet, 'other', { program: 'other.mjs' })
    await pass(fleet, [other])
    expect(fleet.outside.thing('a')).toBeDefined()
    expect((await fleet.ledger.load()).inventory.has(modelId('a'))).toBe(true)
  })

  test('is not deleted again at once while its vendor goes on to show it', async () => {
    let isLate = false
    const fleet = modelledFleet({
      faults: {
        effect: () =>
          isLate ? { type: 'late', latency: 0, answer: 'done', turn } : { type: 'done', latency: 0 },
      },
    })
    const turn = () => fleet.time.sleep(60_000)
    await pass(fleet, [model('a'), other])
    isLate = true
    expect((await pass(fleet, [other])).outcomes.map(({ action }) => action.type)).toEqual(['delete'])
    const { findings, outcomes } = await pass(fleet, [other])
    expect(outcomes).toEqual([])
    expect(findings.flatMap(({ holds }) => holds.map(({ reason }) => reason))).toEqual(['BackOff'])
    await fleet.time.pass(6_000)
    expect((await pass(fleet, [other])).outcomes.map(({ action }) => action.type)).toEqual(['delete'])
  })

  test('is not forgotten on an old list that does not show it yet', async () => {
    const fleet = modelledFleet({
      faults: { read: () => ({ type: 'answered', latency: 0, staleVersions: 2, unreadable: [] }) },
    })
    await fleet.ledger.commit([{ type: 'own', owned: ownedOf(modelId('a')) }])
    put(fleet, 'other', { program: 'other.mjs' })
    put(fleet, 'a', { mark: markOf() })
    await pass(fleet, [other])
    expect((await fleet.ledger.load()).inventory.has(modelId('a'))).toBe(true)
  })

  test('counts towards the deletion limit although an old list does not show it yet', async () => {
    const fleet = modelledFleet({
      faults: { read: () => ({ type: 'answered', latency: 0, staleVersions: 1, unreadable: [] }) },
    })
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const name of names) {
      await fleet.ledger.commit([{ type: 'own', owned: ownedOf(modelId(name)) }])
      put(fleet, name, { mark: markOf({ id: modelId(name) }) })
    }
    const { findings } = await draft(fleet, [other])
    expect(findings.flatMap(({ holds }) => holds.map(({ reason }) => reason))).toEqual(
      names.map(() => 'DeletionLimit'),
    )
    // They are there: none is missing, and none is well.
    const { plan } = await draft(fleet, [other])
    const going = plan.resources.filter(({ id }) => id !== other.id)
    expect(going.map(({ health }) => health)).toEqual(names.map(() => 'Progressing'))
    expect(going[0]?.message).toMatch(/^pending deletion; /)
  })

  test('is named by the plan where it is only let go of', async () => {
    const fleet = modelledFleet()
    put(fleet, 'found', { program: 'found.mjs' })
    await pass(fleet, [model('found'), other])
    const { plan } = await draft(fleet, [other])
    expect(plan.resources.map(({ id, released }) => [id, released])).toEqual([
      [other.id, undefined],
      [modelId('found'), 'no longer declared; left as it is'],
    ])
    await pass(fleet, [other])
    expect(fleet.outside.thing('found')).toBeDefined()
    expect((await draft(fleet, [other])).plan.resources.map(({ id }) => id)).toEqual([other.id])
  })

  test('is left when it was only observed before its manifest went', async () => {
    const fleet = modelledFleet()
    await pass(fleet, [model('a'), other])
    await fleet.time.pass(1_000)
    await pass(fleet, [model('a', {}, { managementPolicy: 'Observe' }), other])
    await pass(fleet, [other])
    await pass(fleet, [other])
    expect(fleet.outside.thing('a')).toBeDefined()
  })

  test('is not forgotten while nothing at all is declared, and neither is its state', async () => {
    const fleet = modelledFleet()
    await pass(fleet, [model('a', {}, { deletionPolicy: 'Orphan' }), other])
    await fleet.time.pass(1_000)
    await pass(fleet, [model('a', {}, { deletionPolicy: 'Orphan' }), other])
    await pass(fleet, [])
    const { inventory, states } = await fleet.ledger.load()
    expect([...inventory.keys()]).toEqual([modelId('a'), other.id])
    expect([...states.keys()]).toEqual([modelId('a'), other.id])
  })

  test('closes its open intents when it is forgotten', async () => {
    const fleet = modelledFleet()
    const intent = {
      intentId: 'i1',
      id: modelId('a'),
      actionType: 'delete',
      verb: 'delete',
      summary: 'delete a',
      externalName: 'a',
      repeatable: true,
      at: 0,
    }
    await fleet.ledger.commit([
      { type: 'own', owned: ownedOf(modelId('a')) },
      { type: 'intend', intent },
    ])
    await pass(fleet, [other])
    expect((await fleet.ledger.load()).openIntents.filter(({ id }) => id === modelId('a'))).toEqual([])
  })
})

describe('a move', () => {
  test('gives the row to the new id and deletes nothing', async () => {
    const fleet = modelledFleet()
    await pass(fleet, [model('a')])
    await fleet.time.pass(1_000)
    const before = fleet.outside.print()
    const moved = model('b', { name: 'a', program: 'a.mjs' })
    const { outcomes } = await pass(fleet, [moved])
    const { inventory } = await fleet.ledger.load()
    expect(outcomes).toEqual([])
    expect(fleet.outside.print()).toBe(before)
    expect([...inventory.keys()]).toEqual([modelId('b')])
    expect(inventory.get(modelId('b'))?.origin).toBe('created')
  })

  test('deletes nothing where the new id has a row of its own already', async () => {
    const fleet = modelledFleet()
    await pass(fleet, [model('a')])
    await fleet.time.pass(1_000)
    await fleet.ledger.commit([{ type: 'own', owned: ownedOf(modelId('b'), { externalName: 'old-b' }) }])
    const { outcomes } = await pass(fleet, [model('b', { name: 'a', program: 'a.mjs' })])
    await pass(fleet, [model('b', { name: 'a', program: 'a.mjs' })])
    expect(outcomes).toEqual([])
    expect(fleet.outside.thing('a')).toBeDefined()
    expect([...(await fleet.ledger.load()).inventory.keys()]).toEqual([modelId('b')])
  })

  test('keeps what the old id left unconfirmed open under the new one', async () => {
    const fleet = modelledFleet()
    await fleet.ledger.commit([
      { type: 'own', owned: ownedOf(modelId('a')) },
      {
        type: 'intend',
        intent: {
          intentId: 'i1',
          id: modelId('a'),
          actionType: 'create',
          verb: 'create',
          summary: 'create a',
          externalName: 'a',
          repeatable: false,
          at: fleet.clock.now(),
        },
      },
    ])
    const { findings } = await draft(fleet, [model('b', { name: 'a', program: 'a.mjs' })])
    expect(findings[0]?.unconfirmed.map(({ intentId }) => intentId)).toEqual(['i1'])
  })

  test.each([
    { title: 'and stays under its new id', names: ['evening'] },
    { title: 'and is given its old id again', names: ['evening', 'nightly'] },
    { title: 'and is renamed at every pass', names: ['evening', 'morning', 'noon'] },
  ])('does not ask a vendor twice for what may have been made: it is renamed $title', async ({ names }) => {
    const fleet = modelledFleet()
    const named = (name: string) => resourceOf('Dispatch', name, { workflow: 'nightly', revision: 'r1' })
    await fleet.ledger.commit([
      { type: 'own', owned: ownedOf(named('nightly').id, { externalName: 'nightly' }) },
      {
        type: 'intend',
        intent: {
          intentId: 'i1',
          id: named('nightly').id,
          actionType: 'dispatch',
          verb: 'create',
          summary: 'dispatch nightly',
          externalName: 'nightly',
          repeatable: false,
          at: fleet.clock.now(),
        },
      },
    ])
    const last = named(names.at(-1) ?? '')
    for (const name of names) {
      await pass(fleet, [named(name)])
      await fleet.time.pass(1_000)
    }
    for (let again = 0; again < 3; again += 1) {
      await pass(fleet, [last])
      await fleet.time.pass(1_000)
    }
    expect(fleet.outside.current.runs).toEqual([])

    // It did not happen: lists that are young enough do not show it.
    for (let again = 0; again < 6; again += 1) {
      await fleet.time.pass(60_000)
      await pass(fleet, [last])
    }
    expect(fleet.outside.current.runs.map(({ workflow }) => workflow)).toEqual(['nightly'])
    const { openIntents, inventory } = await fleet.ledger.load()
    expect(openIntents).toEqual([])
    expect([...inventory.keys()]).toEqual([last.id])
  })
})

describe('a clock that was set back', () => {
  test('does not keep a dispatch that never happened unconfirmed until its time comes again', async () => {
    const fleet = modelledFleet()
    const nightly = resourceOf('Dispatch', 'nightly', { workflow: 'nightly', revision: 'r1' })
    await fleet.ledger.commit([
      {
        type: 'intend',
        intent: {
          intentId: 'i1',
          id: nightly.id,
          actionType: 'dispatch',
          verb: 'create',
          summary: 'dispatch nightly',
          externalName: 'nightly',
          repeatable: false,
          at: fleet.clock.now() + 3_600_000,
        },
      },
    ])
    await pass(fleet, [nightly])
    expect(fleet.outside.current.runs).toEqual([])
    await fleet.time.pass(60_000)
    await pass(fleet, [nightly])
    await fleet.time.pass(60_000)
    await pass(fleet, [nightly])
    expect(fleet.outside.current.runs.map(({ workflow, revision }) => [workflow, revision])).toEqual([
      ['nightly', 'r1'],
    ])
  })

  test('does not make a deletion that was cut off lose its back-off', async () => {
    const fleet = modelledFleet()
    await pass(fleet, [model('a'), model('b')])
    await fleet.ledger.commit([
      {
        type: 'intend',
        intent: {
          intentId: 'i1',
          id: modelId('a'),
          actionType: 'delete',
          verb: 'delete',
          summary: 'delete a',
          externalName: 'a',
          repeatable: true,
          at: fleet.clock.now() + 3_600_000,
        },
      },
    ])
    await pass(fleet, [model('b')])
    expect(fleet.outside.thing('a')).toBeDefined()
    await fleet.time.pass(4_000)
    await pass(fleet, [model('b')])
    expect(fleet.outside.thing('a')).toBeDefined()
    await fleet.time.pass(1_500)
    await pass(fleet, [model('b')])
    expect(fleet.outside.thing('a')).toBeUndefined()
  })
})

describe('a create that another was quicker with', () => {
  test('does not make his thing ours when the vendor refused', async () => {
    let isRivalDone = false
    const fleet: ModelledFleet = modelledFleet({
      faults: {
        effect: () => {
          if (!isRivalDone) put(fleet, 'a', { program: 'his.mjs' })
          isRivalDone = true
          return { type: 'done', latency: 0 }
        },
      },
    })
    await pass(fleet, [model('a')])
    await fleet.time.pass(400_000)
    const { findings } = await pass(fleet, [model('a')])
    expect(findings[0]?.stance).toBe('not-ours')
    expect(fleet.outside.thing('a')?.program).toBe('his.mjs')
  })

  test('does not make his thing ours when we died before we knew', async () => {
    const fleet = modelledFleet()
    const at = fleet.clock.now()
    await fleet.ledger.commit([
      { type: 'own', owned: ownedOf(modelId('a')) },
      {
        type: 'intend',
        intent: {
          intentId: 'i1',
          id: modelId('a'),
          actionType: 'create',
          verb: 'create',
          summary: 'create a',
          externalName: 'a',
          repeatable: true,
          at,
        },
      },
    ])
    put(fleet, 'a', { program: 'his.mjs' })
    await fleet.time.pass(400_000)
    for (const _ of [1, 2]) {
      const { findings } = await pass(fleet, [model('a')])
      expect(findings[0]?.stance).toBe('not-ours')
    }
    expect(fleet.outside.thing('a')?.program).toBe('his.mjs')
  })
})

test('only what was owned or declared is ever touched', async () => {
  const fleet = modelledFleet()
  for (const name of ['stranger', 'a-stranger', 'b']) put(fleet, name, { program: 'theirs.mjs' })
  const before = fleet.outside.print()
  await pass(fleet, [model('b')])
  expect(fleet.outside.print()).toBe(before)
})

test('a field that we set is taken back although it went from the manifest while the thing stood by', async () => {
  const fleet = modelledFleet()
  const primary = model('a', {}, { fallback: [modelId('b')] })
  const settle = async (...resources: readonly Resource[]) => {
    for (let count = 0; count < 3; count += 1) {
      await pass(fleet, resources)
      await fleet.time.pass(1_000)
    }
  }
  await settle(model('b', { fields: { LEVEL: '1' } }))
  expect(fleet.outside.thing('b')).toMatchObject({ state: 'running', fields: { LEVEL: '1' } })
  await settle(primary, model('b', { fields: { LEVEL: '1' } }))
  expect(fleet.outside.thing('b')).toMatchObject({ state: 'stopped' })
  await settle(primary, model('b'))
  await settle(model('b'))
  expect(fleet.outside.thing('b')).toMatchObject({ state: 'running' })
  expect(fleet.outside.thing('b')?.fields).toEqual({})
})

describe('an old list', () => {
  /** As lists are while `age` says so; one thing by itself is always read fresh. */
  function agedFleet(): { readonly fleet: ModelledFleet; readonly list: { age: number } } {
    const list = { age: 0 }
    const fleet = modelledFleet({
      faults: { read: () => ({ type: 'answered', latency: 0, staleVersions: list.age, unreadable: [] }) },
    })
    return { fleet, list }
  }

  test('on which a field of ours is not yet there does not make us forget that we set it', async () => {
    const { fleet, list } = agedFleet()
    await pass(fleet, [model('a'), model('b')])
    await fleet.time.pass(1_000)
    await pass(fleet, [model('a', { fields: { LEVEL: '3' } }), model('b')])
    expect(fleet.outside.thing('a')?.fields).toEqual({ LEVEL: '3' })
    await fleet.time.pass(1_000)
    fleet.outside.tick()
    list.age = 3
    await pass(fleet, [model('a'), model('b')])
    list.age = 0
    await pass(fleet, [model('a'), model('b')])
    expect(fleet.outside.thing('a')?.fields).toEqual({})
  })

  test('on which our thing still stands does not give us what people made in its place', async () => {
    const { fleet, list } = agedFleet()
    put(fleet, 'a', { mark: markOf() })
    put(fleet, 'b', { program: 'b.mjs' })
    await fleet.time.pass(1_000)
    fleet.outside.tick()
    fleet.outside.remove('a')
    put(fleet, 'a', { program: 'his.mjs' })
    list.age = 2
    await pass(fleet, [model('a'), model('b')])
    expect([...(await fleet.ledger.load()).inventory.keys()]).toEqual([modelId('b')])
    list.age = 0
    await pass(fleet, [model('a'), model('b')])
    expect(fleet.outside.thing('a')?.program).toBe('his.mjs')
  })
})

describe('another outside name', () => {
  const settle = async (fleet: ModelledFleet, ...resources: readonly Resource[]) => {
    for (let count = 0; count < 3; count += 1) {
      await pass(fleet, resources)
      await fleet.time.pass(1_000)
    }
  }
  const names = (fleet: ModelledFleet) => [...fleet.outside.current.things.keys()].sort()
  const told = async (fleet: ModelledFleet) => {
    const events = await fleet.ledger.events({ limit: 100 })
    return events.map(({ id, reason }) => `${id} ${reason}`)
  }

  test('starts the new thing, deletes the old one after it, and says so', async () => {
    const fleet = modelledFleet()
    await settle(fleet, model('a', { name: 'one' }))
    const { plan } = await draft(fleet, [model('a', { name: 'two' })])
    expect(plan.resources.map(({ id, actions, holds }) => [id, actions[0]?.verb, holds])).toEqual([
      ['Model/a', 'create', []],
      ['Model/a@one', 'delete', []],
    ])
    expect(names(fleet)).toEqual(['one'])
    const { outcomes } = await pass(fleet, [model('a', { name: 'two' })])
    expect(outcomes.map(({ id, action }) => [id, action.type])).toEqual([
      ['Model/a', 'create'],
      ['Model/a@one', 'delete'],
    ])
    await settle(fleet, model('a', { name: 'two' }))
    expect(names(fleet)).toEqual(['two'])
    const { inventory, states } = await fleet.ledger.load()
    expect([...inventory.values()].map(({ id, externalName }) => [id, externalName])).toEqual([
      ['Model/a', 'two'],
    ])
    expect([...states.keys()]).toEqual(['Model/a'])
    expect(await told(fleet)).toEqual(
      expect.arrayContaining(['Model/a Renamed', 'Model/a@one Deleted', 'Model/a@one Pruned']),
    )
    expect(
      (await draft(fleet, [model('a', { name: 'two' })])).findings.flatMap(({ actions }) => actions),
    ).toEqual([])
  })

  test('leaves what was adopted where it is', async () => {
    const fleet = modelledFleet()
    put(fleet, 'one')
    await settle(fleet, model('a', { name: 'one', program: 'a.mjs' }))
    await settle(fleet, model('a', { name: 'two', program: 'a.mjs' }))
    expect(names(fleet)).toEqual(['one', 'two'])
    expect([...(await fleet.ledger.load()).inventory.keys()]).toEqual(['Model/a'])
  })

  test('leaves it where the manifest says Orphan together with the new name', async () => {
    const fleet = modelledFleet()
    await settle(fleet, model('a', { name: 'one' }))
    await settle(fleet, model('a', { name: 'two' }, { deletionPolicy: 'Orphan' }))
    expect(names(fleet)).toEqual(['one', 'two'])
  })

  test('swapped between two resources moves both and deletes nothing', async () => {
    const fleet = modelledFleet()
    const of = (a: string, b: string) => [
      model('a', { name: a, program: 'x.mjs' }),
      model('b', { name: b, program: 'x.mjs' }),
    ]
    await settle(fleet, ...of('one', 'two'))
    const before = fleet.outside.print()
    await settle(fleet, ...of('two', 'one'))
    expect(fleet.outside.print()).toBe(before)
    const { inventory } = await fleet.ledger.load()
    expect([...inventory.values()].map(({ id, externalName }) => [id, externalName]).sort()).toEqual([
      ['Model/a', 'two'],
      ['Model/b', 'one'],
    ])
  })

  test('that is taken back is the old thing again', async () => {
    const fleet = modelledFleet()
    await settle(fleet, model('a', { name: 'one' }))
    const request = { declaration: declare([model('a', { name: 'two' })], { isComplete: false }) }
    await fleet.time.run(
      runPass(
        fleet.world,
        { ...request, selection: undefined, allowedDeletions: undefined },
        { slots: slots() },
        never,
      ),
    )
    expect(names(fleet)).toEqual(['one', 'two'])
    await settle(fleet, model('a', { name: 'one' }))
    expect(names(fleet)).toEqual(['one'])
    expect([...(await fleet.ledger.load()).inventory.keys()]).toEqual(['Model/a'])
  })

  test('that is somebody else’s keeps the old thing running', async () => {
    const fleet = modelledFleet()
    await settle(fleet, model('a', { name: 'one' }))
    put(fleet, 'two', { program: 'theirs.mjs' })
    await settle(fleet, model('a', { name: 'two' }))
    expect(names(fleet)).toEqual(['one', 'two'])
    const { findings } = await draft(fleet, [model('a', { name: 'two' })])
    expect(findings.map(({ id, holds }) => [id, holds[0]?.reason])).toEqual([
      ['Model/a', 'NotOurs'],
      ['Model/a@one', 'DependencyNotReady'],
    ])
  })

  test('keeps the old thing running until the new one is there, whatever its vendor answers', async () => {
    let isLate = false
    const fleet = modelledFleet({
      faults: {
        effect: () =>
          isLate ? { type: 'late', latency: 0, answer: 'done', turn } : { type: 'done', latency: 0 },
      },
    })
    const turn = () => fleet.time.sleep(5_000)
    await settle(fleet, model('a', { name: 'one' }))
    isLate = true
    await pass(fleet, [model('a', { name: 'two' })])
    expect(names(fleet)).toEqual(['one'])
    isLate = false
    await fleet.time.pass(6_000)
    await settle(fleet, model('a', { name: 'two' }))
    expect(names(fleet)).toEqual(['two'])
  })

  test('under which nothing can be created keeps the old thing running', async () => {
    let isBroken = false
    const fleet = modelledFleet({
      faults: {
        effect: () =>
          isBroken ? { type: 'error-before', latency: 0, isForTime: false } : { type: 'done', latency: 0 },
      },
    })
    await settle(fleet, model('a', { name: 'one' }))
    isBroken = true
    const { outcomes } = await pass(fleet, [model('a', { name: 'two' })])
    expect(outcomes.map(({ id }) => id)).toEqual(['Model/a'])
    expect(names(fleet)).toEqual(['one'])
    isBroken = false
    await fleet.time.pass(10_000)
    await settle(fleet, model('a', { name: 'two' }))
    expect(names(fleet)).toEqual(['two'])
  })

  test.each([
    {
      what: 'a suspension',
      controls: { suspend: { reason: 'r', by: undefined, until: undefined } },
      hold: 'Suspended',
    },
    {
      what: 'its window',
      controls: { windows: [{ cron: '0 0 1 1 *', duration: 1, timezone: 'UTC', allow: true }] },
      hold: 'OutsideWindow',
    },
  ])('is held by $what of its resource, old and new', async ({ controls, hold }) => {
    const fleet = modelledFleet()
    await settle(fleet, model('a', { name: 'one' }))
    await settle(fleet, model('a', { name: 'two' }, controls))
    expect(names(fleet)).toEqual(['one'])
    const { findings } = await draft(fleet, [model('a', { name: 'two' }, controls)])
    expect(findings.map(({ holds }) => holds[0]?.reason)).toEqual([hold, hold])
  })

  test('is held by the suspension of its resource although that is not declared any more', async () => {
    const fleet = modelledFleet()
    await settle(fleet, model('a', { name: 'one' }), model('b'))
    const suspensions = openSuspensions({ store: openMemoryStore(fleet.disk), environment: undefined })
    await suspensions.suspend(modelId('a'), { reason: 'r', by: undefined, until: undefined })
    await settle(fleet, model('a', { name: 'two' }), model('b'))
    await settle(fleet, model('b'))
    expect(names(fleet)).toEqual(['b', 'one'])
  })

  test('of many counts towards the deletion limit', async () => {
    const fleet = modelledFleet()
    const of = (suffix: string) =>
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => model(name, { name: name + suffix }))
    await settle(fleet, ...of('1'))
    await settle(fleet, ...of('2'))
    expect(names(fleet)).toHaveLength(12)
    const { findings } = await draft(fleet, of('2'))
    expect(findings.filter(({ holds }) => holds[0]?.reason === 'DeletionLimit')).toHaveLength(6)
  })

  test('in a part of the manifests deletes nothing yet and forgets nothing', async () => {
    const fleet = modelledFleet()
    await settle(fleet, model('a', { name: 'one' }), model('b'))
    const request = { declaration: declare([model('a', { name: 'two' })], { isWhole: false }) }
    await fleet.time.run(
      runPass(
        fleet.world,
        { ...request, selection: undefined, allowedDeletions: undefined },
        { slots: slots() },
        never,
      ),
    )
    expect(names(fleet)).toEqual(['b', 'one', 'two'])
    await settle(fleet, model('a', { name: 'two' }), model('b'))
    expect(names(fleet)).toEqual(['b', 'two'])
  })

  test('does not make an intent of the old thing one of the new', async () => {
    const fleet = modelledFleet()
    await fleet.ledger.commit([
      { type: 'own', owned: ownedOf(modelId('a'), { externalName: 'one' }) },
      {
        type: 'intend',
        intent: {
          intentId: 'i1',
          id: modelId('a'),
          actionType: 'create',
          verb: 'create',
          summary: 'create one',
          externalName: 'one',
          repeatable: false,
          at: fleet.clock.now(),
        },
      },
    ])
    const { findings } = await draft(fleet, [model('a', { name: 'two' })])
    expect(findings[0]?.unconfirmed).toEqual([])
  })
})

describe('what bears our mark and nobody knows', () => {
  const lost = markOf({ store: 'lost', id: modelId('old') })
  const told = async (fleet: ModelledFleet) => {
    const events = await fleet.ledger.events({ limit: 100 })
    return events.filter(({ reason }) => reason === 'Stray').map(({ id, count }) => [id, count])
  }

  test('because our store was lost and its manifest removed, is told once and never touched', async () => {
    const fleet = modelledFleet()
    put(fleet, 'old', { mark: lost })
    const { plan } = await draft(fleet, [model('b')])
    expect(plan.strays).toEqual([{ id: modelId('old'), externalName: 'old' }])
    const before = fleet.outside.thing('old')
    await pass(fleet, [model('b')])
    await pass(fleet, [model('b')])
    expect(fleet.outside.thing('old')).toEqual(before)
    expect(await told(fleet)).toEqual([[modelId('old'), 1]])
    expect([...((await fleet.ledger.load()).strays ?? [])]).toEqual([['Model', plan.strays]])
    fleet.outside.remove('old')
    await pass(fleet, [model('b')])
    expect([...((await fleet.ledger.load()).strays ?? [])]).toEqual([])
  })

  test.each([
    { title: 'is declared', mark: lost, resources: [model('b'), model('old', { program: 'a.mjs' })] },
    { title: 'was let go of by this store', mark: markOf(), resources: [model('b')] },
    {
      title: 'is of another fleet',
      mark: markOf({ fleet: 'rival', store: 'lost' }),
      resources: [model('b')],
    },
    { title: 'is of a store that still exists', mark: markOf({ store: 'store-2' }), resources: [model('b')] },
  ])('is nothing to tell of where it $title', async ({ mark, resources }) => {
    const fleet = modelledFleet()
    fleet.outside.livingStores.add('store-2')
    put(fleet, 'old', { mark })
    expect((await draft(fleet, resources)).plan.strays).toEqual([])
  })

  test('because we deleted it and its vendor brought it back, is told once and never touched', async () => {
    const fleet = modelledFleet()
    const [a, b] = [model('a'), model('b')]
    await pass(fleet, [a, b])
    fleet.outside.save()
    await pass(fleet, [b])
    await pass(fleet, [b])
    expect(fleet.outside.thing('a')).toBeUndefined()
    fleet.outside.resurrect()
    // It may be an old list yet.
    expect((await draft(fleet, [b])).plan.strays).toEqual([])
    await fleet.time.pass(60_000)
    const before = fleet.outside.thing('a')
    const { plan } = await draft(fleet, [b])
    expect(plan.strays).toEqual([{ id: modelId('a'), externalName: 'a' }])
    await pass(fleet, [b])
    await pass(fleet, [b])
    expect(fleet.outside.thing('a')).toEqual(before)
    expect(await told(fleet)).toEqual([[modelId('a'), 1]])
    // Declared again it is ours again, and let go of after that it is nothing to tell of.
    const kept = model('a', {}, { deletionPolicy: 'Orphan' })
    await pass(fleet, [kept, b])
    await pass(fleet, [b])
    await fleet.time.pass(60_000)
    expect((await draft(fleet, [b])).plan.strays).toEqual([])
    expect((await fleet.ledger.load()).gone).toEqual(new Map())
  })

  test('because its vendor made it after he had refused, is told when nobody declares it any more', async () => {
    let isRefused = true
    const fleet = modelledFleet({
      faults: {
        effect: () =>
          isRefused ? { type: 'late', latency: 0, answer: 'error', turn } : { type: 'done', latency: 0 },
      },
    })
    const turn = () => fleet.time.sleep(60_000)
    await pass(fleet, [model('a')])
    isRefused = false
    await pass(fleet, [model('b')])
    await fleet.time.pass(61_000)
    expect(fleet.outside.thing('a')?.mark?.fleet).toBe('acme')
    expect((await draft(fleet, [model('b')])).plan.strays).toEqual([{ id: modelId('a'), externalName: 'a' }])
  })

  test('is as it was known before while not all manifests were read', async () => {
    const fleet = modelledFleet()
    put(fleet, 'old', { mark: lost })
    const strays = [{ id: modelId('old'), externalName: 'old' }]
    expect((await draft(fleet, [model('b')], { isComplete: false })).plan.strays).toEqual([])
    await pass(fleet, [model('b')])
    expect((await draft(fleet, [model('b')], { isWhole: false })).plan.strays).toEqual(strays)
  })
})
