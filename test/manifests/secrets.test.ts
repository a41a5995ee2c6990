import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { secretCommands } from '../../src/cli/secret-command.ts'
import { systemClock } from '../../src/clients/host/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import { SecretMask } from '../../src/core/secret-mask.ts'
import { veilFields } from '../../src/core/veil.ts'
import { digestSecret } from '../../src/manifests/secrets.ts'
import { check, codesOf, makeFolder, processOf, put, read } from './support.ts'

const runCommand = secretCommands({ signal: new AbortController().signal, clock: systemClock })
const canary = 'canary-7f3e9a-do-not-print'

interface WithEnv {
  readonly env: Readonly<Record<string, unknown>>
}

async function envOf(folder: string, own = {}) {
  const manifests = await read(folder, own)
  const [resource] = manifests.resources
  if (!resource) throw new Error('There is no resource')
  const { env } = resource.spec as WithEnv
  const secret = (name: string) => {
    const value = env[name]
    if (!(value instanceof Secret)) throw new Error(`${name} is not a secret`)
    return value
  }
  return { manifests, resource, env, secret }
}

test('reads from the environment, a file and a command, and keeps texts as they are', async () => {
  const folder = await makeFolder({
    'secret.txt': `${canary}\n`,
    'manifests/a.yaml': processOf(
      'a',
      'env:',
      '  TEXT: info',
      '  ENV: { fromEnv: CANARY }',
      '  FILE: { fromFile: ../secret.txt }',
      '  COMMAND: { fromCommand: [cat, ../secret.txt] }',
      '  EMPTY: { fromEnv: EMPTY, default: x }',
    ),
  })
  const { env, secret, resource } = await envOf(folder, {
    env: { CANARY: canary, EMPTY: '', PATH: process.env.PATH },
    runCommand,
  })
  expect(env.TEXT).toBe('info')
  for (const name of ['ENV', 'FILE', 'COMMAND']) expect(secret(name).reveal()).toBe(canary)
  expect(secret('EMPTY').reveal()).toBe('')
  expect(resource.unresolved).toEqual([])
  expect(secret('COMMAND').source).toBe('fromCommand cat')
})

test('a digest is keyed, stable and short', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a', 'env: { A: { fromEnv: X }, B: { fromEnv: Y } }'),
  })
  const digest = async (secretKey: string, X: string) =>
    (await envOf(folder, { env: { X, Y: canary }, secretKey })).secret('A').digest
  expect(await digest('k1', canary)).toMatch(/^[0-9a-f]{32}$/)
  expect(await digest('k1', canary)).toBe(await digest('k1', canary))
  expect(await digest('k1', canary)).not.toBe(await digest('k2', canary))
  expect(await digest('k1', canary)).not.toBe(await digest('k1', 'other'))
})

test('no command runs where none may', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a', 'env: { A: { fromCommand: [touch, ran], default: x } }'),
  })
  const { secret, resource } = await envOf(folder, { env: { PATH: process.env.PATH } })
  await check(folder)
  expect(secret('A').isRead).toBe(false)
  expect(resource.unresolved).toEqual([])
  expect(codesOf(await check(folder, { paths: ['manifests/ran'] }))).toContain('nothing-declared')
})

const missing: readonly (readonly [string, string])[] = [
  ['{ fromEnv: NOPE }', 'fromEnv NOPE: the environment variable is not set where reconcile runs'],
  ['{ fromFile: gone }', 'fromFile gone: the file does not exist'],
  ['{ fromFile: empty }', 'fromFile empty: the file is empty'],
  ['{ fromFile: line }', 'fromFile line: the file is empty'],
  ['{ fromFile: . }', 'fromFile .: it is not a regular file'],
  ['{ fromFile: latin1 }', 'fromFile latin1: the file is not UTF-8 text'],
  ['{ fromFile: nul }', 'fromFile nul: it holds a NUL character'],
  ['{ fromFile: large }', 'fromFile large: the file is larger than 64 KiB'],
  ['{ fromCommand: ["true"] }', 'fromCommand true: the command printed nothing'],
  ['{ fromCommand: [no-such-program] }', 'fromCommand no-such-program: the program was not found'],
  ['{ fromCommand: [sh, -c, "echo canary >&2; exit 3"] }', 'fromCommand sh: the command exited with 3'],
  [
    '{ fromCommand: [head, -c, "100000", /dev/zero] }',
    'fromCommand head: the command printed more than 64 KiB',
  ],
]

test.each(missing)('%s leaves the resource unresolved and is no error', async (reference, message) => {
  const folder = await makeFolder({
    'manifests/latin1': Buffer.from('\xe9', 'latin1'),
    'manifests/empty': '',
    'manifests/line': '\n',
    'manifests/nul': 'a\0b',
    'manifests/large': 'x'.repeat(65 * 1024),
    'manifests/a.yaml': processOf('a', `env: { A: ${reference}, B: "1" }`),
  })
  const { manifests, resource, secret } = await envOf(folder, {
    env: { PATH: process.env.PATH },
    runCommand,
  })
  expect(manifests).toMatchObject({ diagnostics: [], isComplete: true })
  expect(resource.unresolved).toEqual([{ path: '/spec/env/A', message }])
  expect(secret('A').isRead).toBe(false)
})

test('a default stands in for what is missing', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf(
      'a',
      'env: { A: { fromEnv: NOPE, default: "" }, B: { fromFile: gone, default: b }, C: { fromFile: empty, default: "" } }',
    ),
    'manifests/empty': '',
  })
  const { secret, resource } = await envOf(folder)
  expect(['A', 'B', 'C'].map((name) => secret(name).reveal())).toEqual(['', 'b', ''])
  expect(resource.unresolved).toEqual([])
})

test('a file outside the fleet root is refused, by .., by an absolute path and by a link', async () => {
  const outside = await makeFolder({ secret: canary })
  const folder = await makeFolder({
    'manifests/a.yaml': processOf(
      'a',
      'env:',
      `  A: { fromFile: ${join(outside, 'secret')} }`,
      '  B: { fromFile: ../../../etc/hostname }',
      '  C: { fromFile: linked }',
      '  D: { fromFile: ../folder/secret }',
      '  E: { fromFile: inside }',
    ),
    'manifests/inside': canary,
  })
  await symlink(join(outside, 'secret'), join(folder, 'manifests/linked'))
  await symlink(outside, join(folder, 'folder'))
  const manifests = await read(folder)
  expect(codesOf(manifests)).toEqual(Array(4).fill('reference-outside-root'))
  expect(manifests).toMatchObject({ resources: [], missing: ['Process/a'], isComplete: false })
})

test('allowedPaths counts only together with an allowance', async () => {
  const outside = await makeFolder({ secret: canary })
  const folder = await makeFolder({
    'manifests/fleet.yaml': `apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { allowedPaths: [${outside}] }\n`,
    'manifests/a.yaml': processOf('a', `env: { A: { fromFile: ${join(outside, 'secret')} } }`),
  })
  expect(codesOf(await read(folder))).toEqual(['reference-outside-root', 'path-not-allowed'])
  const { secret, manifests } = await envOf(folder, { allow: { hosts: [], paths: [outside] } })
  expect(secret('A').reveal()).toBe(canary)
  expect(manifests.fleet.allowedPaths).toEqual([outside])
})

test('allowedPaths is judged by where it leads, and so is what allows it', async () => {
  const outside = await makeFolder({ 'private/secret': canary, 'shared/secret': canary })
  const at = (name: string) => join(outside, name)
  await symlink('../private', at('shared/assets'))
  await symlink('shared', at('named'))
  await symlink('../later', at('shared/dangling'))
  const fleet = (path: string) =>
    `apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { allowedPaths: [${at(path)}] }\n`
  const folder = await makeFolder({})
  const readFrom = async (declared: string, file: string, allowed: string) => {
    await put(join(folder, 'manifests/fleet.yaml'), fleet(declared))
    await put(join(folder, 'manifests/a.yaml'), processOf('a', `env: { A: { fromFile: ${at(file)} } }`))
    return read(folder, { allow: { hosts: [], paths: [at(allowed)] } })
  }
  for (const [declared, file] of [
    ['shared/assets', 'private/secret'],
    ['shared/assets', 'shared/assets/secret'],
    ['named/assets', 'private/secret'],
  ] as const) {
    const refused = await readFrom(declared, file, 'shared')
    expect(codesOf(refused), declared).toContain('path-not-allowed')
    expect(refused, declared).toMatchObject({ resources: [], fleet: { allowedPaths: [] } })
    const hints = refused.diagnostics.map(({ hint }) => hint)
    expect(hints).toContain(`Allow it with \`--allow-path ${at('private')}\`.`)
  }
  for (const [declared, file, allowed] of [
    ['shared/assets', 'private/secret', 'private'],
    ['named', 'shared/secret', 'shared'],
    ['shared', 'named/secret', 'named'],
  ] as const) {
    expect((await readFrom(declared, file, allowed)).diagnostics, `${declared} by ${allowed}`).toEqual([])
  }
  // It may be made to lead anywhere after it was judged.
  expect((await readFrom('shared/dangling', 'shared/secret', 'shared')).fleet.allowedPaths).toEqual([
    at('shared/dangling'),
  ])
  await put(at('later/secret'), canary)
  expect(codesOf(await readFrom('shared/dangling', 'later/secret', 'shared'))).toContain('path-not-allowed')
})

test('a variable that is called fromEnv is a variable', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a', 'env: { fromEnv: HOME }') })
  expect((await envOf(folder)).env).toEqual({ fromEnv: 'HOME' })
})

test('a value is in no sink, valid or not, in no encoding', async () => {
  const folder = await makeFolder({
    'canary.txt': canary,
    'manifests/a.yaml': processOf(
      'a',
      'env: { A: { fromEnv: CANARY }, B: { fromFile: ../canary.txt } }',
      'mode: fork',
    ),
    'manifests/b.yaml': processOf(
      'b',
      `env: { PASSWORD: ${canary}, N: 1, T: { default: ${canary}, fromEnv: X, y: 1 } }`,
    ),
    'manifests/c.yaml': `kind: Process\nenv:\n  KEY: ${canary}: x\n  "SECRET_TOKEN": "${canary}\n`,
    'manifests/d.yaml': processOf('d', `env: { A: { fromCommand: [echo, ${canary}], fromEnv: B } }`),
  })
  const own = { env: { CANARY: canary, PATH: process.env.PATH }, runCommand }
  const manifests = await read(folder, own)
  const { texts: _texts, ...told } = manifests
  const seen = JSON.stringify(told) + inspect(told, { depth: 20 }) + JSON.stringify(await check(folder, own))
  expect(manifests.diagnostics.length).toBeGreaterThan(3)
  expect(seen).not.toContain(canary)
  expect(seen).not.toContain(Buffer.from(canary).toString('base64').slice(0, 20))
  expect(seen).not.toContain(Buffer.from(canary).toString('hex'))
})

test('tokens come from the Fleet, or else from the variables of the vendor', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const token = async (env: Record<string, string>) => (await read(folder, { env })).fleet.github.token
  expect((await token({ GH_TOKEN: 'one', GITHUB_TOKEN: 'two' }))?.reveal()).toBe('two')
  expect((await token({ GH_TOKEN: 'one' }))?.source).toBe('fromEnv GH_TOKEN')
  expect(await token({})).toBeUndefined()
  await put(
    join(folder, 'manifests/fleet.yaml'),
    'apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { github: { token: { fromEnv: MINE } } }\n',
  )
  expect((await token({ MINE: 'three', GH_TOKEN: 'one' }))?.reveal()).toBe('three')
  // A token that was named and is not there is not another one; it says where it was looked for.
  expect(await token({ GH_TOKEN: 'one' })).toMatchObject({ isRead: false, source: 'fromEnv MINE' })
})

test('an apiUrl counts only if its host is allowed', async () => {
  const folder = await makeFolder({
    'manifests/fleet.yaml':
      'apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { github: { apiUrl: "http://127.0.0.1:8080/api" } }\n',
    'manifests/a.yaml': processOf('a'),
  })
  const refused = await read(folder, { allow: { hosts: ['127.0.0.1'], paths: [] } })
  expect(codesOf(refused)).toEqual(['host-not-allowed'])
  expect(refused).toMatchObject({ resources: [], isComplete: false })
  const allowed = await read(folder, { allow: { hosts: ['127.0.0.1:8080'], paths: [] } })
  expect(allowed.fleet.github.apiUrl).toBe('http://127.0.0.1:8080/api')
  expect(allowed.fleet.netlify.apiUrl).toBeUndefined()
})

test('an allowed host is sent no token in clear, unless that is said', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const readWith = async (address: string, ...hosts: string[]) => {
    const fleet = `apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { github: { apiUrl: "${address}" } }\n`
    await put(join(folder, 'manifests/fleet.yaml'), fleet)
    const { fleet: settings, diagnostics } = await read(folder, { allow: { hosts, paths: [] } })
    return settings.github.apiUrl === address ? 'allowed' : (diagnostics[0]?.hint ?? diagnostics[0]?.message)
  }
  const inClear = (name: string) =>
    `Write https. A token is sent in clear only with \`--allow-host ${name}\`.`
  for (const [address, host, expected] of [
    ['https://ghe.corp/api/v3', 'ghe.corp', 'allowed'],
    ['https://ghe.corp/api/v3', 'GHE.corp', 'allowed'],
    ['http://ghe.corp/api/v3', 'ghe.corp', inClear('http://ghe.corp')],
    ['http://ghe.corp:8080/api', 'ghe.corp:8080', inClear('http://ghe.corp:8080')],
    ['http://10.0.0.7/api', '10.0.0.7', inClear('http://10.0.0.7')],
    ['http://localhost.corp/api', 'localhost.corp', inClear('http://localhost.corp')],
    ['http://ghe.corp/api/v3', 'http://ghe.corp', 'allowed'],
    ['http://localhost:3000', 'localhost:3000', 'allowed'],
    ['http://127.0.0.1:3000', '127.0.0.1:3000', 'allowed'],
    ['http://[::1]:3000', '[::1]:3000', 'allowed'],
  ] as const) {
    expect(await readWith(address, host), `${address} by ${host}`).toBe(expected)
  }
  // What is said for one without encryption is not said for another host, nor the other way round.
  expect(await readWith('http://ghe.corp', 'http://other.corp')).toContain('--allow-host http://ghe.corp')
  expect(await readWith('https://ghe.corp', 'http://ghe.corp')).toContain('--allow-host ghe.corp')
})

test('a GitHub App takes the place of a token, and its key is a reference', async () => {
  const fleet = (github: string) => `apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { github: ${github} }\n`
  const app = (reference: string) => `{ app: { id: "77", privateKey: { ${reference} } } }`
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/fleet.yaml': fleet(app('fromEnv: APP_KEY')),
  })
  const github = async (env: Record<string, string>) => (await read(folder, { env })).fleet.github
  const declared = await github({ APP_KEY: 'a key', GITHUB_TOKEN: 'two' })
  expect(declared.app).toMatchObject({ id: '77', installation: undefined })
  expect(declared.app?.privateKey.reveal()).toBe('a key')
  expect(declared.token).toBeUndefined()
  // One that cannot be had is known to be missing, and no token of the environment stands in for it.
  const missing = await github({ GITHUB_TOKEN: 'two' })
  expect(missing.app?.privateKey.isRead).toBe(false)
  expect(missing.token).toBeUndefined()
  await put(
    `${folder}/manifests/fleet.yaml`,
    fleet('{ token: { fromEnv: A }, app: { id: "77", privateKey: { fromEnv: B } } }'),
  )
  const { diagnostics } = await check(folder)
  expect(diagnostics.map(({ code }) => code)).toContain('github-credential-twice')
})

test('every secret that is read is told to the mask, and no default, id or name of the outside world', async () => {
  const folder = await makeFolder({
    'manifests/fleet.yaml':
      'apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { github: { token: { fromEnv: MINE } } }\n',
    'key.txt': 'the value of a file\n',
    'manifests/api-server.yaml': processOf(
      'api-server',
      'name: the-outside-name',
      'env:',
      '  A: { fromEnv: A }',
      '  B: { fromFile: ../key.txt }',
      '  C: { fromCommand: [echo, the value of a command] }',
      '  D: { fromEnv: NOPE, default: development }',
      '  E: { fromEnv: NOPE, default: ghp_0123456789abcdefghij }',
      '  F: { fromEnv: NAME }',
      '  G: { fromEnv: OUTSIDE }',
      '  PASSWORD: the value of a literal',
      '  HEADER: Bearer 0123456789abcdef',
      '  SESSION_MODE: /run/sessions',
    ),
  })
  const mask = new SecretMask()
  const env = {
    A: 'the value of a variable',
    MINE: 'the value of a token',
    NAME: 'api-server',
    OUTSIDE: 'the-outside-name',
    PATH: process.env.PATH,
  }
  await read(folder, { env, runCommand, mask })
  // Of a text of ours the words of names that stay readable would stay, too.
  for (const hidden of ['a variable', 'a file', 'a command', 'a token', 'a literal'])
    expect(mask.maskForeign(`is the value of ${hidden}.`)).toBe('is ***.')
  expect(mask.mask('ghp_0123456789abcdefghij, Bearer 0123456789abcdef')).toBe('***, ***')
  const open = 'Process/api-server the-outside-name development /run/sessions'
  expect(mask.mask(open)).toBe(open)
})

test('all secrets of the newest reading are known to the mask, however many they are', async () => {
  const names = Array.from({ length: 300 }, (_, index) => `S${index}`)
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a', 'env:', ...names.map((name) => `  ${name}: { fromEnv: ${name} }`)),
  })
  const mask = new SecretMask()
  const readWith = (word: string) =>
    read(folder, { mask, env: Object.fromEntries(names.map((name) => [name, `${word}-of-${name}`])) })
  for (const word of ['first', 'second']) {
    await readWith(word)
    await readWith(word)
    expect(names.filter((name) => !mask.finds(`got ${word}-of-${name}!`))).toEqual([])
  }
})

test('what is remembered of a literal that is a secret is its digest, whichever way it is known to be one', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf(
      'a',
      'args: ["--auth", "ghp_0123456789abcdefghij", "--same", "the value of a variable"]',
      'env: { A: { fromEnv: A }, PASSWORD: "build", LEVEL: "build" }',
    ),
  })
  const { resource } = await envOf(folder, { env: { A: 'the value of a variable' }, mask: new SecretMask() })
  const digest = (text: string) => digestSecret('a key', text)
  expect(resource.veils).toEqual(
    new Map(
      ['ghp_0123456789abcdefghij', 'the value of a variable', 'build'].map((text) => [text, digest(text)]),
    ),
  )
  const field = (value: unknown) => ({ value, sensitive: false })
  const fields = {
    args: field((resource.spec as { readonly args: unknown }).args),
    'env.PASSWORD': field('build'),
    'env.LEVEL': field('build'),
    verify: field('["/x?key=ghp_0123456789abcdefghij"]'),
    cwd: field('/srv'),
  }
  const veiled = veilFields(fields, resource.veils)
  expect(veiled).toEqual({
    args: {
      value: ['--auth', digest('ghp_0123456789abcdefghij'), '--same', digest('the value of a variable')],
      sensitive: true,
    },
    'env.PASSWORD': { value: digest('build'), sensitive: true },
    // A short text is any word, where the name of its field does not say that it is more.
    'env.LEVEL': field('build'),
    verify: { value: `["/x?key=${digest('ghp_0123456789abcdefghij')}"]`, sensitive: true },
    cwd: field('/srv'),
  })
  expect(veilFields(veiled, resource.veils)).toEqual(veiled)
})
