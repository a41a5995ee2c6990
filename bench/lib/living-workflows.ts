import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clients/host/clock.ts'
import { systemRandom } from '../../src/clients/host/random.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { Wanted } from '../../src/core/reconciler.ts'
import { Secret } from '../../src/core/secret.ts'
import { connectWorkflows } from '../../src/reconcilers/workflow/connection.ts'
import type { WorkflowSpec } from '../../src/reconcilers/workflow/spec.generated.ts'
import { openDomainCache } from '../../src/state/domain-cache.ts'
import { openSqliteStore } from '../../src/state/sqlite.ts'
import { wantedWorkflow } from '../../test/support/many-repositories.ts'
import { defaultFleet } from '../../test/support/modelled-fleet.ts'

type Store = Awaited<ReturnType<typeof openSqliteStore>>
type Workflows = Awaited<ReturnType<typeof connectWorkflows>>

/** The domain of workflows in a process that lives already, as in a controller, over a real state file. */
export class LivingWorkflows {
  readonly #folder: string
  readonly #wanted: readonly Wanted<WorkflowSpec>[]
  readonly #store: Store
  readonly #connection: Workflows

  private constructor(folder: string, wanted: readonly Wanted<WorkflowSpec>[], open: [Store, Workflows]) {
    this.#folder = folder
    this.#wanted = wanted
    ;[this.#store, this.#connection] = open
  }

  /** For all workflows of so many repositories; it knows nothing yet. */
  static async open(
    apiUrl: string,
    size: { readonly repositories: number; readonly workflowsEach: number },
  ): Promise<LivingWorkflows> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-workflows-'))
    const path = join(folder, 'state.db')
    const store = await openSqliteStore({ path, mode: 'write', clock: systemClock, random: systemRandom })
    const lease = { guard: () => ({ collection: 'lease', key: 'nobody', revision: 0 }) }
    const token = Secret.read('bench', 'test-token', 'bench')
    const connection = await connectWorkflows(
      {
        fleet: { ...defaultFleet, github: { apiUrl, token } },
        env: {},
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        store: { id: store.id, location: store.location },
        mayRunCommands: true,
        cache: openDomainCache({ store, kind: 'Workflow', lease }),
      },
      { request: 120_000, reading: 600_000 },
    )
    const wanted = Array.from({ length: size.repositories * size.workflowsEach }, (_, index) =>
      wantedWorkflow(index % size.repositories, Math.floor(index / size.repositories)),
    )
    return new LivingWorkflows(folder, wanted, [store, connection])
  }

  /** Reads all of them. Rejects where one could not be read. */
  async read(): Promise<void> {
    const { readings } = await this.#connection.observe(this.#wanted, AbortSignal.timeout(600_000))
    for (const [id, reading] of readings) {
      if (reading.type !== 'present') throw new Error(`${id} is ${reading.type}`)
    }
  }

  async close(): Promise<void> {
    await this.#connection.close()
    await this.#store.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
