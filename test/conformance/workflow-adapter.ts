import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Resource, resourceId } from '../../src/core/resource.ts'
import { type Resolved, Secret } from '../../src/core/secret.ts'
import { reconciler } from '../../src/reconcilers/workflow/index.ts'
import type { ObservedWorkflow } from '../../src/reconcilers/workflow/observed.ts'
import type { WorkflowSpec } from '../../src/reconcilers/workflow/spec.generated.ts'
import type { FaultKind } from '../simulators/github/faults.ts'
import { GithubSimulator } from '../simulators/github/server.ts'
import { type SimulatedRepository, shaOf } from '../simulators/github/world.ts'
import { defaultControls, defaultFleet } from '../support/modelled-fleet.ts'
import { makeFolder, removeFolder } from '../support/pm2.ts'
import type { Breakage, ConformanceAdapter, Stage, Variation } from './adapter.ts'

type Spec = Resolved<WorkflowSpec>
type Desired = Resource<Spec>

const day = 86_400_000
const token = 'test-token'
const source = 'on:\n  workflow_dispatch:\njobs: {}\n'

/** Reads that are not declared to be anything of the world: they decide what is judged, and nothing follows at once. */
const judged = (field: string, what: string, spec: Partial<Spec>): Variation<WorkflowSpec> => ({
  field,
  what,
  change: (one) => ({ ...one, spec: { ...one.spec, ...spec, green: { ...one.spec.green, ...spec.green } } }),
  isQuiet: true,
})

const variations: readonly Variation<WorkflowSpec>[] = [
  {
    field: 'state',
    what: 'disabled',
    change: (one) => ({ ...one, spec: { ...one.spec, state: 'disabled' } }),
  },
  {
    field: 'source',
    what: 'its content',
    change: (one) => ({ ...one, spec: { ...one.spec, source: './source.yml' } }),
    // What is no longer declared is left as it is.
    isQuietBack: true,
  },
  judged('delivery', 'by a pull request', { delivery: 'pull-request' }),
  judged('reenable', 'nothing', { reenable: [] }),
  judged('green.within', 'two days', { green: { within: '2d' } }),
  judged('green.events', 'some', { green: { events: ['schedule', 'workflow_dispatch'] } }),
  judged('green.onFailure', 'all again', { green: { onFailure: 'rerun' } }),
  judged('green.ignoreConclusions', 'others', { green: { ignoreConclusions: ['neutral'] } }),
  judged('dispatch.inputs', 'others', { dispatch: { inputs: { reason: 'old' } } }),
]

/** Workflows on the simulator of GitHub. In need of a run, which GitHub names: asking twice makes two. */
export const workflowAdapter: ConformanceAdapter<WorkflowSpec, ObservedWorkflow> = {
  name: 'Workflow on the simulator of GitHub',
  unvaried: {
    repository: 'it is the outside name: another one is another thing',
    path: 'it is the outside name',
    branch: 'runs on another branch are other runs; test/e2e/workflow.test.ts has branches',
  },
  canDelete: true,
  async open(): Promise<Stage<WorkflowSpec, ObservedWorkflow>> {
    const simulator = await GithubSimulator.start()
    const site = simulator.world.add('acme/site')
    const folder = await makeFolder()
    await writeFile(join(folder, 'source.yml'), source)
    return stageOn(simulator, site, folder)
  },
}

function stageOn(
  simulator: GithubSimulator,
  site: SimulatedRepository,
  folder: string,
): Stage<WorkflowSpec, ObservedWorkflow> {
  const find = (name: string) => site.workflows.find(({ path }) => path === pathOf(name))
  const runsOf = (name: string) => site.runs.filter(({ workflowId }) => workflowId === find(name)?.id)
  return {
    reconciler,
    context: {
      fleet: {
        ...defaultFleet,
        github: { apiUrl: simulator.url, token: Secret.read('fromEnv GITHUB_TOKEN', token, 'digest') },
      },
    },
    sample: async (name) => {
      if (!find(name)) site.addRun(site.addWorkflow(`${name}.yml`), { age: 3 * day, event: 'schedule' })
      return declared(name, folder)
    },
    variations,
    expectAsDeclared: async ({ name, spec }) => {
      expect(find(name)?.state).toBe(spec.state === 'disabled' ? 'disabled_manually' : 'active')
      if (spec.source !== undefined) {
        expect(site.branches.get('main')?.files.get(pathOf(name))?.toString()).toBe(source)
      }
      expect(runsOf(name)[0]).toMatchObject({ event: 'workflow_dispatch', conclusion: 'success' })
      expect(simulator.violations).toEqual([])
    },
    copies: async ({ name }) => runsOf(name).filter(({ event }) => event === 'workflow_dispatch').length,
    isGone: async (name) => find(name)?.state === 'disabled_manually',
    renamed: (resource, name) => ({ ...resource, spec: { ...resource.spec, path: pathOf(name) } }),
    takeAway: async (name) => {
      const workflow = find(name)
      if (workflow) workflow.state = 'disabled_inactivity'
    },
    breakages: [
      {
        what: 'the token is not known any more',
        begin: async () => {
          simulator.tokens.delete(token)
          return () => {
            simulator.tokens.add(token)
          }
        },
      },
      ...(['hang', 'cut', '500', 'malformed', 'wrong-shape'] as const).map((kind) => broken(simulator, kind)),
    ],
    snapshot: async () => print(simulator),
    steady: ({ clockAhead: _, runs, ...rest }) => ({ ...rest, runs: runs && { ...runs, readAt: 0 } }),
    secrets: [token],
    close: async () => {
      await simulator.close()
      await removeFolder(folder)
    },
  }
}

function broken(simulator: GithubSimulator, kind: FaultKind): Breakage {
  return {
    what: `every call ends with the fault ${kind}`,
    begin: async () => {
      simulator.faults.add({ kind })
      return () => simulator.faults.clear()
    },
  }
}

function pathOf(name: string): string {
  return `.github/workflows/${name}.yml`
}

function declared(name: string, folder: string): Desired {
  return {
    id: resourceId('Workflow', name),
    kind: 'Workflow',
    name,
    labels: {},
    annotations: {},
    controls: {
      ...defaultControls,
      recovery: { ...defaultControls.recovery, backoff: { initial: 100, max: 1000, factor: 2 } },
    },
    origin: { file: join(folder, 'manifest.yaml'), line: 1, column: 1 },
    unresolved: [],
    spec: {
      repository: 'acme/site',
      path: pathOf(name),
      state: 'active',
      reenable: ['inactivity', 'manual'],
      green: { within: '24h', onStale: 'dispatch' },
      dispatch: { inputs: { reason: 'stale' } },
    },
  }
}

/**
 * All that the simulator keeps; runs whose time has come have ended. Not when a switch was set last: to set it to what
 * it is dates it anew.
 */
function print(simulator: GithubSimulator): string {
  const repositories = [...simulator.world.repositories.values()].map((repository) => {
    repository.advance()
    const branches = [...repository.branches].map(([name, { sha, files }]) => [
      name,
      sha,
      [...files].map(([path, content]) => [path, shaOf(content)]),
    ])
    const { runs, pulls } = repository
    const workflows = repository.workflows.map((workflow) => ({ ...workflow, updatedAt: 0 }))
    return { name: repository.fullName, workflows, runs, pulls, branches }
  })
  return JSON.stringify(repositories, null, 1)
}
