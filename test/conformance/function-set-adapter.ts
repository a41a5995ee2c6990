import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { expect } from 'vitest'
import { type Resource, resourceId } from '../../src/core/resource.ts'
import { type Resolved, Secret } from '../../src/core/secret.ts'
import type { Json } from '../../src/core/store.ts'
import { reconciler } from '../../src/reconcilers/function-set/index.ts'
import type { ObservedFunctionSet } from '../../src/reconcilers/function-set/observed.ts'
import type { FunctionSetSpec } from '../../src/reconcilers/function-set/spec.generated.ts'
import type { FaultKind } from '../simulators/netlify/faults.ts'
import { NetlifySimulator } from '../simulators/netlify/server.ts'
import type { SimulatedSite } from '../simulators/netlify/world.ts'
import { foreignFunction } from '../simulators/netlify/zip.ts'
import { memoryCache } from '../support/memory-cache.ts'
import { defaultControls, defaultFleet } from '../support/modelled-fleet.ts'
import { makeFolder, removeFolder } from '../support/pm2.ts'
import type { Breakage, ConformanceAdapter, Stage, Variation } from './adapter.ts'

type Spec = Resolved<FunctionSetSpec>
type Desired = Resource<Spec>

const token = 'test-token'
const [firstKey, secondKey] = ['first value of the key', 'second value of the key']
const functionsIn = {
  functions: { hello: 'hello', extra: 'extra' },
  elsewhere: { hello: 'hello from elsewhere', extra: 'extra' },
} as const

const key = (value: string) => Secret.read('fromEnv API_KEY', value, `digest of ${value.slice(0, 5)}`)

const variation = (
  field: keyof Spec,
  what: string,
  spec: Partial<Spec>,
  rest: Partial<Variation<FunctionSetSpec>> = {},
): Variation<FunctionSetSpec> => ({
  field,
  what,
  change: (one) => ({ ...one, spec: { ...one.spec, ...spec } }),
  ...rest,
})

const variations: readonly Variation<FunctionSetSpec>[] = [
  variation('directory', 'another one', { directory: './project/elsewhere' }),
  variation('include', 'one of two', { include: ['hello'] }),
  variation('exclude', 'one of two', { exclude: ['ext*'] }),
  // What was pruned is not ours to bring back.
  variation('unmanaged', 'prune', { unmanaged: 'prune' }, { isQuietBack: true }),
  // The other one is asked: what has a schedule answers nobody.
  variation('schedules', 'one', { schedules: { extra: '0 4 * * *' } }),
  variation('env', 'another secret and a key less', { env: { API_KEY: key(secondKey) } }),
  // What is no longer declared is left as it is.
  {
    field: 'inventory',
    what: 'kept',
    change: (one) => ({ ...one, spec: { ...one.spec, inventory: `./project/${one.name}.json` } }),
    isQuietBack: true,
  },
  // All functions are there: who would deploy them does not matter yet.
  variation('via', 'by the build', { via: 'build' }, { isQuiet: true }),
  variation('verify', 'a request', { verify: [{ function: 'hello' }] }, { isQuiet: true }),
  variation('rollbackOnFailedVerify', 'on', { rollbackOnFailedVerify: true }, { isQuiet: true }),
]

/** Functions of sites on the simulator of Netlify: each resource has a site of its own, and all of them one project. */
export const functionSetAdapter: ConformanceAdapter<FunctionSetSpec, ObservedFunctionSet> = {
  name: 'FunctionSet on the simulator of Netlify',
  unvaried: { site: 'it is the outside name: another one is another thing' },
  canDelete: true,
  async open(): Promise<Stage<FunctionSetSpec, ObservedFunctionSet>> {
    const simulator = await NetlifySimulator.start({ callsAMinute: 1_000_000 })
    const folder = await makeFolder()
    await writeInto(folder, 'project/package.json', '{"name":"project"}')
    for (const [directory, functions] of Object.entries(functionsIn)) {
      for (const [name, answer] of Object.entries(functions)) {
        const source = `export default async () => new Response('${answer}')\n`
        await writeInto(folder, `project/${directory}/${name}.mjs`, source)
      }
    }
    return new FunctionStage(simulator, folder)
  },
}

class FunctionStage implements Stage<FunctionSetSpec, ObservedFunctionSet> {
  readonly reconciler = reconciler
  readonly variations = variations
  readonly secrets = [token, firstKey, secondKey]
  readonly breakages: readonly Breakage[]
  readonly context: Stage<FunctionSetSpec, ObservedFunctionSet>['context']
  readonly #simulator: NetlifySimulator
  readonly #folder: string
  /** What the store keeps for the domain. */
  readonly #kept = new Map<string, Json>()
  /** Sites whose foreign function was pruned. */
  readonly #pruned = new Set<string>()

  constructor(simulator: NetlifySimulator, folder: string) {
    this.#simulator = simulator
    this.#folder = folder
    this.context = {
      fleet: {
        ...defaultFleet,
        netlify: { apiUrl: simulator.url, token: Secret.read('fromEnv NETLIFY_AUTH_TOKEN', token, 'digest') },
      },
      env: { PATH: process.env.PATH, HOME: folder },
      store: { id: 'store-1', location: join(folder, 'state/state.db') },
      cache: memoryCache(this.#kept),
    }
    this.breakages = [
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
    ]
    // Netlify takes three deploys of a site a minute, and here all make several: each takes a minute.
    simulator.hook = ({ operation, phase }) => {
      if (operation !== 'createSiteDeploy' || phase !== 'received') return
      simulator.age(61_000)
    }
  }

  async sample(name: string): Promise<Desired> {
    if (!this.#find(name)) {
      const site = await this.#simulator.addSite(name)
      site.seed({
        files: { '/index.html': name },
        functions: { other: { zip: foreignFunction('other', 'of others') } },
      })
      site.env.set('THEIRS', { key: 'THEIRS', is_secret: false, scopes: [], values: [] })
    }
    return declared(name, this.#folder)
  }

  async expectAsDeclared({ name, spec }: Desired): Promise<void> {
    const site = this.#find(name)
    const { published } = site
    if (spec.unmanaged === 'prune') this.#pruned.add(name)
    const isExtra = spec.include === undefined && spec.exclude === undefined
    const names = ['hello', ...(isExtra ? ['extra'] : []), ...(this.#pruned.has(name) ? [] : ['other'])]
    expect(Object.keys(published?.functions ?? {}).sort()).toEqual(names.sort())
    const source = spec.directory.endsWith('elsewhere') ? functionsIn.elsewhere : functionsIn.functions
    expect(await this.#visit(site, '/.netlify/functions/hello')).toBe(source.hello)
    expect(await this.#visit(site, '/')).toBe(name)
    const schedules = Object.entries(spec.schedules ?? {}).map(([function_, cron]) => ({
      name: function_,
      cron,
    }))
    expect(published?.schedules).toEqual(schedules)
    expect([...site.env.keys()].sort()).toEqual([...Object.keys(spec.env ?? {}), 'THEIRS'].sort())
    const value = spec.env?.API_KEY
    expect(value instanceof Secret && value.reveal()).toBe(site.env.get('API_KEY')?.values[0]?.value)
    if (spec.inventory !== undefined) {
      const { functions } = JSON.parse(await readFile(join(this.#folder, spec.inventory), 'utf8')) as {
        readonly functions: readonly { readonly name: string }[]
      }
      expect(functions.map((one) => one.name)).toEqual(['extra', 'hello'])
    }
    expect(this.#simulator.violations).toEqual([])
    expect(this.#simulator.leaks).toEqual([])
    for (const kept of this.#kept.values()) {
      for (const secret of this.secrets) expect(JSON.stringify(kept)).not.toContain(secret)
    }
  }

  /** What is published, and every deploy that is still on its way: a second one would go live as well. */
  async copies({ name }: Desired): Promise<number> {
    const { published, deploys } = this.#find(name)
    const isUnfinished = deploys.filter(({ state }) => state !== 'ready' && state !== 'error')
    return isUnfinished.length + (published?.functions.hello === undefined ? 0 : 1)
  }

  async isGone(name: string): Promise<boolean> {
    const names = Object.keys(this.#find(name).published?.functions ?? {})
    return names.length === 1 && names[0] === 'other'
  }

  renamed(resource: Desired, site: string): Desired {
    return { ...resource, spec: { ...resource.spec, site } }
  }

  /** Somebody deploys without them. */
  async takeAway(name: string): Promise<void> {
    const site = this.#find(name)
    const { files, functions } = site.published ?? {}
    const { other } = functions ?? {}
    site.advance(
      site.begin({ title: 'by hand', ...(files && { files }), ...(other && { functions: { other } }) }),
    )
  }

  /** All that the simulator keeps, and all of the project; not when a deploy was. */
  async snapshot(): Promise<string> {
    const sites = this.#simulator.sites.map(({ name, publishedId, deploys, env }) => ({
      name,
      publishedId,
      deploys: deploys.map(({ createdAt: _, publishedAt: __, runtimes: ___, ...deploy }) => deploy),
      env: [...env.values()].map(({ values, ...rest }) => ({
        ...rest,
        values: values.map(({ context, value }) => ({ context, value })),
      })),
    }))
    return JSON.stringify({ sites, files: await hashesOf(join(this.#folder, 'project')) }, null, 1)
  }

  steady({ verified, published, ...rest }: ObservedFunctionSet): unknown {
    return {
      ...rest,
      // The world ages its deploys: see the constructor.
      published: published && { ...published, createdAt: 0 },
      verified: verified.map(({ took: _, ...one }) => one),
    }
  }

  async close(): Promise<void> {
    await this.#simulator.close()
    await removeFolder(this.#folder)
  }

  #find(name: string): SimulatedSite {
    return this.#simulator.sites.find((site) => site.name === name) as SimulatedSite
  }

  async #visit(site: SimulatedSite, path: string): Promise<string> {
    return (await fetch(`${site.url}${path}`)).text()
  }
}

function broken(simulator: NetlifySimulator, kind: FaultKind): Breakage {
  return {
    what: `every call ends with the fault ${kind}`,
    begin: async () => {
      simulator.faults.add({ kind })
      return () => simulator.faults.clear()
    },
  }
}

function declared(name: string, folder: string): Desired {
  return {
    id: resourceId('FunctionSet', name),
    kind: 'FunctionSet',
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
      site: name,
      directory: './project/functions',
      env: { LOG_LEVEL: 'info', API_KEY: key(firstKey) },
    },
  }
}

async function writeInto(folder: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
}

async function hashesOf(folder: string): Promise<readonly (readonly [string, string])[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  return Promise.all(
    paths.sort().map(async (path) => {
      const content = await readFile(path)
      return [relative(folder, path), createHash('sha256').update(content).digest('hex')] as const
    }),
  )
}
