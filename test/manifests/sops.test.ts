import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { secretCommands } from '../../src/cli/secret-command.ts'
import { systemClock } from '../../src/clients/host/clock.ts'
import { findProgram } from '../../src/clients/pm2/daemon/program-path.ts'
import { Secret } from '../../src/core/secret.ts'
import { SecretMask } from '../../src/core/secret-mask.ts'
import { makeAgeKey } from '../support/age.ts'
import { installSops, sopsEncrypt } from '../support/sops.ts'
import { check, codesOf, makeFolder, processOf, put, read } from './support.ts'

const runCommand = secretCommands({ signal: new AbortController().signal, clock: systemClock })
const canary = 'canary/7f+ "3e9a" do not print'
const { recipient, identity } = makeAgeKey()
const regex = '^(env|token|secret)$'
const path = process.env.PATH ?? ''
const realSops = await findProgram('sops', path)

/** Manifests, and the programs beside them. `encrypted` are encrypted for our key. */
async function makeFleet(
  encrypted: Readonly<Record<string, string>>,
  plain: Readonly<Record<string, string>> = {},
) {
  const hidden = Object.entries(encrypted).map(([name, text]) => [
    name,
    sopsEncrypt(text, { recipient, regex }),
  ])
  const folder = await makeFolder({ ...plain, ...Object.fromEntries(hidden) })
  const bin = await installSops(join(folder, 'bin'))
  const calls = join(folder, 'calls')
  const env = { PATH: `${bin}:${path}`, HOME: folder, SOPS_AGE_KEY: identity, SOPS_CALLS: calls }
  return { folder, env, calls: () => readFile(calls, 'utf8').catch(() => '') }
}

type Manifests = Awaited<ReturnType<typeof read>>

function envOf({ resources }: Manifests, id = 'Process/a'): Readonly<Record<string, unknown>> {
  const resource = resources.find((each) => each.id === id)
  if (!resource) throw new Error(`${id} is not declared`)
  return (resource.spec as { readonly env: Readonly<Record<string, unknown>> }).env
}

function revealed(env: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(env).map(([key, value]) => [
      key,
      value instanceof Secret && value.isRead ? value.reveal() : value,
    ]),
  )
}

const secretProcess = processOf(
  'a',
  'env:',
  `  KEY: ${JSON.stringify(canary)}`,
  '  EMPTY: ""',
  '  LINES: "a\\nb"',
)

describe.each([
  { name: 'a stand-in', bin: undefined },
  ...(realSops === undefined ? [] : [{ name: 'the real program', bin: realSops }]),
])('By $name', ({ bin }) => {
  test('values are decrypted wherever a reference may stand, and are opaque', async () => {
    const fleet = await makeFleet(
      {
        'manifests/a.yaml': secretProcess,
        'manifests/fleet.yaml': `apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { github: { token: ${JSON.stringify(canary)} } }\n`,
        'manifests/hook.yaml': `apiVersion: reconcile.dev/v1\nkind: Receiver\nmetadata: { name: hook }\nspec: { webhook: { url: "https://example.com/x", secret: ${JSON.stringify(canary)} } }\n`,
      },
      { 'manifests/b.yaml': processOf('b', 'env: { PLAIN: info }') },
    )
    const env = bin === undefined ? fleet.env : { ...fleet.env, PATH: path }
    const mask = new SecretMask()
    const manifests = await read(fleet.folder, { env, runCommand, mask })
    expect(manifests.diagnostics).toEqual([])
    expect(revealed(envOf(manifests))).toEqual({ KEY: canary, EMPTY: '', LINES: 'a\nb' })
    expect(revealed(envOf(manifests, 'Process/b'))).toEqual({ PLAIN: 'info' })
    expect(manifests.fleet.github.token?.reveal()).toBe(canary)
    expect(manifests.alerting.receivers).toMatchObject([{ name: 'hook', unusable: undefined }])
    const { texts, ...told } = manifests
    const seen = JSON.stringify(told) + inspect(told, { depth: 20 }) + JSON.stringify([...texts])
    expect(seen).not.toContain('canary/7f')
    expect(mask.mask(`got ${canary}`)).toBe('got ***')
    // Each file once, however many values it holds.
    if (bin === undefined)
      expect((await fleet.calls()).trim().split('\n').sort()).toEqual(
        ['a', 'fleet', 'hook'].map(
          (name) => `-d --input-type yaml --output-type yaml ${fleet.folder}/manifests/${name}.yaml`,
        ),
      )
  })

  test('a file that was changed without it, and one for other keys, leave their resources unresolved', async () => {
    const fleet = await makeFleet({ 'manifests/a.yaml': secretProcess })
    const env = bin === undefined ? fleet.env : { ...fleet.env, PATH: path }
    const unresolved = async (own: Record<string, string> = {}) => {
      const { resources, diagnostics } = await read(fleet.folder, { env: { ...env, ...own }, runCommand })
      expect(diagnostics).toEqual([])
      return resources[0]?.unresolved.filter((each) => each.path === '/spec/env/KEY')
    }
    expect(await unresolved({ SOPS_AGE_KEY: makeAgeKey().identity })).toEqual([
      {
        path: '/spec/env/KEY',
        message:
          'sops a.yaml: none of the keys that it is encrypted for could be had (of age: SOPS_AGE_KEY_FILE)',
      },
    ])
    const file = join(fleet.folder, 'manifests/a.yaml')
    await put(file, (await readFile(file, 'utf8')).replace('script: sleep', 'script: other'))
    expect(await unresolved()).toEqual([
      {
        path: '/spec/env/KEY',
        message: 'sops a.yaml: the file was changed without sops: its MAC does not match',
      },
    ])
  })
})

test('no dry run and no check runs it; what it would say is not read', async () => {
  const fleet = await makeFleet({ 'manifests/a.yaml': secretProcess })
  const manifests = await read(fleet.folder, { env: fleet.env })
  expect(await check(fleet.folder, { env: fleet.env })).toMatchObject({ diagnostics: [] })
  const { KEY } = envOf(manifests)
  expect(KEY).toMatchObject({ isRead: false, source: 'sops a.yaml' })
  expect(manifests.resources[0]?.unresolved).toEqual([])
  expect(await fleet.calls()).toBe('')
})

test('without it the resource is unresolved, and it is said what to install', async () => {
  const fleet = await makeFleet({ 'manifests/a.yaml': secretProcess })
  const { resources } = await read(fleet.folder, { env: { ...fleet.env, PATH: '/nowhere' }, runCommand })
  expect(resources[0]?.unresolved).toContainEqual({
    path: '/spec/env/KEY',
    message: 'sops a.yaml: the program sops was not found on PATH; install it (https://getsops.io)',
  })
})

test('it has ten seconds, and what it printed on standard error is not told', async () => {
  const fleet = await makeFleet({ 'manifests/a.yaml': secretProcess })
  const asked: unknown[] = []
  const message = async (end: Awaited<ReturnType<typeof runCommand>>) => {
    const { resources } = await read(fleet.folder, {
      env: fleet.env,
      runCommand: async ({ command, limit, folder }) => {
        asked.push([command[0], limit, folder])
        return end
      },
    })
    return resources[0]?.unresolved[0]?.message
  }
  expect(await message({ type: 'timed-out' })).toBe('sops a.yaml: sops did not end within 10s')
  expect(await message({ type: 'exited', code: 1, output: canary })).toBe(
    'sops a.yaml: sops could not decrypt the file (exit code 1)',
  )
  expect(await message({ type: 'exited', code: 0, output: `a: [${canary}` })).toBe(
    'sops a.yaml: what sops printed is no YAML',
  )
  expect(await message({ type: 'exited', code: 0, output: `a: ${canary}` })).toBe(
    'sops a.yaml: what sops decrypted has another form than the file',
  )
  expect(asked).toEqual(Array(4).fill(['sops', 10_000, join(fleet.folder, 'manifests')]))
})

test('several documents in a file are each decrypted in their own place', async () => {
  const fleet = await makeFleet({
    'manifests/a.yaml': [processOf('a', 'env: { KEY: first }'), processOf('b', 'env: { KEY: second }')].join(
      '---\n',
    ),
  })
  const manifests = await read(fleet.folder, { env: fleet.env, runCommand })
  expect(revealed(envOf(manifests))).toEqual({ KEY: 'first' })
  expect(revealed(envOf(manifests, 'Process/b'))).toEqual({ KEY: 'second' })
})

test('an environment patches an encrypted manifest, and its patch may be encrypted as well', async () => {
  const fleet = await makeFleet(
    {
      'manifests/a.yaml': processOf('a', 'env: { KEY: of the base, OTHER: of the base, THIRD: of the base }'),
      'manifests/environments/production/a.yaml':
        'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: a }\nspec: { env: { KEY: of production } }\n',
    },
    {
      'manifests/environments/staging/a.yaml':
        'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: a }\nspec: { env: { KEY: { fromEnv: MINE }, OTHER: null } }\n',
    },
  )
  const env = { ...fleet.env, MINE: 'of a variable' }
  const inEnvironment = async (environment: string) =>
    revealed(envOf(await read(fleet.folder, { env, runCommand, environment })))
  expect(await inEnvironment('production')).toEqual({
    KEY: 'of production',
    OTHER: 'of the base',
    THIRD: 'of the base',
  })
  expect(await inEnvironment('staging')).toEqual({ KEY: 'of a variable', THIRD: 'of the base' })
  expect(await check(fleet.folder, { env })).toMatchObject({ diagnostics: [] })
})

test('a change is seen by the digest, whichever way it was encrypted', async () => {
  const fleet = await makeFleet({ 'manifests/a.yaml': secretProcess })
  const digest = async () => {
    const { KEY } = envOf(await read(fleet.folder, { env: fleet.env, runCommand }))
    return KEY instanceof Secret ? KEY.digest : undefined
  }
  const first = await digest()
  const again = (text: string) =>
    put(join(fleet.folder, 'manifests/a.yaml'), sopsEncrypt(text, { recipient, regex }))
  await again(secretProcess)
  expect(await digest()).toBe(first)
  await again(secretProcess.replace('canary', 'another'))
  expect(await digest()).not.toBe(first)
})

test('what a broken file said when it was last good cannot be decrypted any more, and nothing else is taken for it', async () => {
  const fleet = await makeFleet({ 'manifests/a.yaml': secretProcess })
  const file = join(fleet.folder, 'manifests/a.yaml')
  const text = await readFile(file, 'utf8')
  await put(file, sopsEncrypt(secretProcess.replace('script: sleep', 'scrpt: sleep'), { recipient, regex }))
  const lastGood = { load: async () => new Map([[file, text]]) }
  const { resources } = await read(fleet.folder, { env: fleet.env, runCommand, lastGood })
  expect(resources[0]?.unresolved[0]?.message).toBe(
    'sops a.yaml: the file does not say any more what it said when it was read',
  )
})

describe('What is encrypted and cannot be', () => {
  const cases: readonly (readonly [string, string, RegExp | undefined, readonly string[]])[] = [
    ['a whole file', secretProcess, undefined, ['encrypted-field 1:13']],
    ['the name', secretProcess, /^name$/, ['encrypted-field 4:11']],
    ['the script', secretProcess, /^(script|env)$/, ['encrypted-field 6:13']],
    [
      'a reference',
      processOf('a', 'env: { KEY: { fromEnv: KEY }, OTHER: x }'),
      /^env$/,
      ['encrypted-field 9:22'],
    ],
    ['a number', processOf('a', 'env: { KEY: 3000 }'), /^env$/, ['wrong-type 8:14']],
    [
      'the script, beside another fault',
      processOf('a', 'cron: 7'),
      /^script$/,
      ['encrypted-field 6:13', 'wrong-type 7:11'],
    ],
  ]
  test.each(cases)('is an error at its place: %s', async (_, text, expression, expected) => {
    const encrypted = sopsEncrypt(text, { recipient, ...(expression && { regex: expression.source }) })
    const folder = await makeFolder({ 'manifests/a.yaml': encrypted })
    const { diagnostics } = await check(folder)
    expect(diagnostics.map(({ code, position: { line, column } }) => `${code} ${line}:${column}`)).toEqual(
      expected,
    )
    expect(diagnostics.map(({ hint }) => hint).join()).toMatch(/encrypted_regex|references|quotes/)
  })

  test('is a literal where SOPS has no part in the file, and no manifest can name such a place itself', async () => {
    const folder = await makeFolder({
      'manifests/a.yaml': processOf('a', 'env: { KEY: { fromSops: { file: /etc/passwd } } }'),
      'manifests/b.yaml': processOf(
        'b',
        'env: { KEY: "ENC[AES256_GCM,data:Zm9v,iv:AAAA,tag:AAAA,type:str]" }',
      ),
    })
    expect(codesOf(await check(folder))).toEqual(['unknown-field'])
    expect(envOf(await read(folder), 'Process/b').KEY).toMatch(/^ENC/)
  })
})
