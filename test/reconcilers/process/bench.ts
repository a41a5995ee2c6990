import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { systemRandom } from '../../../src/clients/host/random.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { Mark, Owned } from '../../../src/core/ownership.ts'
import type { Connection, Pair, Reading } from '../../../src/core/reconciler.ts'
import { type Controls, type Resource, type ResourceId, resourceId } from '../../../src/core/resource.ts'
import type { Resolved } from '../../../src/core/secret.ts'
import type { ProcessAction } from '../../../src/reconcilers/process/action.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import type { ObservedProcess } from '../../../src/reconcilers/process/observed.ts'
import type { ProcessSpec } from '../../../src/reconcilers/process/spec.generated.ts'
import { defaultControls } from '../../support/modelled-fleet.ts'
import { plainEnv } from '../../support/pm2.ts'

export type Spec = Resolved<ProcessSpec>
export type Desired = Resource<Spec>

/** A Process as the manifests part hands it over. */
export function declare(
  name: string,
  spec: Spec,
  options: { readonly folder?: string; readonly controls?: Partial<Controls> } = {},
): Desired {
  return {
    id: resourceId('Process', name),
    kind: 'Process',
    name,
    labels: {},
    annotations: {},
    spec,
    controls: { ...defaultControls, ...options.controls },
    origin: { file: join(options.folder ?? '/srv/manifests', 'process.yaml'), line: 1, column: 1 },
    unresolved: [],
  }
}

export interface BenchOptions {
  readonly folder: string
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  readonly mayRunCommands?: boolean
  readonly store?: string
}

/**
 * The domain with as little engine around it as makes sense: one resource at a time, an inventory in memory, no
 * guards. What the engine would do between is written out in `settle`.
 */
export class Bench {
  readonly #options: BenchOptions
  #connection: Promise<Connection<ProcessSpec, ObservedProcess, ProcessAction>> | undefined
  readonly owned = new Map<ResourceId, Owned>()
  posture: Pair<ProcessSpec, ObservedProcess>['posture'] = 'active'

  constructor(options: BenchOptions) {
    this.#options = options
  }

  connection(): Promise<Connection<ProcessSpec, ObservedProcess, ProcessAction>> {
    const { home, env, mayRunCommands, store, folder } = this.#options
    this.#connection ??= reconciler.connect({
      fleet: {
        name: 'test',
        environment: undefined,
        healthTarget: 80,
        intervals: {},
        deletions: { max: 5, percent: 25 },
        concurrency: {},
        github: { apiUrl: undefined, token: undefined },
        netlify: { apiUrl: undefined, token: undefined },
        pm2: { home },
        historyKeep: 1,
        allowedPaths: [],
      },
      env: { ...plainEnv, XDG_DATA_HOME: join(folder, 'data'), ...env },
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      store: { id: store ?? 'store-1', location: join(folder, `${store ?? 'store-1'}.db`) },
      mayRunCommands: mayRunCommands ?? true,
    })
    return this.#connection
  }

  async close(): Promise<void> {
    await (await this.#connection)?.close()
    this.#connection = undefined
  }

  async read(desired: Desired): Promise<Reading<ObservedProcess>> {
    const connection = await this.connection()
    const wanted = { id: desired.id, desired, owned: this.owned.get(desired.id), unconfirmed: [] }
    const { readings } = await connection.observe([wanted], AbortSignal.timeout(20_000))
    const reading = readings.get(desired.id)
    if (!reading) throw new Error(`${desired.id} was asked for and not answered`)
    return reading
  }

  async pair(desired: Desired): Promise<Pair<ProcessSpec, ObservedProcess>> {
    const reading = await this.read(desired)
    if (reading.type === 'unreadable') throw new Error(`${reading.code}: ${reading.message}`)
    const owned = this.owned.get(desired.id)
    return {
      id: desired.id,
      desired,
      observed: reading.value,
      owned,
      mark: this.mark(desired, owned),
      posture: this.posture,
      unconfirmed: [],
    }
  }

  mark(desired: Desired, owned: Owned | undefined): Mark {
    return {
      fleet: 'test',
      environment: '',
      store: this.#options.store ?? 'store-1',
      id: desired.id,
      origin: owned?.origin ?? 'created',
      hash: JSON.stringify(desired.spec),
    }
  }

  async plan(desired: Desired): Promise<readonly ProcessAction[]> {
    return reconciler.diff(await this.pair(desired))
  }

  async assess(desired: Desired, samples: { at: number; values: Record<string, number> }[] = []) {
    const pair = await this.pair(desired)
    const assessment = reconciler.assess(pair, { now: Date.now(), samples })
    const before = this.owned.get(desired.id)
    if (assessment.remember && before) {
      this.owned.set(desired.id, { ...before, memory: assessment.remember })
    }
    return assessment
  }

  async apply(action: ProcessAction): Promise<void> {
    await (await this.connection()).apply(action, AbortSignal.timeout(30_000))
  }

  /** Plans, applies and books; gives what was applied. */
  async settle(desired: Desired): Promise<readonly ProcessAction[]> {
    const pair = await this.pair(desired)
    const actions = reconciler.diff(pair)
    for (const action of actions) await this.apply(action)
    const before = this.owned.get(desired.id)
    this.owned.set(desired.id, {
      id: desired.id,
      externalName: reconciler.externalName(desired as Resource<ProcessSpec>),
      origin: before?.origin ?? (actions.some(({ type }) => type === 'adopt') ? 'adopted' : 'created'),
      deletionPolicy: undefined,
      fields: reconciler.fields(desired),
      memory: before?.memory ?? {},
      since: 0,
    })
    return actions
  }
}

/** What a child of `tattle.cjs` saw of itself. */
export interface Told {
  readonly pid: number
  readonly argv: readonly string[]
  readonly execArgv: readonly string[]
  readonly execPath: string
  readonly script: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

const tattle = `
const { writeFileSync, renameSync } = require('node:fs')
const told = { pid: process.pid, argv: process.argv.slice(2), execArgv: process.execArgv, execPath: process.execPath,
  script: process.env.pm_exec_path, cwd: process.cwd(), env: process.env }
if (process.env.TELL === undefined) throw new Error('TELL says nowhere to tell it')
const file = process.env.TELL + '.' + process.pid
writeFileSync(file, JSON.stringify(told))
renameSync(file, process.env.TELL)
process.stdout.write('out ' + process.pid + '\\n')
process.stderr.write('err ' + process.pid + '\\n')
const server = require('node:http').createServer((_, response) => response.end('ok'))
server.listen(Number(process.env.LISTEN ?? 0), '127.0.0.1', () => process.send?.('ready'))
// Node's cluster may still be handing it a connection: a worker that ends at once would take that with it.
process.on('SIGINT', () => server.close(() => setTimeout(() => process.exit(0), process.env.NODE_UNIQUE_ID ? 200 : 0)))
`

/** Writes scripts that say what they see, and gives the file that they say it in. */
export async function makeScripts(folder: string): Promise<string> {
  await mkdir(join(folder, 'other'), { recursive: true })
  await writeFile(join(folder, 'tattle.cjs'), tattle)
  await writeFile(join(folder, 'tattle2.cjs'), tattle)
  return join(folder, 'told.json')
}

export async function readTold(file: string): Promise<Told | undefined> {
  return await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Told,
    () => undefined,
  )
}
