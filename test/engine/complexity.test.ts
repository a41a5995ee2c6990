import { expect, test } from 'vitest'
import type { Ledger, LedgerView } from '../../src/core/ledger.ts'
import { Controller } from '../../src/engine/controller.ts'
import { Declared } from '../../src/engine/declared.ts'
import { concludePass, draftPass, runPass } from '../../src/engine/pass.ts'
import { noteResult, PassOrder } from '../../src/engine/pass-order.ts'
import { Slots } from '../../src/engine/slots.ts'
import { reconcilerOf } from '../../src/engine/world.ts'
import { declare, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'

/** The smaller fleet and the larger one, of which the pass must not ask more for each resource. */
const sizes = [50, 400] as const

/** Counts how often fields of these rows are read. */
class ReadCounter {
  reads = 0

  over<Row extends object>(row: Row): Row {
    return new Proxy(row, {
      get: (target, key, receiver) => {
        this.reads += 1
        return Reflect.get(target, key, receiver)
      },
    })
  }
}

/** A memory whose rows count their readers, with an intent that was not confirmed for each thing that is owned. */
function countedView(view: LedgerView, counter: ReadCounter): LedgerView {
  const inventory = [...view.inventory].map(([id, owned]) => [id, counter.over(owned)] as const)
  const openIntents = inventory.map(([id, { externalName }], index) => {
    const action = { actionType: 'update', verb: 'update', summary: 'update it', repeatable: true }
    return counter.over({ intentId: `intent-${index}`, id, externalName, at: 0, ...action })
  })
  return { ...view, inventory: new Map(inventory), openIntents }
}

/** How often a row is read in a pass over so many resources, half of which bear another id since the last pass. */
async function readsPerResource(size: number): Promise<number> {
  const counter = new ReadCounter()
  let isCounting = false
  const counting = (ledger: Ledger): Ledger => ({
    ...ledger,
    load: async () => {
      const view = await ledger.load()
      return isCounting ? countedView(view, counter) : view
    },
  })
  const fleet = modelledFleet({ ledger: counting })
  const names = Array.from({ length: size }, (_, index) => `m${index}`)
  const request = { selection: undefined, allowedDeletions: undefined }
  const { signal } = new AbortController()
  const first = declare(names.map((name) => model(name)))
  const { outcomes } = await fleet.time.run(
    runPass(fleet.world, { ...request, declaration: first }, { slots: new Slots(() => 3) }, signal),
  )
  expect(outcomes.map(({ id }) => id).sort()).toEqual(names.map(modelId).sort())
  isCounting = true
  const moved = names.map((name, index) => (index % 2 === 0 ? model(name) : model(`new-${name}`, { name })))
  const draft = await fleet.time.run(
    draftPass(fleet.world, { ...request, declaration: declare(moved) }, signal),
  )
  expect(draft.findings).toHaveLength(size)
  expect(draft.findings.every(({ unconfirmed }) => unconfirmed.length === 1)).toBe(true)
  return counter.reads / size
}

test('a pass over a larger fleet reads no row of the memory more often', async () => {
  const [few, many] = [await readsPerResource(sizes[0]), await readsPerResource(sizes[1])]
  expect(few).toBeGreaterThan(0)
  expect(many).toBeLessThanOrEqual(few * 1.1)
})

/**
 * How often a declared resource is looked at while a controller concludes one after the other, each of which depends on
 * the one before, with somebody who waits for all of them.
 */
async function looksPerConclusion(size: number): Promise<number> {
  const counter = new ReadCounter()
  const fleet = modelledFleet()
  const names = Array.from({ length: size }, (_, index) => `m${String(index).padStart(4, '0')}`)
  const resources = names.map((name, index) => {
    const before = names[index - 1]
    return counter.over(model(name, {}, { dependsOn: before === undefined ? [] : [modelId(before)] }))
  })
  const selection = new Set(names.map(modelId))
  const request = { declaration: declare(resources), selection, allowedDeletions: undefined }
  const draft = await fleet.time.run(draftPass(fleet.world, request, new AbortController().signal))
  const order = new PassOrder(selection, undefined)
  counter.reads = 0
  const woken: string[] = []
  for (const finding of draft.findings) {
    const concluded = { findings: [{ ...finding, actions: [], holds: [] }], outcomes: [], isFirst: false }
    const result = await fleet.time.run(concludePass(fleet.world, draft, concluded))
    woken.push(...noteResult([order], result, fleet.clock.now()))
  }
  expect(order.remaining.size).toBe(0)
  expect(woken).toEqual(names.slice(1).map(modelId))
  return counter.reads / size
}

test('what becomes of one resource is concluded without a look at all others', async () => {
  const [few, many] = [await looksPerConclusion(sizes[0]), await looksPerConclusion(sizes[1])]
  expect(few).toBeGreaterThan(0)
  expect(many).toBeLessThanOrEqual(few * 1.1)
})

/** What a controller asks of its store for each resource that it visits alone, while nothing happens. */
async function rowsPerVisit(size: number): Promise<{ readonly read: number; readonly written: number }> {
  let read = 0
  let written = 0
  const fleet = modelledFleet({
    store: (store) => ({
      ...store,
      async get(key) {
        read += 1
        return store.get(key)
      },
      async list(query) {
        const entries = await store.list(query)
        read += 1 + entries.length
        return entries
      },
      async commit(writes, preconditions) {
        written += writes.length
        return store.commit(writes, preconditions)
      },
    }),
  })
  const names = Array.from({ length: size }, (_, index) => `m${String(index).padStart(4, '0')}`)
  const declaration = declare(names.map((name) => model(name)))
  const controller = new Controller(fleet.world, { read: async () => declaration })
  const end = new AbortController()
  const run = controller.run(end.signal)
  await fleet.time.pass(120_000)
  expect(fleet.outside.current.things.size).toBe(size)
  read = 0
  written = 0
  const visited = names.filter((_, index) => index % Math.ceil(size / 50) === 0)
  for (const name of visited) {
    controller.wake([modelId(name)])
    await fleet.time.pass(20)
  }
  end.abort(new Error('the test is over'))
  await fleet.time.run(run)
  return { read: read / visited.length, written: written / visited.length }
}

test('what a controller reads and writes of its memory grows with what it visits, and not with the fleet', async () => {
  const [few, many] = [await rowsPerVisit(sizes[0]), await rowsPerVisit(sizes[1])]
  expect(few.written).toBeGreaterThan(0)
  expect(many.written).toBeLessThanOrEqual(few.written * 1.1)
  expect(many.read).toBeLessThanOrEqual(few.read * 1.1 + 0.2)
})

test('of manifests that are read again only what changed is looked at', () => {
  const { world } = modelledFleet()
  const domain = reconcilerOf(world, 'Model')
  let looks = 0
  const fields: typeof domain.fields = (resource) => {
    looks += 1
    return domain.fields(resource)
  }
  const declared = new Declared({ reconcilers: new Map([['Model', { ...domain, fields }]]) })
  const names = Array.from({ length: sizes[1] }, (_, index) => `m${index}`)
  const before = names.map((name) => model(name))
  expect(declared.take(declare(before)).size).toBe(sizes[1])
  expect(looks).toBe(sizes[1])
  const after = [model('m0', { program: 'other.mjs' }), ...before.slice(1)]
  expect([...declared.take(declare(after))]).toEqual([modelId('m0')])
  expect(looks).toBe(sizes[1] + 1)
  // Another fallback of m0: what it is did not change, and what it is for did.
  const named = [model('m0', { program: 'other.mjs' }, { fallback: [modelId('m1')] }), ...before.slice(1)]
  expect([...declared.take(declare(named))].sort()).toEqual([modelId('m0'), modelId('m1')])
})
