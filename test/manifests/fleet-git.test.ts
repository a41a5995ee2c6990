import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isBranchName, isInnerFolder, readGitAddress } from '../../src/core/git-address.ts'
import { check, codesOf, makeFolder, processOf, read, render } from './support.ts'

const fleet = (...git: readonly string[]) =>
  [
    'apiVersion: reconcile.dev/v1',
    'kind: Fleet',
    'spec:',
    '  git:',
    ...git.map((line) => `    ${line}`),
    '',
  ].join('\n')

async function folderWith(...git: readonly string[]): Promise<string> {
  return makeFolder({ 'manifests/fleet.yaml': fleet(...git), 'manifests/p.yaml': processOf('p') })
}

test('what the Fleet says of its repository is read, with its defaults', async () => {
  const folder = await folderWith('url: https://github.com/acme/fleet.git')
  const { fleet: settings, diagnostics } = await read(folder)
  expect(diagnostics).toEqual([])
  expect(settings.git).toEqual({
    settings: {
      url: 'https://github.com/acme/fleet.git',
      branch: 'main',
      path: 'manifests',
      interval: 60_000,
      webhook: undefined,
      signatures: undefined,
    },
    token: undefined,
    hookSecret: undefined,
  })
})

test('token, webhook and signers are read: references resolved, the file beside the manifest', async () => {
  const folder = await folderWith(
    'url: https://github.com/acme/fleet.git',
    'branch: production',
    'path: fleets/web',
    'interval: 30s',
    'token: { fromEnv: TOKEN }',
    'webhook: { listen: "9444", secret: { fromEnv: HOOK } }',
    'requireSignedCommits: { allowedSigners: ../allowed_signers }',
  )
  const { fleet: settings, variables } = await read(folder, { env: { TOKEN: 'a-token', HOOK: 'a-secret' } })
  expect(settings.git?.settings).toMatchObject({
    branch: 'production',
    path: 'fleets/web',
    interval: 30_000,
    webhook: { host: '127.0.0.1', port: 9444 },
    signatures: { type: 'ssh', allowedSigners: join(folder, 'allowed_signers') },
  })
  expect(settings.git?.token?.reveal()).toBe('a-token')
  expect(settings.git?.hookSecret?.reveal()).toBe('a-secret')
  expect([...variables]).toEqual(['TOKEN', 'HOOK'])
})

test('a token goes to github.com, and elsewhere only where its host was allowed', async () => {
  const folder = await folderWith('url: https://git.example/acme/fleet.git', 'token: { fromEnv: TOKEN }')
  const refused = await check(folder)
  expect(codesOf(refused)).toEqual(['host-not-allowed'])
  expect(refused.diagnostics[0]?.hint).toContain('--allow-host git.example')
  expect(codesOf(await check(folder, { allow: { hosts: ['git.example'], paths: [] } }))).toEqual([])
  expect(codesOf(await check(await folderWith('url: https://git.example/acme/fleet.git')))).toEqual([])
  const ssh = await folderWith('url: git@github.com:acme/fleet.git', 'token: { fromEnv: TOKEN }')
  expect(codesOf(await check(ssh))).toEqual(['git-source'])
})

test('an address with a password is refused, and shown nowhere', async () => {
  const folder = await folderWith('url: https://jo:hunter2hunter2@git.example/acme/fleet.git')
  const { diagnostics } = await check(folder)
  expect(codesOf({ diagnostics })).toEqual(['git-source', 'literal-secret'])
  expect(render(diagnostics, folder)).not.toContain('hunter2')
})

test.each([
  ['branch: "-upload-pack=x"', 'git-source', 'an option is no branch'],
  ['branch: "a..b"', 'git-source', 'a range is no branch'],
  ['path: ../elsewhere', 'git-source', 'a path upwards leaves the repository'],
  ['path: .git', 'git-source', "git's own folder holds no manifests"],
  ['interval: 10ms', 'duration-out-of-bounds', 'a look costs the server a connection'],
  ['webhook: { listen: "99999", secret: { fromEnv: A } }', 'wrong-value', 'there is no such port'],
  ['webhook: { listen: "9444" }', 'missing-field', 'a webhook without a secret would be heard by anybody'],
  ['requireSignedCommits: {}', 'wrong-value', 'it does not say whose signature counts'],
])('%s is %s: %s', async (line, code) => {
  expect(codesOf(await check(await folderWith('url: https://github.com/acme/fleet.git', line)))).toEqual([
    code,
  ])
})

test.each([
  ['https://github.com/acme/fleet.git', 'https github.com'],
  ['https://git.example:8443/fleet', 'https git.example:8443'],
  ['git@github.com:acme/fleet.git', 'ssh github.com'],
  ['ssh://git@git.example:2222/fleet.git', 'ssh git.example:2222'],
  ['git://127.0.0.1:9418/fleet.git', 'git 127.0.0.1:9418'],
  ['/srv/git/fleet.git', 'file undefined'],
  ['file:///srv/git/fleet.git', 'file undefined'],
  ['http://127.0.0.1:3000/fleet.git', 'http 127.0.0.1:3000'],
])('%s is an address: %s', (text, expected) => {
  const reading = readGitAddress(text)
  expect(reading.type === 'address' && `${reading.address.protocol} ${reading.address.host}`).toBe(expected)
})

test.each([
  ['--upload-pack=touch /tmp/x', 'an option'],
  ['ext::sh -c touch', 'a command'],
  ['http://git.example/fleet.git', 'plain http beyond this machine'],
  ['https://token@github.com/acme/fleet.git', 'a token in the address'],
  ['ssh://git:secret@git.example/fleet.git', 'a password in the address'],
  ['fleet.git', 'a relative path'],
  ['https://github.com/acme/fleet.git?x=1', 'a query'],
  ['', 'nothing'],
  ['git@-oProxyCommand=x:y', 'an option in the place of a host'],
])('%s is none: %s', (text) => {
  expect(readGitAddress(text).type).toBe('fault')
})

test('names of branches and folders are those that git takes for nothing else', () => {
  expect(['main', 'release/1.2', 'feature_x', 'a@b'].filter((name) => !isBranchName(name))).toEqual([])
  const noBranches = [
    '-x',
    'a b',
    'a..b',
    'a@{1}',
    'x.lock',
    'a//b',
    '/a',
    'a/',
    'HEAD',
    '@',
    'a:b',
    'a~1',
    'a^',
    '',
  ]
  expect(noBranches.filter(isBranchName)).toEqual([])
  expect(['.', 'manifests', 'a/b c'].filter((name) => !isInnerFolder(name))).toEqual([])
  expect(['', '/a', 'a/', '..', 'a/../b', '.git', ':(glob)a', 'a*', 'a\\b'].filter(isInnerFolder)).toEqual([])
})
