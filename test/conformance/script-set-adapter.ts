import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Resource, resourceId } from '../../src/core/resource.ts'
import type { Resolved } from '../../src/core/secret.ts'
import { reconciler } from '../../src/reconcilers/script-set/index.ts'
import type { ObservedScripts } from '../../src/reconcilers/script-set/observed.ts'
import type { ScriptSetSpec } from '../../src/reconcilers/script-set/spec.generated.ts'
import { defaultControls, defaultFleet } from '../support/modelled-fleet.ts'
import { plainEnv } from '../support/pm2.ts'
import type { Breakage, ConformanceAdapter, Stage, Variation } from './adapter.ts'

type Spec = Resolved<ScriptSetSpec>
type Desired = Resource<Spec>

function change(
  field: keyof Spec,
  what: string,
  spec: Partial<Record<keyof Spec, unknown>>,
  rest: Partial<Variation<ScriptSetSpec>> = {},
): Variation<ScriptSetSpec> {
  return {
    field,
    what,
    change: (one) => {
      const kept = Object.entries({ ...one.spec, ...spec }).filter(([, value]) => value !== undefined)
      return { ...one, spec: Object.fromEntries(kept) as Spec }
    },
    ...rest,
  }
}

const quiet = { isQuiet: true }
// What is no longer declared is left as it is.
const quietBack = { isQuietBack: true }

const variations: readonly Variation<ScriptSetSpec>[] = [
  change('scripts', 'another text', { scripts: { build: 'exit 0' } }),
  change('scripts', 'one more', { scripts: { build: 'true', 'a "new" one': 'echo "\\n"' } }, quietBack),
  change('scripts', 'none', { scripts: undefined }, quiet),
  change('checks', 'one', { checks: { build: { every: '1h', timeout: '1m' } } }, quietBack),
  change('required', 'one more', { required: ['build', 'test'] }, quiet),
  change('resolve', 'those that are required', { resolve: 'required' }, quiet),
  change('fallbacks', 'a way out', { fallbacks: { build: ['test'] } }, quiet),
  change('retries', 'one', { retries: { build: 1 } }, quiet),
]

/** Real package.json files, and real npm for checks. */
export const scriptSetAdapter: ConformanceAdapter<ScriptSetSpec, ObservedScripts> = {
  name: 'ScriptSet',
  unvaried: { package: 'it is the outside name: another one is another thing' },
  canDelete: false,
  open: async () => stageIn(await mkdtemp(join(tmpdir(), 'conformance-scripts-'))),
}

function stageIn(folder: string): Stage<ScriptSetSpec, ObservedScripts> {
  const made = new Set<string>()
  const pathOf = (name: string) => join(folder, name, 'package.json')
  const scriptsOf = async (name: string): Promise<unknown> =>
    (JSON.parse(await readFile(pathOf(name), 'utf8')) as { scripts?: unknown }).scripts
  const isAsDeclared = async ({ name, spec }: Desired) => {
    const scripts = await scriptsOf(name)
    return Object.entries(spec.scripts ?? {}).every(
      ([key, text]) => (scripts as Record<string, string> | undefined)?.[key] === text,
    )
  }
  return {
    reconciler,
    context: {
      fleet: defaultFleet,
      env: { ...plainEnv, HOME: folder },
      store: { id: 'store-1', location: join(folder, 'store.db') },
    },
    sample: async (name) => {
      if (!made.has(name)) {
        made.add(name)
        await mkdir(join(folder, name))
        await writeFile(pathOf(name), packageText(name))
      }
      return declared(name, folder)
    },
    variations,
    expectAsDeclared: async (desired) => {
      expect(await scriptsOf(desired.name)).toMatchObject(desired.spec.scripts ?? {})
    },
    copies: async (desired) => ((await isAsDeclared(desired)) ? 1 : 0),
    isGone: async () => false,
    renamed: (resource, name) => ({ ...resource, spec: { ...resource.spec, package: pathOf(name) } }),
    takeAway: async (name) => writeFile(pathOf(name), packageText(name)),
    breakages: [
      broken('no package.json is JSON', folder, made, (text) => text.slice(0, -3)),
      broken('every package.json is empty', folder, made, () => ''),
    ],
    snapshot: () => snapshotOf(folder),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** As somebody else made it: its build is not the one that is declared. */
function packageText(name: string): string {
  return `{\n\t"name": "${name}",\n\t"scripts": {\n\t\t"test": "true",\n\t\t"build": "false"\n\t}\n}`
}

function declared(name: string, folder: string): Desired {
  return {
    id: resourceId('ScriptSet', name),
    kind: 'ScriptSet',
    name,
    labels: {},
    annotations: {},
    controls: {
      ...defaultControls,
      recovery: { ...defaultControls.recovery, backoff: { initial: 100, max: 1000, factor: 2 } },
    },
    origin: { file: join(folder, name, 'scripts.yaml'), line: 1, column: 1 },
    unresolved: [],
    spec: { package: './package.json', required: ['build'], scripts: { build: 'true' } },
  }
}

function broken(
  what: string,
  folder: string,
  made: ReadonlySet<string>,
  damage: (text: string) => string,
): Breakage {
  return {
    what,
    begin: async () => {
      const paths = [...made].map((name) => join(folder, name, 'package.json'))
      const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')))
      const write = (change: (text: string) => string) =>
        Promise.all(paths.map((path, index) => writeFile(path, change(texts[index] ?? ''))))
      await write(damage)
      return async () => {
        await write((text) => text)
      }
    },
  }
}

/** Every file by its content, the records of checks included. */
async function snapshotOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = await Promise.all(
    files.sort().map(async (path) => `${path}\n${await readFile(path, 'utf8')}\n`),
  )
  return texts.join('')
}
