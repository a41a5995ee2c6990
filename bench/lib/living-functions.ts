import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../src/clients/host/clock.ts'
import { systemRandom } from '../../src/clients/host/random.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { Connection } from '../../src/core/reconciler.ts'
import { resourceId } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'
import type { FunctionSetAction } from '../../src/reconcilers/function-set/action.ts'
import { reconciler } from '../../src/reconcilers/function-set/index.ts'
import type { ObservedFunctionSet } from '../../src/reconcilers/function-set/observed.ts'
import type { DesiredFunctionSet } from '../../src/reconcilers/function-set/place.ts'
import type { FunctionSetSpec } from '../../src/reconcilers/function-set/spec.generated.ts'
import { memoryCache } from '../../test/support/memory-cache.ts'
import { defaultControls, defaultFleet } from '../../test/support/modelled-fleet.ts'

type Functions = Connection<FunctionSetSpec, ObservedFunctionSet, FunctionSetAction>

/**
 * The domain of functions in a process that lives already, as in a controller: its pass is a reading, what follows from
 * it, and a reading that confirms it.
 */
export class LivingFunctions {
  readonly #desired: DesiredFunctionSet
  readonly #connection: Functions

  private constructor(desired: DesiredFunctionSet, connection: Functions) {
    this.#desired = desired
    this.#connection = connection
  }

  /** For the functions of a project on a site; it knows nothing and has bundled nothing yet. */
  static async open(project: string, site: { readonly name: string; readonly apiUrl: string }) {
    const { name, apiUrl } = site
    const folder = join(project, '.living')
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder)
    const connection = await reconciler.connect({
      fleet: { ...defaultFleet, netlify: { apiUrl, token: Secret.read('bench', 'test-token', 'bench') } },
      env: { PATH: process.env.PATH, HOME: project },
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      store: { id: 'bench', location: join(folder, 'state.db') },
      mayRunCommands: false,
      cache: memoryCache(new Map()),
    })
    const desired: DesiredFunctionSet = {
      id: resourceId('FunctionSet', name),
      kind: 'FunctionSet',
      name,
      labels: {},
      annotations: {},
      controls: defaultControls,
      origin: { file: join(project, 'manifests/living.yaml'), line: 1, column: 1 },
      unresolved: [],
      spec: { site: name, directory: '../netlify/functions' },
    }
    return new LivingFunctions(desired, connection)
  }

  /** Rejects where anything is left to do after it. */
  async pass(): Promise<void> {
    const actions = await this.#look()
    for (const action of actions) await this.#connection.apply(action, AbortSignal.timeout(300_000))
    if (actions.length > 0 && (await this.#look()).length > 0)
      throw new Error('The pass left something to do')
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #look(): Promise<readonly FunctionSetAction[]> {
    const desired = this.#desired
    const { id } = desired
    const wanted = { id, desired, owned: undefined, unconfirmed: [] }
    const { readings } = await this.#connection.observe([wanted], AbortSignal.timeout(300_000))
    const reading = readings.get(id)
    if (reading?.type !== 'present') throw new Error(`Could not read the site: ${JSON.stringify(reading)}`)
    const mark = { fleet: 'bench', environment: '', store: 'bench', id, origin: 'adopted', hash: '' } as const
    return reconciler.diff({ ...wanted, observed: reading.value, mark, posture: 'active' })
  }
}
