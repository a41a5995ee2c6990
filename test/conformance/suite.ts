import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Action } from '../../src/core/action.ts'
import { ReconcileError } from '../../src/core/errors.ts'
import type { Pair, Reading } from '../../src/core/reconciler.ts'
import type { Resource, ResourceId } from '../../src/core/resource.ts'
import type { Finding } from '../../src/engine/finding.ts'
import type { ConformanceAdapter, Stage, Variation } from './adapter.ts'
import { deepFreeze, withoutAmbience } from './purity.ts'
import { type Fate, Rig } from './rig.ts'

/** Milliseconds that a reading has, where a test breaks it: longer than a domain’s own deadlines, which are on trial. */
const patience = 12_000

/** The properties that every domain has, as tests. */
export function describeConformance<Spec, Observed>(adapter: ConformanceAdapter<Spec, Observed>): void {
  describe(`conformance of ${adapter.name}`, () => {
    let stage: Stage<Spec, Observed>
    let lastName = 0

    beforeAll(async () => {
      stage = await adapter.open()
    })
    afterAll(() => stage?.close())

    /** A resource of its own name, in need of an action. */
    function sample(): Promise<Resource> {
      lastName += 1
      return sampleOf(`c${lastName}`)
    }
    /** One whose removal from the manifests means its end. */
    async function leavingSample(): Promise<Resource> {
      const resource = await sample()
      return { ...resource, controls: { ...resource.controls, deletionPolicy: 'Delete' } }
    }
    const sampleOf = async (name: string) => (await stage.sample(name)) as Resource
    const vary = (variation: Variation<Spec>, resource: Resource) =>
      variation.change(resource as Parameters<typeof variation.change>[0]) as Resource
    const copies = (resource: Resource) => stage.copies(resource as Parameters<typeof stage.copies>[0])
    const asDeclared = (resource: Resource) =>
      stage.expectAsDeclared(resource as Parameters<typeof stage.expectAsDeclared>[0])

    /** A change that the world must follow. */
    function anyVariation(): Variation<Spec> {
      const found = stage.variations.find(({ isQuiet }) => !isQuiet)
      if (!found) throw new Error('Expected a variation that leads to an action')
      return found
    }

    async function withRig(body: (rig: Rig<Spec, Observed>) => Promise<void>): Promise<void> {
      const rig = new Rig(stage)
      try {
        await body(rig)
      } finally {
        await rig.close()
      }
    }

    /** All is as declared, and nothing is left to do or to learn. */
    async function expectSettled(rig: Rig<Spec, Observed>, resources: readonly Resource[]): Promise<void> {
      const { plan } = await rig.draft(resources)
      for (const planned of plan.resources) {
        expect
          .soft({ id: planned.id, actions: namesOf(planned.actions) })
          .toEqual({ id: planned.id, actions: [] })
        expect.soft(planned).toMatchObject({ id: planned.id, unknown: undefined, holds: [] })
      }
      expect((await rig.load()).openIntents).toEqual([])
      for (const resource of resources) {
        await asDeclared(resource)
        expect(await copies(resource), `copies of ${resource.id}`).toBe(1)
      }
    }

    const read = async (rig: Rig<Spec, Observed>, resources: readonly Resource[]) => {
      const { readings } = await rig.observe(resources)
      return new Map([...readings].map(([id, reading]) => [id, steadyReading(stage, reading)]))
    }

    it('reads the same twice, of every resource that was asked for and of no other', () =>
      withRig(async (rig) => {
        const [made, missing] = [await sample(), await sample()]
        await rig.settle([made])
        const first = await read(rig, [made, missing])
        expect([...first.keys()].sort()).toEqual([made.id, missing.id].sort())
        expect(await read(rig, [made, missing])).toEqual(first)
        await rig.restart()
        expect(await read(rig, [made, missing])).toEqual(first)
      }))

    it('touches nothing when it connects, reads and closes', async () => {
      const resource = await sample()
      const before = await stage.snapshot()
      await withRig(async (rig) => {
        await rig.connection()
        await rig.observe([resource])
      })
      expect(await stage.snapshot()).toBe(before)
    })

    it('has nothing left to do once all was done, and the world is as declared', () =>
      withRig(async (rig) => {
        const resources = [await sample(), await sample()]
        const { outcomes } = await rig.settle(resources)
        expect(outcomes.length).toBeGreaterThan(0)
        expect(outcomes.filter(({ result }) => result !== 'succeeded')).toEqual([])
        await expectSettled(rig, resources)
        const taken = rig.taken.length
        const before = await stage.snapshot()
        await rig.settle(resources)
        expect(namesOf(rig.taken.slice(taken))).toEqual([])
        expect(await stage.snapshot()).toBe(before)
      }))

    it('takes an action twice as if once, wherever it says that it may', () =>
      withRig(async (rig) => {
        const resources: Resource[] = []
        const variations = stage.variations.filter(({ isQuiet }) => !isQuiet)
        for (const _ of variations) resources.push(await sample())
        /** A second time it may be refused; what it must not do is to happen again. */
        const twice = async (findings: readonly Finding[]) => {
          const lists = findings.filter(({ holds }) => holds.length === 0).map(({ actions }) => actions)
          await rig.applyAll(lists)
          const once = await stage.snapshot()
          const repeatable = lists.map((actions) => actions.filter((action) => action.repeatable))
          await rig.applyAll(repeatable, (_, error) => {
            expect(error).toBeInstanceOf(ReconcileError)
            expect(error).not.toMatchObject({ code: 'OutcomeUnknown' })
          })
          expect(await stage.snapshot()).toBe(once)
        }
        const { findings } = await rig.draft(resources)
        expect(findings.flatMap(({ actions }) => actions).length).toBeGreaterThan(0)
        await twice(findings)
        await rig.settle(resources)
        const varied = resources.map((resource, index) => {
          const variation = variations[index]
          return variation ? vary(variation, resource) : resource
        })
        await twice((await rig.draft(varied)).findings)
      }))

    it('finds what differs in any one field, corrects it, and takes it back', () =>
      withRig(async (rig) => {
        const cases = await Promise.all(
          stage.variations.map(async (variation) => ({ variation, base: await sample() })),
        )
        const bases = cases.map(({ base }) => base)
        const varied = cases.map(({ variation, base }) => vary(variation, base))
        await rig.settle(bases)
        for (const towards of [varied, bases]) {
          const isBack = towards === bases
          const { findings } = await rig.draft(towards)
          for (const [index, { variation, base }] of cases.entries()) {
            const found = findings.find(({ id }) => id === base.id)
            const isQuiet = variation.isQuiet || (isBack && variation.isQuietBack) || false
            const what = `${variation.field}: ${variation.what}${isBack ? ', back' : ''}`
            const isFound = (found?.actions.length ?? 0) > 0
            expect.soft(isFound, `${what}: ${index}`).toBe(!isQuiet)
          }
          await rig.settle(towards)
          await expectSettled(rig, towards)
        }
      }))

    it('has a variation for every field of its schema, or a reason why not', async () => {
      if (adapter.unvaried === undefined) return
      const path = new URL(`../../schemas/${fileName(stage.reconciler.kind)}.schema.json`, import.meta.url)
      const schema = JSON.parse(await readFile(path, 'utf8')) as SpecSchema
      const varied = stage.variations.map(({ field }) => field.split('.')[0] ?? '')
      const covered = new Set([...varied, ...Object.keys(adapter.unvaried)])
      const fields = Object.keys(schema.$defs.spec.properties)
      expect(fields.filter((field) => !covered.has(field))).toEqual([])
      expect(Object.keys(adapter.unvaried).filter((field) => !fields.includes(field))).toEqual([])
    })

    it('leaves the others alone when one changes', () =>
      withRig(async (rig) => {
        const [one, other] = [await sample(), await sample()]
        await rig.settle([one, other])
        const before = await read(rig, [other])
        await rig.settle([vary(anyVariation(), one), other])
        expect(await read(rig, [other])).toEqual(before)
      }))

    it('says Unknown of what it cannot read, does nothing about it, and takes it for absent in no way', () =>
      withRig(async (rig) => {
        const [kept, drifted, unmade] = [await sample(), await sample(), await sample()]
        const leaving = await leavingSample()
        const all = [kept, drifted, leaving]
        await rig.settle(all)
        const before = await stage.snapshot()
        const memory = rig.print()
        expect(stage.breakages.length).toBeGreaterThan(0)
        for (const { what, begin } of stage.breakages) {
          const mend = await begin()
          try {
            const { findings } = await rig.draft([kept, vary(anyVariation(), drifted), unmade], { patience })
            expect(findings).toHaveLength(4)
            for (const { id, reading, assessment, actions } of findings) {
              expect.soft(reading.type, `${what}: ${id}`).toBe('unreadable')
              expect.soft(assessment.status, `${what}: ${id}`).toBe('Unknown')
              expect.soft(namesOf(actions), `${what}: ${id}`).toEqual([])
            }
          } finally {
            await mend()
          }
          expect(await stage.snapshot(), what).toBe(before)
          expect(rig.print(), what).toBe(memory)
        }
        await rig.settle(all)
        await expectSettled(rig, all)
      }))

    it('deletes what is no longer declared, once, and succeeds where it is gone already', () =>
      withRig(async (rig) => {
        const [stays, leaving] = [await sample(), await leavingSample()]
        await rig.settle([stays, leaving])
        const { actions } = await rig.find([stays], leaving.id)
        expect(actions.length > 0).toBe(adapter.canDelete)
        expect(actions.every(({ verb }) => verb === 'delete')).toBe(true)
        for (const action of actions) await rig.apply(action)
        if (adapter.canDelete) expect(await stage.isGone(leaving.name)).toBe(true)
        const once = await stage.snapshot()
        for (const action of actions) await rig.apply(action)
        expect(await stage.snapshot()).toBe(once)
        await rig.settle([stays])
        expect((await rig.load()).inventory.has(leaving.id)).toBe(false)
        await expectSettled(rig, [stays])
        expect(await stage.snapshot()).toBe(once)
      }))

    it('deletes what a resource was before it was given another outside name, once the new thing is there', () =>
      withRig(async (rig) => {
        const [before, other] = [await leavingSample(), await sample()]
        await rig.settle([before])
        const renamed = stage.renamed(before as Parameters<typeof stage.renamed>[0], other.name) as Resource
        const { findings } = await rig.draft([renamed])
        const going = findings.filter(({ desired }) => !desired).flatMap(({ actions }) => actions)
        expect(going.map(({ verb }) => verb)).toEqual(adapter.canDelete ? ['delete'] : [])
        await rig.settle([renamed])
        expect(await stage.isGone(before.name)).toBe(adapter.canDelete)
        expect(await stage.isGone(other.name)).toBe(false)
        const { findings: left } = await rig.draft([renamed])
        expect(left.map(({ id, actions, holds }) => [id, namesOf(actions), holds])).toEqual([
          [renamed.id, [], []],
        ])
        expect([...(await rig.load()).inventory.keys()]).toEqual([renamed.id])
      }))

    it('leaves what is no longer declared where its policy says Orphan', () =>
      withRig(async (rig) => {
        const leaves = await sample()
        const stays = await sample()
        const orphan = { ...leaves, controls: { ...leaves.controls, deletionPolicy: 'Orphan' as const } }
        await rig.settle([orphan, stays])
        const before = await stage.snapshot()
        await rig.settle([stays])
        expect(await stage.snapshot()).toBe(before)
        expect((await rig.load()).inventory.has(orphan.id)).toBe(false)
      }))

    it('changes neither world nor memory in a dry run, whatever there would be to do', () =>
      withRig(async (rig) => {
        const [missing, drifted, lost] = [await sample(), await sample(), await sample()]
        const leaving = await leavingSample()
        await rig.settle([drifted, leaving, lost])
        await stage.takeAway?.(lost.name)
        const before = await stage.snapshot()
        const memory = rig.print()
        const { plan } = await rig.draft([missing, vary(anyVariation(), drifted), lost])
        const planned = plan.resources.filter(({ actions }) => actions.length > 0).map(({ id }) => id)
        const expected = [missing.id, drifted.id]
        if (adapter.canDelete) expected.push(leaving.id)
        if (stage.takeAway) expected.push(lost.id)
        expect([...planned].sort()).toEqual(expected.sort())
        expect(await stage.snapshot()).toBe(before)
        expect(rig.print()).toBe(memory)
      }))

    it('judges by what it is given alone, and changes none of it', () =>
      withRig(async (rig) => {
        const [missing, made, drifted] = [await sample(), await sample(), await sample()]
        await rig.settle([made, drifted])
        const { findings, now } = await rig.draft([missing, made, vary(anyVariation(), drifted)])
        const { reconciler } = stage
        for (const finding of findings) {
          const pair = deepFreeze(pairOf<Spec, Observed>(finding))
          const judge = () => ({
            diff: reconciler.diff(pair),
            assess: reconciler.assess(pair, { now, samples: [] }),
            fields: pair.desired && reconciler.fields(pair.desired),
            claim: pair.observed && reconciler.claim(pair.desired, pair.observed),
            gone: pair.observed && reconciler.diff({ ...pair, desired: undefined }),
          })
          const first = withoutAmbience(judge)
          expect(withoutAmbience(judge)).toEqual(first)
          expect(judge()).toEqual(first)
        }
      }))

    it('gives the declared fields in a form that survives JSON and tells declarations apart', () =>
      withRig(async (rig) => {
        const base = await sample()
        const { reconciler } = stage
        const fieldsOf = (resource: Resource) =>
          reconciler.fields(resource as Parameters<typeof reconciler.fields>[0])
        const fields = fieldsOf(base)
        expect(JSON.parse(JSON.stringify(fields))).toEqual(fields)
        expect(fieldsOf(await sampleOf(base.name))).toEqual(fields)
        for (const variation of stage.variations) {
          const varied = fieldsOf(vary(variation, base))
          expect.soft(varied, `${variation.field}: ${variation.what}`).not.toEqual(fields)
          expect.soft(JSON.parse(JSON.stringify(varied))).toEqual(varied)
        }
        await rig.settle([base])
        expect((await rig.load()).inventory.get(base.id)?.fields).toEqual(fields)
      }))

    it('keeps secrets out of its memory, its plans and its world’s names', () =>
      withRig(async (rig) => {
        const resource = await sample()
        const varied = vary(anyVariation(), resource)
        const plans = [(await rig.draft([resource])).plan]
        await rig.settle([resource])
        plans.push((await rig.draft([varied])).plan)
        await rig.settle([varied])
        for (const secret of stage.secrets ?? []) {
          expect(rig.print()).not.toContain(secret)
          for (const { resources } of plans) {
            const told = resources.flatMap(({ actions, ...rest }) => [
              rest,
              ...actions.map(({ summary, reason, changes }) => ({ summary, reason, changes })),
            ])
            expect(JSON.stringify(told)).not.toContain(secret)
          }
        }
      }))

    describe.each<readonly [string, { readonly acts: boolean; readonly error: () => ReconcileError }]>([
      [
        'a lost answer',
        { acts: true, error: () => new ReconcileError('OutcomeUnknown', 'the answer was lost') },
      ],
      [
        'a lost question',
        { acts: false, error: () => new ReconcileError('OutcomeUnknown', 'nobody answered') },
      ],
      ['a death after the effect', { acts: true, error: () => new ReconcileError('LeaseLost', 'dead') }],
      ['a death before the effect', { acts: false, error: () => new ReconcileError('LeaseLost', 'dead') }],
    ])('after %s', (_, { acts, error }) => {
      /** Every action meets it once, the first time. */
      function misfortune(): Fate {
        const met = new Set<string>()
        return async (action, act) => {
          const key = `${action.type} ${action.summary}`
          if (met.has(key)) return act()
          met.add(key)
          if (acts) await act()
          throw error()
        }
      }

      /** Passes until no misfortune is left; a dead one is followed by another with the same memory. */
      async function endure(
        rig: Rig<Spec, Observed>,
        resources: readonly Resource[],
        wait: boolean,
      ): Promise<void> {
        const fate = misfortune()
        for (let life = 0; life < 10; life += 1) {
          try {
            await rig.settle(resources, { fate, wait })
            return
          } catch (reason) {
            if (!(reason instanceof ReconcileError) || reason.code !== 'LeaseLost') throw reason
          }
          await rig.restart()
        }
        throw new Error('Expected an end of the misfortunes')
      }

      it('nothing is there twice, and what may be tried again is', () =>
        withRig(async (rig) => {
          const base = await sample()
          for (const resource of [base, vary(anyVariation(), base)]) {
            const { actions } = await rig.find([resource], resource.id)
            // What may not be repeated blindly waits until it is sure, which is longer than a test can.
            const isPatient = !acts && actions.some(({ repeatable }) => !repeatable)
            await endure(rig, [resource], !isPatient)
            expect(await copies(resource)).toBeLessThanOrEqual(1)
            if (isPatient) await expectNoBlindRepetition(rig, resource)
            if (isPatient && !stage.run) return
            await rig.settle([resource])
            await expectSettled(rig, [resource])
          }
        }))

      async function expectNoBlindRepetition(rig: Rig<Spec, Observed>, resource: Resource): Promise<void> {
        const sent = () => rig.taken.filter(({ repeatable }) => !repeatable).length
        const before = sent()
        expect(before).toBeGreaterThan(0)
        await rig.restart()
        await rig.settle([resource], { wait: false })
        expect(sent()).toBe(before)
        expect((await rig.load()).openIntents.filter(({ repeatable }) => !repeatable)).toHaveLength(1)
      }
    })
  })
}

interface SpecSchema {
  readonly $defs: { readonly spec: { readonly properties: Readonly<Record<string, unknown>> } }
}

/** `FunctionSet` -> `function-set`. */
function fileName(kind: string): string {
  return kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()
}

function namesOf(actions: readonly Action[]): readonly string[] {
  return actions.map(({ type, summary, reason }) => `${type}: ${summary} (${reason})`)
}

function steadyReading<Spec, Observed>(stage: Stage<Spec, Observed>, reading: Reading<Observed>): unknown {
  if (reading.type === 'unreadable' || reading.value === undefined) return reading
  return { type: reading.type, value: stage.steady ? stage.steady(reading.value) : reading.value }
}

/** What the engine judged, as it gave it to the domain. */
function pairOf<Spec, Observed>(finding: Finding): Pair<Spec, Observed> {
  const { id, desired, ownership, mark, unconfirmed, reading } = finding
  return {
    id: id as ResourceId,
    desired: desired as Pair<Spec, Observed>['desired'],
    observed: (reading.type === 'unreadable' ? undefined : reading.value) as Observed | undefined,
    owned: ownership,
    mark,
    posture: 'active',
    unconfirmed,
  }
}
