import { expect } from 'vitest'
import type { EffectFate, ModelFaults, ReadFate } from '../support/model-faults.ts'
import { noFaults } from '../support/model-faults.ts'
import { type DispatchSpec, dispatchReconciler, type SeenRuns } from '../support/modelled-dispatch.ts'
import { type ModelSpec, modelReconciler } from '../support/modelled-domain.ts'
import { resourceOf } from '../support/modelled-fleet.ts'
import { ModelledWorld, type Thing } from '../support/modelled-world.ts'
import { SimulatedTime } from '../support/simulated-clock.ts'
import type { Breakage, ConformanceAdapter, Stage } from './adapter.ts'

/** A world of the simulation with a switch for how it can be read. */
function modelled() {
  const time = new SimulatedTime()
  const world = new ModelledWorld(() => time.now)
  const clock = time.clock()
  let readFate: ReadFate | undefined
  const faults: ModelFaults = {
    ...noFaults,
    read: (kind, ids) => readFate ?? noFaults.read(kind, ids),
    effect: (): EffectFate => ({ type: 'done', latency: 5 }),
  }
  const broken = (what: string, fate: ReadFate): Breakage => ({
    what,
    begin: async () => {
      readFate = fate
      return () => {
        readFate = undefined
      }
    },
  })
  return {
    time,
    world,
    faults: { world, clock, faults },
    common: {
      context: { clock },
      breakages: [
        broken('it answers with an error', { type: 'error', latency: 1 }),
        broken('it does not answer', { type: 'hang' }),
      ],
      snapshot: async () => world.print(),
      run: <T>(work: Promise<T>) => time.run(work),
      close: async () => undefined,
    },
  }
}

/** Things of the simulation that we name ourselves. */
export const modelAdapter: ConformanceAdapter<ModelSpec, Thing> = {
  name: 'Model, as the simulation has it',
  unvaried: undefined,
  canDelete: true,
  async open(): Promise<Stage<ModelSpec, Thing>> {
    const { world, faults, common } = modelled()
    return {
      ...common,
      reconciler: modelReconciler(faults),
      sample: async (name) =>
        resourceOf('Model', name, { program: `${name}.mjs`, fields: { size: '1', colour: 'red' } }),
      variations: [
        {
          field: 'fields',
          what: 'another value',
          change: (one) => ({ ...one, spec: { ...one.spec, fields: { size: '2', colour: 'red' } } }),
        },
        {
          field: 'fields',
          what: 'one less',
          change: (one) => ({ ...one, spec: { ...one.spec, fields: { size: '1' } } }),
        },
        {
          field: 'fields',
          what: 'none at all',
          change: (one) => ({ ...one, spec: { program: one.spec.program } }),
        },
        {
          field: 'program',
          what: 'another',
          change: (one) => ({ ...one, spec: { ...one.spec, program: 'other.mjs' } }),
        },
      ],
      expectAsDeclared: async ({ name, spec }) => {
        expect(world.thing(name)).toMatchObject({
          program: spec.program,
          state: 'running',
          fields: spec.fields ?? {},
        })
        expect(Object.keys(world.thing(name)?.fields ?? {})).toHaveLength(
          Object.keys(spec.fields ?? {}).length,
        )
      },
      copies: async ({ name }) =>
        [...world.current.things.values()].filter((one) => one.name === name).length,
      isGone: async (name) => world.thing(name) === undefined,
      renamed: (resource, name) => ({ ...resource, spec: { ...resource.spec, name } }),
      takeAway: async (name) => world.remove(name),
    }
  },
}

/** Runs of the simulation that the vendor names: to ask twice makes two. */
export const dispatchAdapter: ConformanceAdapter<DispatchSpec, SeenRuns> = {
  name: 'Dispatch, as the simulation has it',
  unvaried: undefined,
  canDelete: false,
  async open(): Promise<Stage<DispatchSpec, SeenRuns>> {
    const { world, faults, common } = modelled()
    return {
      ...common,
      reconciler: dispatchReconciler(faults),
      sample: async (name) => {
        return resourceOf('Dispatch', name, { revision: 'r1' })
      },
      variations: [
        {
          field: 'revision',
          what: 'a newer one',
          // The run of the older one has not ceased to be.
          isQuietBack: true,
          change: (one) => {
            return { ...one, spec: { revision: 'r2' } }
          },
        },
      ],
      expectAsDeclared: async ({ name, spec }) => {
        const runs = world.current.runs.filter((run) => run.workflow === name)
        expect(runs.map(({ revision }) => revision)).toContain(spec.revision)
      },
      copies: async ({ name }) => {
        const runs = world.current.runs.filter((run) => run.workflow === name)
        const byRevision = Map.groupBy(runs, ({ revision }) => revision)
        return Math.max(0, ...[...byRevision.values()].map((same) => same.length))
      },
      isGone: async () => false,
      renamed: (resource, workflow) => ({ ...resource, spec: { ...resource.spec, workflow } }),
      // What was read is dated: two readings of the same list are the same.
      steady: ({ runs }) => runs,
    }
  },
}
