import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callVerb } from '../support/called.ts'
import { processManifest } from '../support/manifest.ts'
import { plainEnv, removeFolder } from '../support/pm2.ts'

const scriptSet = (build: string) =>
  `apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: site }\nspec:\n  package: ../package.json\n  scripts: { build: "${build}" }\n`

const ajv = new Ajv2020({ strict: false })
const schema = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8'))
const validate = ajv.compile(schema('review'))

let folder: string
const path = (name: string) => join(folder, name)
const write = async (name: string, text: string) => {
  await mkdir(dirname(path(name)), { recursive: true })
  await writeFile(path(name), text)
}
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...plainEnv, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  })
const commitAll = () => {
  git('add', '-A')
  git('commit', '-qm', 'state')
}
const call = (...args: string[]) => callVerb(folder, ['plan', '--against', 'HEAD', ...args])
const reviewed = async (...args: string[]) => JSON.parse((await call('-o', 'json', ...args)).out)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-'))
  git('init', '-q', '-b', 'main')
  await write('package.json', JSON.stringify({ name: 'site', scripts: { build: 'node build.mjs' } }))
  await write('build.mjs', '')
  await write('services/api.mjs', '')
  await write('manifests/api.yaml', processManifest('api', 'script: ../services/api.mjs'))
  await write('manifests/old.yaml', processManifest('old', 'script: ../services/api.mjs'))
  await write('manifests/site.yaml', scriptSet('node build.mjs'))
  commitAll()
})
afterEach(() => removeFolder(folder))

test('tells what changes do to what runs, the worst first, and what it could not look at', async () => {
  await rm(path('manifests/old.yaml'))
  await write('manifests/api.yaml', processManifest('api', 'script: ../services/api.mjs\nargs: ["--fast"]'))
  await write('manifests/new.yaml', processManifest('new', 'script: ../services/api.mjs'))
  await write('manifests/site.yaml', scriptSet('node build.mjs --fast'))
  const document = await reviewed()
  expect(document.summary).toEqual({ delete: 1, restart: 1, update: 1, create: 1, same: 0 })
  expect(document.resources).toMatchObject([
    { id: 'Process/old', effect: 'delete', file: 'HEAD:manifests/old.yaml' },
    { id: 'Process/api', effect: 'restart', file: 'manifests/api.yaml', changes: [{ path: 'spec.args' }] },
    { id: 'ScriptSet/site', effect: 'update' },
    { id: 'Process/new', effect: 'create' },
  ])
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  expect(document.comparedOnly).toEqual([
    { kind: 'Process', message: expect.stringContaining('machine of the fleet') },
  ])
  expect(document.plan.resources).toMatchObject([
    { id: 'ScriptSet/site', actions: [{ verb: 'update', changes: [{ after: 'node build.mjs --fast' }] }] },
  ])
  const markdown = (await call('-o', 'markdown')).out
  const order = ['**Deletes**', '**Restarts**', '**Updates**', '**Creates**', 'compared only'].map((part) =>
    markdown.indexOf(part),
  )
  expect(order).not.toContain(-1)
  expect(order).toEqual([...order].sort((a, b) => a - b))
})

test('starts nothing, writes nothing and leaves nothing behind', async () => {
  const files = async () =>
    (await readdir(folder, { recursive: true })).filter((one) => !one.includes('.git/')).sort()
  const before = [await files(), git('status', '--porcelain'), await readdir(path('.git'))]
  const ours = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('reconcile-review-'))
  const left = await ours()
  expect((await call()).status).toBe(0)
  expect([await files(), git('status', '--porcelain'), await readdir(path('.git'))]).toEqual(before)
  expect((await ours()).filter((name) => !left.includes(name))).toEqual([])
})

test('what is only a probe restarts nothing, and relative paths mean the same in the revision', async () => {
  const probed = 'script: ../services/api.mjs\nhealth: { tcp: { port: 3000 } }'
  await write('manifests/api.yaml', processManifest('api', probed))
  const { resources, summary } = await reviewed()
  expect(resources).toMatchObject([{ id: 'Process/api', effect: 'update' }])
  expect(summary.same).toBe(2)
})

test('shows no secret, and takes values that it may not read for the same where one reference names both', async () => {
  const env = (level: string) =>
    `script: ../services/api.mjs\nenv:\n  KEY: { fromCommand: ["false"] }\n  PASSWORD: "hunter2-${level}"\n  LEVEL: "${level}"`
  await write('manifests/api.yaml', processManifest('api', env('a')))
  commitAll()
  await write('manifests/api.yaml', processManifest('api', env('b')))
  for (const output of ['text', 'json', 'yaml', 'markdown']) {
    const { out, err } = await call('-o', output)
    expect(`${out}${err}`).not.toContain('hunter2')
    expect(out, err).toContain('LEVEL')
    expect(out).not.toContain('KEY')
  }
})

const settings = (rule: string, target: string) =>
  [
    `apiVersion: reconcile.dev/v1\nkind: Receiver\nmetadata: { name: ops }\nspec: ${target}\n`,
    'apiVersion: reconcile.dev/v1\nkind: Alert\nmetadata: { name: all }\nspec: { receivers: [Receiver/ops] }\n',
    rule && `apiVersion: reconcile.dev/v1\nkind: Policy\nmetadata: { name: freeze }\nspec: ${rule}\n`,
  ]
    .filter((part) => part !== '')
    .join('---\n')
const freeze =
  '{ for: action, kinds: [Process], rule: \'action.verb != "delete"\', message: Nothing is deleted }'

test('compares policies, alerts and receivers, before all others of an effect', async () => {
  const url = 'https://hooks.example.com/services/hook-of-ours'
  await write('manifests/settings.yaml', settings(freeze, `{ slack: { url: { fromEnv: SLACK_URL } } }`))
  commitAll()
  await rm(path('manifests/old.yaml'))
  await write(
    'manifests/settings.yaml',
    settings('', '{ webhook: { url: "https://attacker.example/hook" } }'),
  )
  const env = { SLACK_URL: url }
  const called = (output: string) => callVerb(folder, ['plan', '--against', 'HEAD', '-o', output], { env })
  const document = JSON.parse((await called('json')).out)
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  expect(document.summary).toEqual({ delete: 2, restart: 0, update: 1, create: 0, same: 3 })
  expect(document.resources).toMatchObject([
    { id: 'Policy/freeze', kind: 'Policy', effect: 'delete', file: 'HEAD:manifests/settings.yaml' },
    { id: 'Process/old', effect: 'delete' },
    {
      id: 'Receiver/ops',
      effect: 'update',
      file: 'manifests/settings.yaml',
      changes: [
        { path: 'spec.slack.url', sensitive: true },
        { path: 'spec.webhook.url', after: 'https://attacker.example/hook' },
      ],
    },
  ])
  for (const output of ['text', 'markdown', 'json', 'yaml']) {
    const { out } = await called(output)
    expect(out).toContain('Policy/freeze')
    expect(out).toContain('Receiver/ops')
    expect(out).toContain('attacker.example')
    expect(out).not.toContain('hook-of-ours')
  }
  // A part of the fleet is reviewed with what holds for all of it.
  const { out } = await callVerb(folder, ['plan', '--against', 'HEAD', '--only', 'Process/api'], { env })
  expect(out).toContain('Policy/freeze')
})

test('takes no policy for gone whose file is wrong', async () => {
  await write('manifests/settings.yaml', settings(freeze, '{ slack: { url: { fromEnv: SLACK_URL } } }'))
  commitAll()
  await write('manifests/settings.yaml', settings(freeze.replace('message', 'massage'), '{ slack: {} }'))
  const { status, out, err } = await call()
  expect(status).toBe(1)
  expect(err).toContain('manifests/settings.yaml')
  expect(out).not.toContain('delete')
})

test('tells what becomes of a rule, and of an alert', async () => {
  await write('manifests/settings.yaml', settings(freeze, '{ slack: { url: { fromEnv: SLACK_URL } } }'))
  commitAll()
  const soft = settings(
    freeze.replace('for:', 'severity: warn, for:'),
    '{ slack: { url: { fromEnv: SLACK_URL } } }',
  )
  await write(
    'manifests/settings.yaml',
    soft.replace('[Receiver/ops]', '[Receiver/ops], on: [SuspensionEnding]'),
  )
  const { resources } = await reviewed()
  expect(resources).toMatchObject([
    { id: 'Policy/freeze', effect: 'update', changes: [{ path: 'spec.severity', after: 'warn' }] },
    { id: 'Alert/all', effect: 'update', changes: [{ path: 'spec.on', after: ['SuspensionEnding'] }] },
  ])
})

test('does not let a change strike out what it does, by declaring our words a secret', async () => {
  await rm(path('manifests/old.yaml'))
  await write('manifests/api.yaml', processManifest('api', 'script: ../services/api.mjs\nargs: ["--fast"]'))
  const honest = await call('-o', 'markdown')
  const commit = git('rev-parse', 'HEAD').trim()
  const words = [
    '**Deletes**\n\n- `Process/old`',
    '1 to delete, 1 to restart',
    'it runs on the machine of the fleet',
    `main (${commit.slice(0, 12)})`,
    'Process/old',
  ]
  await Promise.all(words.map((text, index) => write(`words/${index}.txt`, text)))
  const env = words.map((_, index) => `  NOTE${index}: { fromFile: ../words/${index}.txt }`).join('\n')
  await write(
    'manifests/api.yaml',
    processManifest('api', `script: ../services/api.mjs\nargs: ["--fast"]\nenv:\n${env}`),
  )
  const listed = (text: string) => text.slice(0, text.indexOf('<details>')).replace(/: `spec.*/g, '')
  const { out } = await call('-o', 'markdown')
  expect(out).toContain('**Deletes**\n\n- `Process/old`\n')
  expect(listed(out)).toBe(listed(honest.out))
  for (const output of ['text', 'json', 'yaml', 'markdown']) {
    const shown = await call('-o', output)
    expect(shown.out).not.toContain('***')
    expect(shown.out).toContain('Process/old')
  }
})

test('follows no link out of the tree and runs no filter', async () => {
  await write('outside-target', 'x')
  await symlink('/etc/hostname', path('manifests/away.yaml'))
  await symlink('../services', path('manifests/near'))
  await write('.gitattributes', '*.yaml filter=evil\n')
  git('config', 'filter.evil.smudge', `touch ${path('smudged')}; cat`)
  git('add', '-A')
  git('commit', '-qm', 'links')
  await rm(path('manifests/away.yaml'))
  const document = await reviewed()
  expect(document.notes).toEqual([
    expect.stringContaining('HEAD:manifests/away.yaml is a link out of the work tree'),
  ])
  await expect(readFile(path('smudged'))).rejects.toThrow('ENOENT')
})

test('fails on manifests that are wrong now, and only tells of those that were', async () => {
  await write('manifests/api.yaml', 'kind: Process\n')
  expect((await call()).status).toBe(1)
  commitAll()
  await write('manifests/api.yaml', processManifest('api', 'script: ../services/api.mjs'))
  const healed = await call()
  expect(healed.status).toBe(0)
  expect(healed.out).toContain('HEAD:manifests/api.yaml')
})

test.each([
  { args: ['plan', '--against', 'nowhere'], said: 'there is no such commit here' },
  { args: ['plan', '--against', '--upload-pack=x'], said: 'there is no such commit here' },
  { args: ['plan', '--against', 'HEAD', '--out', 'plan.json'], said: 'Cannot use --out with --against' },
])('refuses $args', async ({ args, said }) => {
  const refused = await callVerb(folder, args)
  expect(refused.err).toContain(said)
  expect(refused.status).toBe(1)
})

test('manifests that the revision does not have are new, all of them', async () => {
  git('mv', 'manifests', 'fleet')
  expect((await reviewed('-f', 'fleet')).summary).toMatchObject({ create: 3, delete: 0 })
})

test('fits into a comment however much changes', async () => {
  const many = async (level: string) => {
    const one = (name: string) =>
      processManifest(name, `script: ../services/api.mjs\nargs: ["${level.repeat(60)}"]`)
    for (const file of Array.from({ length: 12 }, (_, index) => `many-${index}`))
      await write(
        `manifests/${file}.yaml`,
        Array.from({ length: 100 }, (_, index) => one(`${file}-${index}`)).join('---\n'),
      )
  }
  await many('a')
  commitAll()
  await many('b')
  await rm(path('manifests/old.yaml'))
  const { out } = await call('-o', 'markdown')
  expect(out.length).toBeLessThan(65_000)
  expect(out).toContain('Process/old')
  expect(out).toContain('more lines')
})
