import { afterEach, expect, it } from 'vitest'
import type { Resource } from '../../../src/core/resource.ts'
import type { ScriptSetSpec } from '../../../src/reconcilers/script-set/spec.generated.ts'
import { validateScriptSet } from '../../../src/reconcilers/script-set/validate.ts'
import { PackageFolder } from './package-folder.ts'

let folder: PackageFolder | undefined
afterEach(async () => {
  await folder?.remove()
  folder = undefined
})

async function faultsOf(spec: Partial<ScriptSetSpec>): Promise<readonly string[]> {
  folder = await PackageFolder.make({ scripts: { build: 'echo b', 'build:safe': 'echo s', lint: 'echo l' } })
  const faults: string[] = []
  const desired: Resource<ScriptSetSpec> = {
    ...folder.desired(),
    spec: { package: '../package.json', ...spec },
  }
  await validateScriptSet(desired, ({ severity, code, path, hint }) => {
    faults.push(`${severity} ${code} ${path}${hint === undefined ? '' : ` (${hint})`}`)
  })
  return faults
}

it('warns of names that package.json does not have, wherever they stand', async () => {
  expect(
    await faultsOf({
      required: ['build', 'deploy'],
      checks: { tests: { every: '1h' } },
      fallbacks: { typo: ['build'], build: ['build_safe', 'build:safe'] },
      retries: { nosuch: 2, lint: 1 },
    }),
  ).toEqual([
    'warning script-set-unknown-script /spec/required/1',
    'warning script-set-unknown-script /spec/checks/tests',
    'warning script-set-unknown-script /spec/retries/nosuch',
    'warning script-set-unknown-script /spec/fallbacks/typo',
    'warning script-set-unknown-script /spec/fallbacks/build/0 (Did you mean build:safe?)',
  ])
})

it('takes a script that is declared with its text for one that is there', async () => {
  expect(
    await faultsOf({ scripts: { fresh: 'echo f' }, retries: { fresh: 1 }, required: ['fresh'] }),
  ).toEqual([])
})

it('warns of a declared text that hides a failure, and refuses one that is no command', async () => {
  const cure = '(Let it fail, and name what is to run in its place under `fallbacks`.)'
  expect(
    await faultsOf({
      scripts: { lint: 'eslint . || true', build: 'next build | tee log', x: 'echo "', fine: 'a || exit 1' },
    }),
  ).toEqual([
    `warning script-set-masks-failure /spec/scripts/lint ${cure}`,
    `warning script-set-masks-failure /spec/scripts/build ${cure}`,
    'error script-set-syntax /spec/scripts/x',
  ])
})
