import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { systemRandom } from '../../../src/clients/host/random.ts'
import type { Clock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { Owned } from '../../../src/core/ownership.ts'
import type { Assessment, ConnectContext, Connection } from '../../../src/core/reconciler.ts'
import { type Controls, resourceId } from '../../../src/core/resource.ts'
import type { ScriptSetAction } from '../../../src/reconcilers/script-set/action.ts'
import type { ScriptSetPair } from '../../../src/reconcilers/script-set/diff.ts'
import { reconciler } from '../../../src/reconcilers/script-set/index.ts'
import type { ObservedScripts } from '../../../src/reconcilers/script-set/observed.ts'
import type { DesiredScriptSet } from '../../../src/reconcilers/script-set/place.ts'
import type { ScriptSetSpec } from '../../../src/reconcilers/script-set/spec.generated.ts'
import { defaultControls, defaultFleet } from '../../support/modelled-fleet.ts'

const id = resourceId('ScriptSet', 'site')

type SetConnection = Connection<ScriptSetSpec, ObservedScripts, ScriptSetAction>

/** A folder with a package.json and a manifest beside it, and the real domain connected to it. */
export class PackageFolder {
  readonly folder: string
  readonly clock: Clock
  #connection: SetConnection | undefined

  constructor(folder: string, clock: Clock) {
    this.folder = folder
    this.clock = clock
  }

  static async make(packageText: string | object, clock: Clock = systemClock): Promise<PackageFolder> {
    const made = new PackageFolder(await mkdtemp(join(tmpdir(), 'set-')), clock)
    const text = typeof packageText === 'string' ? packageText : JSON.stringify(packageText, null, 2)
    await made.write('package.json', text)
    return made
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts)
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(path)), { recursive: true })
    await writeFile(this.path(path), text)
  }

  /** Waits until a file is there, and gives its text. */
  async written(path: string): Promise<string> {
    for (let tries = 0; tries < 1_200; tries += 1) {
      const text = await this.text(path).catch(() => '')
      if (text.endsWith('\n')) return text.trim()
      await this.clock.sleep(50)
    }
    throw new Error(`${path} was never written`)
  }

  text(path = 'package.json'): Promise<string> {
    return readFile(this.path(path), 'utf8')
  }

  names(): Promise<readonly string[]> {
    return readdir(this.folder)
  }

  context(env: ConnectContext['env'] = { PATH: userPath(), HOME: this.folder }): ConnectContext {
    return {
      fleet: { ...defaultFleet, name: 'test' },
      env,
      clock: this.clock,
      random: systemRandom,
      logger: silentLogger,
      store: { id: 'store', location: this.path('.reconcile/state.db') },
      mayRunCommands: true,
    }
  }

  async connection(): Promise<SetConnection> {
    this.#connection ??= await reconciler.connect(this.context())
    return this.#connection
  }

  desired(spec: Partial<ScriptSetSpec> = {}, rest: Partial<Controls> = {}): DesiredScriptSet {
    return {
      id,
      kind: 'ScriptSet',
      name: 'site',
      labels: {},
      annotations: {},
      spec: { package: '../package.json', ...spec },
      controls: { ...defaultControls, ...rest },
      origin: { file: this.path('manifests/site.yaml'), line: 1, column: 1 },
      unresolved: [],
    }
  }

  /** What a pass sees: reads the world anew. */
  async look(
    spec: Partial<ScriptSetSpec> = {},
    { owned, ...rest }: Partial<Controls> & { readonly owned?: Owned } = {},
  ): Promise<Look> {
    const desired = this.desired(spec, rest)
    const connection = await this.connection()
    const asked = [{ id, desired, owned, unconfirmed: [] }]
    const { readings, observedAt } = await connection.observe(asked, AbortSignal.timeout(60_000))
    const reading = readings.get(id)
    if (!reading) throw new Error('the domain left out what it was asked for')
    if (reading.type === 'unreadable')
      return { unreadable: `${reading.code}: ${reading.message}`, actions: [], assessment: undefined }
    const mark = { fleet: 'test', environment: '', store: 'store', id, origin: 'adopted' as const, hash: '' }
    const pair: ScriptSetPair = {
      id,
      desired,
      observed: reading.type === 'present' ? reading.value : undefined,
      owned,
      mark,
      posture: 'active',
      unconfirmed: [],
    }
    const drift = reconciler.diff(pair)
    const assessment = reconciler.assess(pair, { now: observedAt, samples: [] })
    return { unreadable: undefined, actions: [...drift, ...(assessment.due ?? [])], assessment }
  }

  async apply(action: ScriptSetAction | undefined, signal = AbortSignal.timeout(120_000)): Promise<void> {
    if (!action) throw new Error('there is nothing to apply')
    await (await this.connection()).apply(action, signal)
  }

  async remove(): Promise<void> {
    await this.#connection?.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export interface Look {
  readonly unreadable: string | undefined
  readonly actions: readonly ScriptSetAction[]
  readonly assessment: Assessment<ScriptSetAction> | undefined
}

/** One that another process made. */
export function openFolder(folder: string): PackageFolder {
  return new PackageFolder(folder, systemClock)
}

/** PATH as a shell of the user has it. */
function userPath(): string {
  return (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':')
}
