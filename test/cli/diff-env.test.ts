import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { invoke } from '../support/invoke.ts'
import { processManifest } from '../support/manifest.ts'

let folder: string
const env = { KEY_A: 'canary-one', KEY_B: 'canary-two', KEY_C: 'canary-one' }

function write(path: string, text: string): void {
  const file = join(folder, 'manifests', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'diff-env-'))
  writeFileSync(join(folder, 'api.mjs'), '')
  const spec = (key: string, instances: number) =>
    `script: ../api.mjs\ninstances: ${instances}\nenv:\n  SECRET: { fromEnv: ${key} }\n  OTHER: { fromEnv: KEY_A }\n  LEVEL: info`
  write('api.yaml', processManifest('api', spec('KEY_A', 1)))
  write('web.yaml', processManifest('web', 'script: ../api.mjs'))
  write('environments/one/keep.yaml', processManifest('only-one', 'script: ../../../api.mjs'))
  write(
    'environments/two/api.yaml',
    processManifest('api', 'instances: 3\nenv:\n  SECRET: { fromEnv: KEY_B }\n  OTHER: { fromEnv: KEY_C }'),
  )
  write('environments/two/more.yaml', processManifest('only-two', 'script: ../../../api.mjs'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('two environments differ in what each alone declares, in fields, and in secrets without their values', async () => {
  const { status, out, err } = await invoke(['diff-env', 'one', 'two', '-o', 'json'], { cwd: folder, env })
  expect([status, err]).toEqual([0, ''])
  expect(JSON.parse(out)).toEqual({
    formatVersion: '1',
    environments: ['one', 'two'],
    onlyInA: ['Process/only-one'],
    onlyInB: ['Process/only-two'],
    differing: [
      {
        id: 'Process/api',
        changes: [
          {
            path: 'spec.env.OTHER',
            sensitive: true,
            note: 'same value, by another reference',
          },
          { path: 'spec.env.SECRET', sensitive: true, note: 'differs' },
          { path: 'spec.instances', before: 1, after: 3, sensitive: false },
        ],
      },
    ],
    fleet: [],
    same: 1,
  })
  expect(out).not.toContain('canary')
})

test('one reference is the same in both, also where it cannot be read here; two are not', async () => {
  const compared = async (a: string, b: string) =>
    JSON.parse((await invoke(['diff-env', a, b, '-o', 'json'], { cwd: folder, env: {} })).out)
  expect(await compared('two', 'two')).toMatchObject({ differing: [], same: 3 })
  const { differing } = await compared('one', 'two')
  expect(differing[0].changes.map(({ path }: { path: string }) => path)).toEqual([
    'spec.env.OTHER',
    'spec.env.SECRET',
    'spec.instances',
  ])
  // Whether two variables hold the same is not known where neither is read.
  expect(differing[0].changes[0].note).toMatch(/^not compared: from .*KEY_A.* and from .*KEY_C/)
})

test.each([80, 200])('the text says the same at %i columns, without a secret', async (columns) => {
  const { status, out } = await invoke(['diff-env', 'one', 'two'], { cwd: folder, env, columns })
  expect(status).toBe(0)
  expect(out).toContain('1 -> 3')
  expect(out).toContain('Process/only-one only in one')
  expect(out).toContain('1 differ, 1 only in one, 1 only in two, 1 the same.')
  expect(out).not.toContain('canary')
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns)
})

test('an environment that does not exist is a fault that is told, and nothing is compared', async () => {
  const { status, out, err } = await invoke(['diff-env', 'one', 'tow'], { cwd: folder, env })
  expect([status, out]).toEqual([1, ''])
  expect(err).toContain('tow')
})
