import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clients/host/clock.ts'
import { systemRandom } from '../../src/clients/host/random.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { Wanted } from '../../src/core/reconciler.ts'
import { resourceId } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'
import { connectWorkflows } from '../../src/reconcilers/workflow/connection.ts'
import type { WorkflowSpec } from '../../src/reconcilers/workflow/spec.generated.ts'
import { openDomainCache } from '../../src/state/domain-cache.ts'
import { openSqliteStore } from '../../src/state/sqlite.ts'
import { GithubSimulator } from '../simulators/github/server.ts'
import { defaultControls, defaultFleet } from './modelled-fleet.ts'
import { SeededRandom } from './seeded-random.ts'

export interface ManyRepositoriesOptions {
  readonly repositories: number
  readonly workflowsEach: number
  readonly runsEach: number
}

/** What one reading of all cost. */
export interface ReadingCost {
  readonly requests: number
  /** Of those, what GitHub counts against the limit. */
  readonly counted: number
  readonly unreadable: number
  readonly ms: number
}

/** Many workflows over many repositories of the simulator, and a state file: what reading them costs. */
export class ManyRepositories {
  readonly simulator: GithubSimulator
  readonly #folder: string
  readonly #wanted: readonly Wanted<WorkflowSpec>[]

  private constructor(simulator: GithubSimulator, folder: string, wanted: readonly Wanted<WorkflowSpec>[]) {
    this.simulator = simulator
    this.#folder = folder
    this.#wanted = wanted
  }

  static async create(options: ManyRepositoriesOptions): Promise<ManyRepositories> {
    const simulator = await GithubSimulator.start()
    simulator.isJudged = false
    const wanted: Wanted<WorkflowSpec>[] = []
    for (let index = 0; index < options.repositories; index += 1) {
      const repository = simulator.world.add(`acme/r${index}`)
      for (let number = 0; number < options.workflowsEach; number += 1) {
        repository.addWorkflow(`w${number}.yml`)
        wanted.push(wantedWorkflow(index, number))
      }
      for (let run = 0; run < options.runsEach; run += 1) {
        const workflow = repository.workflows[run % options.workflowsEach]
        if (workflow) repository.addRun(workflow)
      }
    }
    return new ManyRepositories(simulator, await mkdtemp(join(tmpdir(), 'many-')), wanted)
  }

  /** A new run in each of the first repositories. */
  change(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const repository = this.simulator.world.repositories.get(`acme/r${index}`)
      const [workflow] = repository?.workflows ?? []
      if (repository && workflow) repository.addRun(workflow)
    }
  }

  /** Reads all as a start does that knows nothing but what is in the state file. */
  async read(): Promise<ReadingCost> {
    const store = await openSqliteStore({
      path: join(this.#folder, 'state.db'),
      mode: 'write',
      clock: systemClock,
      random: systemRandom,
    })
    try {
      const lease = { guard: () => ({ collection: 'lease', key: 'nobody', revision: 0 }) }
      const connection = await connectWorkflows(
        {
          fleet: {
            ...defaultFleet,
            github: { apiUrl: this.simulator.url, token: Secret.read('fromEnv T', 'test-token', 'digest') },
          },
          env: {},
          clock: systemClock,
          random: new SeededRandom(1),
          logger: silentLogger,
          store: { id: store.id, location: store.location },
          mayRunCommands: true,
          cache: openDomainCache({ store, kind: 'Workflow', lease }),
        },
        // Counted, however slow the machine is.
        { request: 120_000, reading: 600_000 },
      )
      const before = this.simulator.calls.length
      const from = performance.now()
      const { readings } = await connection.observe(this.#wanted, new AbortController().signal)
      const ms = Math.round(performance.now() - from)
      await connection.close()
      const calls = this.simulator.calls.slice(before)
      return {
        requests: calls.length,
        counted: calls.filter(({ isCounted }) => isCounted).length,
        unreadable: [...readings.values()].filter(({ type }) => type === 'unreadable').length,
        ms,
      }
    } finally {
      await store.close()
    }
  }

  async close(): Promise<void> {
    await this.simulator.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** Workflow `w<number>.yml` of `acme/r<repository>`, active and green within a day. */
export function wantedWorkflow(repository: number, number: number): Wanted<WorkflowSpec> {
  const name = `r${repository}-w${number}`
  const id = resourceId('Workflow', name)
  return {
    id,
    owned: undefined,
    unconfirmed: [],
    desired: {
      id,
      kind: 'Workflow',
      name,
      labels: {},
      annotations: {},
      spec: {
        repository: `acme/r${repository}`,
        path: `.github/workflows/w${number}.yml`,
        state: 'active',
        green: { within: '24h' },
      },
      controls: defaultControls,
      origin: { file: '/manifests/all.yaml', line: 1, column: 1 },
      unresolved: [],
    },
  }
}
