import { describe, expect, test } from 'vitest'
import type { Declaration } from '../../src/core/declaration.ts'
import { isErrorOf, ReconcileError } from '../../src/core/errors.ts'
import type { Ledger } from '../../src/core/ledger.ts'
import { Controller, type ControllerOptions } from '../../src/engine/controller.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { openSuspensions } from '../../src/state/suspensions.ts'
import type { ModelFaults } from '../support/model-faults.ts'
import {
  declare,
  defaultFleet,
  type ModelledFleet,
  type ModelledFleetOptions,
  model,
  modelId,
  modelledFleet,
} from '../support/modelled-fleet.ts'

interface Watch {
  readonly fleet: ModelledFleet
  readonly controller: Controller
  /** What the manifests say now; another value is read at the next `reread`. */
  declare(declaration: Declaration): Promise<void>
  readonly ended: Promise<void>
}

/** Runs a controller for the time of the body. */
async function watching(
  first: Declaration,
  options: ModelledFleetOptions & { readonly controls?: Partial<ControllerOptions> },
  body: (watch: Watch) => Promise<void>,
): Promise<void> {
  const fleet = modelledFleet(options)
  let declaration = first
  const controller = new Controller(fleet.world, { read: async () => declaration, ...options.controls })
  const end = new AbortController()
  const ended = controller.run(end.signal)
  const outcome = ended.then(
    () => undefined,
    (error: unknown) => error,
  )
  try {
    await fleet.time.pass(1_000)
    await body({
      fleet,
      controller,
      ended,
      async declare(next) {
        declaration = next
        await fleet.time.run(controller.reread())
      },
    })
  } finally {
    end.abort(new Error('the test is over'))
    await fleet.time.run(outcome)
  }
}

const health = async (fleet: ModelledFleet, name: string) =>
  (await fleet.ledger.load()).states.get(modelId(name))?.status.health

/** Sees what each domain is told of who is left. */
function retained(fleet: ModelledFleet): {
  readonly told: (readonly string[])[]
  readonly fleet: ModelledFleet
} {
  const told: (readonly string[])[] = []
  const connect: ModelledFleet['world']['connect'] = async (kind) => {
    const connection = await fleet.world.connect(kind)
    return { ...connection, retain: (ids) => told.push([...ids].sort()) }
  }
  return { told, fleet: { ...fleet, world: { ...fleet.world, connect } } }
}

test('domains are told who is left: what is declared or owned, and nothing by manifests that are not whole', async () => {
  const { told, fleet } = retained(modelledFleet())
  let declaration = declare([model('a'), model('watched', {}, { managementPolicy: 'Observe' })])
  const controller = new Controller(fleet.world, { read: async () => declaration })
  const end = new AbortController()
  const ended = controller.run(end.signal)
  const outcome = ended.catch(() => undefined)
  const edit = async (next: Declaration) => {
    told.length = 0
    declaration = next
    await fleet.time.run(controller.reread())
    await fleet.time.pass(1_000)
    return told
  }
  try {
    await fleet.time.pass(1_000)
    expect(await edit({ ...declare([model('a')]), isComplete: false })).toEqual([])
    // Read and never owned, it is nobody's as soon as it is not declared.
    expect(await edit(declare([model('a')]))).toEqual([[modelId('a')]])
    // Owned until it is deleted, which comes after.
    expect(await edit(declare([model('b')]))).toEqual([[modelId('a'), modelId('b')]])
    expect(await edit(declare([model('b')]))).toEqual([[modelId('b')]])
  } finally {
    end.abort(new Error('the test is over'))
    await fleet.time.run(outcome)
  }
})

describe('the controller', () => {
  test('starts what is declared and heals what is taken away, as soon as it hears of it', async () => {
    await watching(declare([model('a')]), {}, async ({ fleet }) => {
      expect(fleet.outside.thing('a')?.state).toBe('running')
      fleet.outside.remove('a')
      await fleet.time.pass(500)
      expect(fleet.outside.thing('a')?.state).toBe('running')
    })
  })

  test('heals what was just made, or edited, three times at once, and then at the pace of back-off', async () => {
    await watching(declare([model('a')]), {}, async ({ fleet, declare: edit }) => {
      const healed = async () => {
        fleet.outside.remove('a')
        await fleet.time.pass(500)
        return fleet.outside.thing('a') !== undefined
      }
      for (const edition of ['1', '2']) {
        await edit(declare([model('a', { fields: { edition } })]))
        await fleet.time.pass(500)
        expect([await healed(), await healed(), await healed(), await healed()]).toEqual([
          true,
          true,
          true,
          false,
        ])
      }
    })
  })

  test('heals by itself where it hears of nothing', async () => {
    await watching(declare([model('a')]), { faults: { wake: () => [] } }, async ({ fleet }) => {
      fleet.outside.remove('a')
      await fleet.time.pass(11_000)
      expect(fleet.outside.thing('a')?.state).toBe('running')
    })
  })

  test.each([
    { what: 'decided on one after the other', isTogether: false },
    { what: 'decided on together', isTogether: true },
  ])(
    'follows another outside name at once, and the old thing goes after the new one has come: $what',
    async ({ isTogether }) => {
      const slow: Partial<ModelFaults> = {
        read: () => ({ type: 'answered', latency: isTogether ? 500 : 0, staleVersions: 0, unreadable: [] }),
        effect: ({ verb }) => ({ type: 'done', latency: verb === 'create' ? 3_000 : 0 }),
      }
      const declared = (name: string) => declare([model('a', { name }), model('b')])
      await watching(declared('one'), { faults: slow }, async ({ fleet, controller, declare: edit }) => {
        await fleet.time.pass(6_000)
        const seen = new Set<string>()
        fleet.outside.listen(() => seen.add([...fleet.outside.current.things.keys()].sort().join(' ')))
        // While it reads this one, what the manifests say next gathers.
        controller.wake([modelId('b')])
        await fleet.time.pass(100)
        await edit(declared('two'))
        await fleet.time.pass(9_000)
        expect([...seen]).toEqual(['b one two', 'b two'])
        await fleet.time.pass(3_000)
        expect([...(await fleet.ledger.load()).inventory.keys()]).toEqual([modelId('a'), modelId('b')])
      })
    },
  )

  test('does not delete what is declared again while the deletion waits for its turn', async () => {
    const slow = { effect: () => ({ type: 'done' as const, latency: 3_000 }) }
    const others = (revision: string) =>
      ['b', 'c', 'd'].map((name) => model(name, { fields: { revision } }, { deletionPolicy: 'Orphan' }))
    const declared = (name: string, revision: string) => declare([model('a', { name }), ...others(revision)])
    await watching(declared('one', '1'), { faults: slow }, async ({ fleet, declare: edit }) => {
      await fleet.time.pass(10_000)
      await edit(declared('two', '1'))
      // When the new thing is there, every slot is taken.
      await fleet.time.pass(2_900)
      await edit(declared('two', '2'))
      await fleet.time.pass(1_000)
      const made = fleet.outside.thing('one')?.uid
      await edit(declared('one', '2'))
      await fleet.time.pass(20_000)
      expect(fleet.outside.thing('one')?.uid).toBe(made)
      expect(fleet.outside.thing('two')).toBeUndefined()
    })
  })

  test('of a part touches nothing else, prunes nothing, and reads what the part depends on', async () => {
    const controls = { selects: (id: string) => id === modelId('a') }
    const part = (...resources: Parameters<typeof declare>[0][number][]) =>
      declare(resources, { isWhole: false })
    const a = model('a', {}, { dependsOn: [modelId('b')] })
    await watching(
      part(a, model('b'), model('c')),
      { controls },
      async ({ fleet, controller, declare: edit }) => {
        const names = () => [...fleet.outside.current.things.keys()].sort()
        expect(names()).toEqual([])
        fleet.outside.create({ name: 'b', program: 'b.mjs', fields: {}, mark: undefined, madeBy: 'people' })
        controller.wake()
        await fleet.time.pass(20_000)
        expect(names()).toEqual(['a', 'b'])
        const order = controller.orderPass({ selection: undefined, allowedDeletions: undefined })
        await fleet.time.pass(1_000)
        expect((await order).remaining.size).toBe(0)
        await edit(part(model('b'), model('c')))
        await fleet.time.pass(20_000)
        expect(names()).toEqual(['a', 'b'])
      },
    )
  })

  test('lets as many deletions happen at once as it was allowed', async () => {
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => model(name))
    for (const [allowedDeletions, left] of [
      [6, 1],
      [5, 7],
    ] as const) {
      await watching(declare(many), { controls: { allowedDeletions } }, async ({ fleet, declare: edit }) => {
        await edit(declare(many.slice(0, 1)))
        await fleet.time.pass(5_000)
        expect(fleet.outside.current.things.size).toBe(left)
      })
    }
  })

  test('follows an edited manifest, and a removed one', async () => {
    await watching(declare([model('a'), model('b')]), {}, async ({ fleet, declare: edit }) => {
      await edit(declare([model('a', { fields: { PORT: '1' } })]))
      await fleet.time.pass(500)
      expect(fleet.outside.thing('a')?.fields).toEqual({ PORT: '1' })
      expect(fleet.outside.thing('b')).toBeUndefined()
      expect((await fleet.ledger.load()).inventory.has(modelId('b'))).toBe(false)
    })
  })

  test('hears of a domain that is used only later', async () => {
    await watching(declare([]), {}, async ({ fleet, declare: edit }) => {
      await edit(declare([model('a')]))
      await fleet.time.pass(1_000)
      fleet.outside.remove('a')
      await fleet.time.pass(500)
      expect(fleet.outside.thing('a')).toBeDefined()
    })
  })

  test('goes on where a domain cannot be reached at the start', async () => {
    const fleet = modelledFleet()
    let tries = 0
    const world = {
      ...fleet.world,
      connect: (kind: string) => {
        tries += 1
        if (tries < 3) return Promise.reject(new ReconcileError('DaemonNotRunning', 'no daemon'))
        return fleet.world.connect(kind)
      },
    }
    const controller = new Controller(world, { read: async () => declare([model('a')]) })
    const end = new AbortController()
    const run = controller.run(end.signal)
    await fleet.time.pass(60_000)
    expect(fleet.outside.thing('a')?.state).toBe('running')
    end.abort(new Error('over'))
    await fleet.time.run(run)
  })

  test('forgets nothing of what is given another outside name while it is being made under the old one', async () => {
    const slow: Partial<ModelFaults> = {
      effect: (action) => ({ type: 'done', latency: action.summary === 'create a' ? 5_000 : 0 }),
    }
    await watching(declare([model('a'), model('b')]), { faults: slow }, async ({ fleet, declare: edit }) => {
      expect(fleet.outside.thing('a')).toBeUndefined()
      await edit(declare([model('a', { name: 'new' }), model('b')]))
      await fleet.time.pass(60_000)
      expect([...fleet.outside.current.things.keys()].sort()).toEqual(['b', 'new'])
      expect([...(await fleet.ledger.load()).inventory.keys()].sort()).toEqual([modelId('a'), modelId('b')])
    })
  })

  test('lets a slow action hold up no other key', async () => {
    const slow: Partial<ModelFaults> = {
      effect: (action) => ({ type: 'done', latency: action.summary.endsWith(' slow') ? 60_000 : 0 }),
    }
    await watching(
      declare([model('slow'), model('a')]),
      { faults: slow },
      async ({ fleet, declare: edit }) => {
        expect(fleet.outside.thing('slow')).toBeUndefined()
        expect(fleet.outside.thing('a')?.state).toBe('running')
        await edit(declare([model('slow'), model('a', { fields: { PORT: '2' } }), model('b')]))
        await fleet.time.pass(1_000)
        expect(fleet.outside.thing('a')?.fields).toEqual({ PORT: '2' })
        expect(await health(fleet, 'b')).toBe('Healthy')
      },
    )
  })

  test('lets nothing go on that depends on what it acts upon', async () => {
    let latency = 0
    const effect: ModelFaults['effect'] = () => ({ type: 'done', latency })
    const b = model('b', {}, { dependsOn: [modelId('a')] })
    await watching(declare([model('a'), b]), { faults: { effect } }, async ({ fleet, controller }) => {
      latency = 5_000
      fleet.outside.change('a', { state: 'stopped' })
      await fleet.time.pass(100)
      fleet.outside.remove('b')
      await fleet.time.pass(500)
      controller.wake([modelId('b')])
      await fleet.time.pass(5_000)
      expect(fleet.outside.thing('a')?.state).toBe('running')
      expect(fleet.outside.thing('b')).toBeUndefined()
      await fleet.time.pass(10_000)
      expect(fleet.outside.thing('b')?.state).toBe('running')
    })
  })

  test('does not delete what is declared again while the deletion waited for its turn', async () => {
    const slow: Partial<ModelFaults> = {
      effect: (action) => ({ type: 'done', latency: action.type === 'update' ? 20_000 : 0 }),
    }
    const all = ['a', 'b', 'c', 'd'].map((name) => model(name))
    const edited = all.slice(1).map(({ name }) => model(name, { fields: { PORT: '1' } }))
    await watching(declare(all), { faults: slow }, async ({ fleet, declare: edit }) => {
      const before = fleet.outside.thing('a')?.uid
      await edit(declare(edited))
      await fleet.time.pass(1_000)
      await edit(declare([model('a'), ...edited]))
      await fleet.time.pass(60_000)
      expect(fleet.outside.thing('a')?.uid).toBe(before)
    })
  })

  test.each([
    { title: 'is not deleted where it is declared again', isDeclaredAgain: true },
    { title: 'is deleted else', isDeclaredAgain: false },
  ])('what is read for the last time before its deletion $title', async ({ isDeclaredAgain }) => {
    let removed = false
    let alone = 0
    const read: ModelFaults['read'] = (_, asked) => {
      const isAlone = removed && asked.length === 1 && asked[0] === modelId('a')
      if (isAlone) alone += 1
      return { type: 'answered', latency: isAlone ? 5_000 : 0, staleVersions: 0, unreadable: [] }
    }
    await watching(declare([model('a'), model('b')]), { faults: { read } }, async (watch) => {
      const { fleet, declare: edit } = watch
      const before = fleet.outside.thing('a')?.uid
      expect(before).toBeDefined()
      removed = true
      await edit(declare([model('b')]))
      // It is decided on the first reading, and the second is the last one.
      await fleet.time.pass(7_000)
      expect(alone).toBe(2)
      if (isDeclaredAgain) await edit(declare([model('a'), model('b')]))
      await fleet.time.pass(60_000)
      expect(fleet.outside.thing('a')?.uid).toBe(isDeclaredAgain ? before : undefined)
    })
  })

  test('holds a mass deletion however it is cut into batches', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `m${index}`)
    await watching(
      declare(names.map((name) => model(name))),
      {},
      async ({ fleet, controller, declare: edit }) => {
        await fleet.time.pass(5_000)
        await edit(declare(names.slice(0, 5).map((name) => model(name))))
        for (const name of names) {
          controller.wake([modelId(name)])
          await fleet.time.pass(300)
        }
        await fleet.time.pass(60_000)
        expect(fleet.outside.current.things.size).toBe(12)
      },
    )
  })

  test('meets a rival at the pace of the back-off, and names him', async () => {
    await watching(declare([model('a', { fields: { PORT: '1' } })]), {}, async ({ fleet }) => {
      let corrections = 0
      for (let second = 0; second < 3_600; second += 1) {
        if (fleet.outside.thing('a')?.fields.PORT === '1') {
          corrections += 1
          fleet.outside.change('a', { fields: { PORT: 'his' } })
        }
        await fleet.time.pass(1_000)
      }
      // Free ones, then 5 s doubling to 5 min: some 20 in an hour.
      expect(corrections).toBeLessThan(25)
      const state = (await fleet.ledger.load()).states.get(modelId('a'))
      expect(state?.status.reason).toBe('Contended')
      expect(state?.status.message).toContain('fields.PORT')
    })
  })

  test('does not spin where the clock was set back after a person resumed', async () => {
    let tries = 0
    const faults: Partial<ModelFaults> = {
      effect: () => {
        tries += 1
        return { type: 'error-before', latency: 0, isForTime: false }
      },
    }
    await watching(declare([model('a')]), { faults }, async ({ fleet }) => {
      const at = fleet.clock.now() + 3_600_000
      await openSuspensions({ store: openMemoryStore(fleet.disk), environment: undefined }).resume(
        modelId('a'),
        at,
      )
      await fleet.time.pass(60_000)
      expect(tries).toBeLessThan(8)
    })
  })

  test('does not spin where nothing can be stopped while the fleet is down', async () => {
    let tries = 0
    const effect: ModelFaults['effect'] = (action) => {
      if (action.type !== 'stop') return { type: 'done', latency: 0 }
      tries += 1
      return { type: 'error-before', latency: 0, isForTime: false }
    }
    await watching(declare([model('a')]), { faults: { effect } }, async ({ fleet, controller }) => {
      const suspensions = openSuspensions({ store: openMemoryStore(fleet.disk), environment: undefined })
      await suspensions.takeDown({ by: 'ann', at: fleet.clock.now() })
      controller.wake()
      await fleet.time.pass(60_000)
      expect(tries).toBeGreaterThan(2)
      expect(tries).toBeLessThan(8)
    })
  })

  test('does not spin where the vendor says to wait', async () => {
    let tries = 0
    const faults: Partial<ModelFaults> = {
      effect: () => {
        tries += 1
        return { type: 'error-before', latency: 0, isForTime: true }
      },
    }
    await watching(declare([model('a')]), { faults }, async ({ fleet }) => {
      await openSuspensions({ store: openMemoryStore(fleet.disk), environment: undefined }).resume(
        modelId('a'),
        fleet.clock.now(),
      )
      await fleet.time.pass(60_000)
      expect(tries).toBeLessThan(8)
    })
  })

  test('tells of a domain that is down once when it begins and once when it ends, not of each resource', async () => {
    let isDown = false
    const read: ModelFaults['read'] = () =>
      isDown
        ? { type: 'error', latency: 1 }
        : { type: 'answered', latency: 1, staleVersions: 0, unreadable: [] }
    const names = Array.from({ length: 20 }, (_, index) => `m${index}`)
    const declared = declare(names.map((name) => model(name)))
    await watching(declared, { faults: { read, wake: () => [] } }, async ({ fleet }) => {
      const eventsSince = async (at: number) => {
        const events = await fleet.ledger.events({ limit: 1000 })
        return events
          .filter((event) => event.at >= at)
          .map(({ reason, id, count }) => ({ reason, id, count }))
      }
      for (const round of [1, 2]) {
        const began = fleet.clock.now()
        isDown = true
        await fleet.time.pass(30_000)
        for (const name of names) expect(await health(fleet, name)).toBe('Unknown')
        expect(await eventsSince(began)).toEqual([{ reason: 'DomainUnreadable', id: undefined, count: 1 }])
        const ended = fleet.clock.now()
        isDown = false
        fleet.outside.change('m3', { state: 'failed' })
        await fleet.time.pass(60_000)
        for (const name of names) expect(await health(fleet, name)).toBe('Healthy')
        const told = await eventsSince(ended)
        expect(
          told.filter(({ id }) => id !== modelId('m3')),
          `round ${round}`,
        ).toEqual([{ reason: 'DomainReadable', id: undefined, count: 1 }])
        expect(told.map(({ reason }) => reason)).toContain('Ran')
      }
    })
  })

  test('tells of each of two outages, also where something is acted upon between them', async () => {
    let isDown = false
    const faults: Partial<ModelFaults> = {
      read: () =>
        isDown
          ? { type: 'error', latency: 1 }
          : { type: 'answered', latency: 1, staleVersions: 0, unreadable: [] },
      effect: () => ({ type: 'done', latency: 20_000 }),
      wake: () => [],
    }
    const declared = declare([model('a'), model('b')])
    await watching(declared, { faults }, async ({ fleet, controller }) => {
      await fleet.time.pass(60_000)
      const before = await fleet.ledger.events({ limit: 1000 })
      isDown = true
      await fleet.time.pass(15_000)
      fleet.outside.change('a', { state: 'failed' })
      isDown = false
      await fleet.time.pass(12_000)
      isDown = true
      controller.wake([modelId('b')])
      await fleet.time.pass(2_000)
      isDown = false
      await fleet.time.pass(60_000)
      const told = (await fleet.ledger.events({ limit: 1000 })).slice(0, -before.length).toReversed()
      expect(told.filter(({ id }) => id === undefined).map(({ reason }) => reason)).toEqual([
        'DomainUnreadable',
        'DomainReadable',
        'DomainUnreadable',
        'DomainReadable',
      ])
      expect(await health(fleet, 'a')).toBe('Healthy')
    })
  })

  test('answers an ordered pass although a dependant waits for what nobody may touch', async () => {
    const suspend = { reason: 'work', by: 'ann', until: undefined }
    const base = model('z', {}, { suspend, interval: 600_000 })
    const dependant = model('a', {}, { dependsOn: [modelId('z')], interval: 600_000 })
    await watching(declare([base, dependant]), {}, async ({ fleet, controller }) => {
      const order = await fleet.time.run(
        controller.orderPass({ selection: undefined, allowedDeletions: undefined }),
      )
      await fleet.time.pass(2_000)
      expect([...order.remaining]).toEqual([])
    })
  })

  test('does nothing at all while the fleet is down, and goes on where it was', async () => {
    await watching(declare([model('a'), model('b')]), {}, async ({ fleet, controller, declare: save }) => {
      const suspensions = openSuspensions({ store: openMemoryStore(fleet.disk), environment: undefined })
      await suspensions.takeDown({ by: 'ann', at: fleet.clock.now() })
      fleet.outside.change('a', { state: 'stopped' })
      await save(declare([model('a', { fields: { PORT: '1' } })]))
      const before = fleet.outside.print()
      await fleet.time.pass(60_000)
      expect(fleet.outside.print()).toBe(before)
      await suspensions.resumeAll([], fleet.clock.now())
      controller.wake()
      await save(declare([model('a', { fields: { PORT: '1' } })]))
      await fleet.time.pass(60_000)
      expect(fleet.outside.thing('a')).toMatchObject({ state: 'running', fields: { PORT: '1' } })
      expect(fleet.outside.thing('b')).toBeUndefined()
    })
  })

  test('calls a fallback at once when the primary is given up, and stands it down after', async () => {
    const recovery = {
      maxAttempts: 2,
      backoff: { initial: 1_000, max: 2_000, factor: 2 },
      stableFor: 5_000,
    }
    const main = model(
      'main',
      {},
      { fallback: [modelId('backup')], fallbackAfter: 2, recovery, interval: 600_000 },
    )
    const backup = model('backup', {}, { interval: 600_000 })
    await watching(declare([main, backup]), {}, async ({ fleet, controller }) => {
      expect(fleet.outside.thing('backup')).toBeUndefined()
      fleet.outside.cursed.add('main')
      fleet.outside.change('main', { state: 'failed' })
      await fleet.time.pass(6_000)
      expect(fleet.outside.thing('backup')?.state).toBe('running')
      fleet.outside.cursed.delete('main')
      fleet.outside.restart('main')
      await fleet.time.pass(3_000)
      expect(fleet.outside.thing('backup')?.state).toBe('running')
      await fleet.time.pass(4_000)
      expect(fleet.outside.thing('backup')?.state).toBe('stopped')
      controller.wake()
      await fleet.time.pass(1_000)
      expect(await health(fleet, 'backup')).toBe('Healthy')
    })
  })

  test('calls a fallback at once when its primary is missing for another reason than before', async () => {
    const main = model(
      'main',
      {},
      { fallback: [modelId('backup')], dependsOn: [modelId('base')], interval: 600_000 },
    )
    const backup = model('backup', {}, { interval: 600_000 })
    const suspend = { reason: 'work', by: 'ann', until: undefined }
    const base = model('base', {}, { suspend, interval: 600_000 })
    await watching(declare([main, backup, base]), {}, async ({ fleet, controller }) => {
      expect(await health(fleet, 'main')).toBe('Missing')
      const theirs = {
        name: 'main',
        program: 'theirs',
        fields: {},
        mark: undefined,
        madeBy: 'people' as const,
      }
      fleet.outside.create(theirs)
      controller.wake([modelId('main')])
      await fleet.time.pass(2_000)
      expect(await health(fleet, 'main')).toBe('Missing')
      expect(fleet.outside.thing('backup')?.state).toBe('running')
    })
  })

  test('calls a fallback at once when creating the primary fails', async () => {
    const recovery = { maxAttempts: 2, backoff: { initial: 1_000, max: 2_000, factor: 2 }, stableFor: 5_000 }
    const main = model(
      'main',
      {},
      { fallback: [modelId('backup')], fallbackAfter: 2, recovery, interval: 600_000 },
    )
    const faults: Partial<ModelFaults> = {
      effect: (action) =>
        action.summary.endsWith(' main')
          ? { type: 'error-before', latency: 0, isForTime: false }
          : { type: 'done', latency: 0 },
    }
    const declaration = declare([main, model('backup', {}, { interval: 600_000 })])
    await watching(declaration, { faults }, async ({ fleet }) => {
      await fleet.time.pass(5_000)
      expect(fleet.outside.thing('backup')?.state).toBe('running')
    })
  })

  test('starts what was on standby as soon as nobody names it any more', async () => {
    const main = model('main', {}, { fallback: [modelId('backup')] })
    const backup = model('backup', {}, { interval: 600_000 })
    await watching(declare([main, backup]), {}, async ({ fleet, declare: edit }) => {
      expect(fleet.outside.thing('backup')).toBeUndefined()
      await edit(declare([model('main'), backup]))
      await fleet.time.pass(1_000)
      expect(fleet.outside.thing('backup')?.state).toBe('running')
    })
  })

  test('forgets the state of what it never owned when its manifest goes', async () => {
    const fleetOptions: ModelledFleetOptions = { faults: {} }
    await watching(declare([model('other')]), fleetOptions, async ({ fleet, declare: edit }) => {
      fleet.outside.create({ name: 'a', program: 'his', fields: {}, mark: undefined, madeBy: 'people' })
      await edit(declare([model('a'), model('other')]))
      await fleet.time.pass(1_000)
      expect(await health(fleet, 'a')).toBe('Missing')
      await edit(declare([model('other')]))
      await fleet.time.pass(1_000)
      expect((await fleet.ledger.load()).states.has(modelId('a'))).toBe(false)
    })
  })

  test('forgets the state of what was given another id while it was acted upon', async () => {
    const slow: Partial<ModelFaults> = {
      effect: (action) => ({ type: 'done', latency: action.type === 'start' ? 2_000 : 0 }),
    }
    const controls = { interval: 600_000 }
    const before = declare([model('a', {}, controls), model('other')])
    const after = declare([model('b', { name: 'a', program: 'a.mjs' }, controls), model('other')])
    await watching(before, { faults: slow }, async ({ fleet, declare: edit }) => {
      fleet.outside.change('a', { state: 'stopped' })
      await fleet.time.pass(500)
      await edit(after)
      await fleet.time.pass(10_000)
      const { inventory, states } = await fleet.ledger.load()
      expect([...inventory.keys()]).toEqual([modelId('b'), modelId('other')])
      expect([...states.keys()]).toEqual([modelId('b'), modelId('other')])
    })
  })

  test('acts on one thing once at a time, also where it was given another id meanwhile', async () => {
    const begun: number[] = []
    const latency = 30_000
    const slow: Partial<ModelFaults> = {
      effect: () => {
        begun.push(fleetTime())
        return { type: 'done', latency: begun.length === 2 ? latency : 0 }
      },
    }
    let fleetTime = () => 0
    const before = declare([model('a'), model('other', {}, { managementPolicy: 'Observe' })])
    const after = declare([model('b', { name: 'a', program: 'a.mjs', fields: { PORT: '2' } })])
    await watching(before, { faults: slow }, async ({ fleet, declare: edit }) => {
      fleetTime = () => fleet.clock.now()
      fleet.outside.change('a', { state: 'stopped' })
      await fleet.time.pass(500)
      expect(begun).toHaveLength(2)
      await edit(after)
      await fleet.time.pass(latency + 1_000)
      expect(begun).toHaveLength(3)
      expect((begun[2] ?? 0) - (begun[1] ?? 0)).toBeGreaterThanOrEqual(latency)
      await fleet.time.pass(10_000)
      expect(fleet.outside.thing('a')).toMatchObject({ state: 'running', fields: { PORT: '2' } })
    })
  })

  test('takes over no row of a create that failed under the former id while this was read', async () => {
    let latency = 0
    const faults: Partial<ModelFaults> = {
      read: () => ({ type: 'answered', latency, staleVersions: 0, unreadable: [] }),
      effect: (action) =>
        action.summary.endsWith(' a')
          ? { type: 'error-before', latency: 3_000, isForTime: false }
          : { type: 'done', latency: 0 },
    }
    const other = model('other', {}, { interval: 600_000 })
    await watching(declare([other]), { faults }, async ({ fleet, declare: edit }) => {
      await edit(declare([model('a'), other]))
      await fleet.time.pass(1_000)
      expect((await fleet.ledger.load()).inventory.has(modelId('a'))).toBe(true)
      latency = 5_000
      const watched = model('b', { name: 'a', program: 'a.mjs' }, { managementPolicy: 'Observe' })
      await edit(declare([watched, other]))
      await fleet.time.pass(30_000)
      const { inventory } = await fleet.ledger.load()
      expect([...inventory.keys()]).toEqual([modelId('other')])
      expect(await health(fleet, 'b')).toBe('Missing')
    })
  })

  test('forgets the state of what went from the manifests while it was being read', async () => {
    let latency = 0
    const read: ModelFaults['read'] = () => ({ type: 'answered', latency, staleVersions: 0, unreadable: [] })
    const controls = { interval: 600_000 }
    await watching(
      declare([model('a', {}, controls), model('other')]),
      { faults: { read } },
      async ({ fleet, controller, declare: edit }) => {
        fleet.outside.remove('a')
        fleet.outside.create({ name: 'a', program: 'his', fields: {}, mark: undefined, madeBy: 'people' })
        await fleet.ledger.commit([{ type: 'disown', id: modelId('a') }])
        await fleet.time.pass(1_000)
        latency = 5_000
        controller.wake()
        await fleet.time.pass(100)
        await edit(declare([model('other')]))
        await fleet.time.pass(20_000)
        expect([...(await fleet.ledger.load()).states.keys()]).toEqual([modelId('other')])
      },
    )
  })
})

describe('a pass that is asked of the controller', () => {
  test('settles when all of it has settled, and reports what was done', async () => {
    await watching(declare([model('a')]), { faults: { wake: () => [] } }, async ({ fleet, controller }) => {
      fleet.outside.remove('a')
      const request = { selection: undefined, allowedDeletions: undefined }
      const order = await fleet.time.run(controller.orderPass(request))
      const outcomes = await fleet.time.run(order.settled)
      expect(outcomes.map(({ action, result }) => [action.type, result])).toEqual([['create', 'succeeded']])
      expect(fleet.outside.thing('a')?.state).toBe('running')
    })
  })

  test('carries its allowance for deletions, which ends with it', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `m${index}`)
    await watching(
      declare(names.map((name) => model(name))),
      {},
      async ({ fleet, controller, declare: edit }) => {
        await fleet.time.pass(5_000)
        await edit(declare([model('m0')]))
        await fleet.time.pass(20_000)
        expect(fleet.outside.current.things.size).toBe(9)
        const order = await fleet.time.run(
          controller.orderPass({ selection: new Set([modelId('m0')]), allowedDeletions: 8 }),
        )
        controller.wake(names.map(modelId))
        await fleet.time.run(order.settled)
        await fleet.time.pass(20_000)
        expect(fleet.outside.current.things.size).toBe(9)
        const whole = await fleet.time.run(
          controller.orderPass({ selection: undefined, allowedDeletions: 8 }),
        )
        await fleet.time.run(whole.settled)
        expect([...fleet.outside.current.things.keys()]).toEqual(['m0'])
      },
    )
  })
})

describe('what ends the controller', () => {
  const failing = (code: 'LeaseLost' | 'StoreCorrupt' | 'StoreFull') => {
    const switchOf = { isOn: false }
    const ledger = (real: Ledger): Ledger => ({
      ...real,
      load: () => real.load(),
      samples: (id, since) => real.samples(id, since),
      events: (query) => real.events(query),
      commit: (entries) =>
        switchOf.isOn ? Promise.reject(new ReconcileError(code, 'it is over')) : real.commit(entries),
    })
    return { switchOf, ledger }
  }
  test.each(['LeaseLost', 'StoreCorrupt', 'StoreFull'] as const)('%s', async (code) => {
    const { switchOf, ledger } = failing(code)
    const fleet = modelledFleet({ ledger })
    const controller = new Controller(fleet.world, { read: async () => declare([model('a')]) })
    const run = controller.run(new AbortController().signal).then(
      () => undefined,
      (error: unknown) => error,
    )
    await fleet.time.pass(1_000)
    switchOf.isOn = true
    fleet.outside.remove('a')
    const error = await fleet.time.run(run)
    expect(isErrorOf(error, code)).toBe(true)
    await fleet.time.pass(60_000)
    expect(fleet.outside.thing('a')).toBeUndefined()
  })
})

test('what waits for its turn to be made is not made when its manifest goes meanwhile', async () => {
  const made: string[] = []
  const effect: ModelFaults['effect'] = (action) => {
    made.push(action.summary)
    return { type: 'done', latency: 500 }
  }
  const fleet = modelledFleet({ faults: { effect } })
  let declared = declare([model('a'), model('b')], { fleet: { ...defaultFleet, concurrency: { Model: 1 } } })
  const controller = new Controller(fleet.world, { read: async () => declared })
  const end = new AbortController()
  const run = controller.run(end.signal)
  await fleet.time.pass(100)
  expect(made).toHaveLength(1)
  const [first] = [...(await fleet.ledger.load()).inventory.keys()]
  declared = { ...declared, resources: declared.resources.filter(({ id }) => id === first) }
  await fleet.time.run(controller.reread())
  await fleet.time.pass(60_000)
  expect(made).toHaveLength(1)
  const view = await fleet.ledger.load()
  expect([[...view.inventory.keys()], [...view.states.keys()]]).toEqual([[first], [first]])
  end.abort(new Error('the test is over'))
  await fleet.time.run(run)
})

test.each([
  { title: 'however many actions end while it is written down', refusals: 0 },
  { title: 'also where it cannot be written down at first', refusals: 2 },
])('that a domain refuses everything is told once, $title', async ({ refusals }) => {
  let refused = 0
  const fleet = modelledFleet({
    store: (store) => ({
      ...store,
      async commit(writes, preconditions) {
        await fleet.clock.sleep(4)
        const isTold = JSON.stringify(writes).includes('DomainRefuses')
        if (isTold && refused < refusals) {
          refused += 1
          throw new ReconcileError('StoreBusy', 'it is locked')
        }
        return store.commit(writes, preconditions)
      },
    }),
  })
  const connect: typeof fleet.world.connect = async (kind) => ({
    ...(await fleet.world.connect(kind)),
    async apply() {
      await fleet.clock.sleep(50)
      throw new ReconcileError('RemoteUnavailable', 'it is ill')
    },
  })
  const names = Array.from({ length: 20 }, (_, index) => `m${index}`)
  const declared = declare(
    names.map((name) => model(name)),
    { fleet: { ...defaultFleet, concurrency: { Model: 10 } } },
  )
  const controller = new Controller({ ...fleet.world, connect }, { read: async () => declared })
  const end = new AbortController()
  const run = controller.run(end.signal)
  await fleet.time.pass(10_000)
  expect(refused).toBe(refusals)
  const told = (await fleet.ledger.events({ limit: 100 })).filter(({ id }) => id === undefined)
  expect(told.map(({ reason, count }) => [reason, count])).toEqual([['DomainRefuses', 1]])
  end.abort(new Error('the test is over'))
  await fleet.time.run(run)
})
