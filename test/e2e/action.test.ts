import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import { GithubSimulator } from '../simulators/github/server.ts'
import type { SimulatedRepository } from '../simulators/github/world.ts'
import { TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const marker = '<!-- reconciled:manifests: -->'

let fleet: TestFleet
let simulator: GithubSimulator
let repository: SimulatedRepository
/** What the runner writes is no part of the repository. */
let runner: string

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd: fleet.folder,
    encoding: 'utf8',
    env: { ...fleet.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  }).trim()
const commit = () => {
  git('add', '-A')
  git('commit', '-qm', 'state')
  return git('rev-parse', 'HEAD')
}

beforeEach(async () => {
  fleet = await TestFleet.create({
    '.gitignore': 'p/\n.reconcile/\n',
    'services/idle.mjs': 'setInterval(() => undefined, 1000)\n',
    'manifests/web.yaml': processManifest('web', 'script: ../services/idle.mjs'),
    'manifests/old.yaml': processManifest('old', 'script: ../services/idle.mjs'),
  })
  runner = await mkdtemp(join(tmpdir(), 'r-'))
  git('init', '-q', '-b', 'main')
  simulator = await GithubSimulator.start()
  repository = simulator.world.add('acme/fleet')
  repository.pulls.push({
    number: 7,
    head: 'change',
    base: 'main',
    title: 'A change',
    body: '',
    state: 'open',
    mergedAt: undefined,
    createdAt: simulator.world.now(),
  })
})
afterEach(async () => {
  expect(simulator.violations).toEqual([])
  await simulator.close()
  await fleet.destroy()
  await rm(runner, { recursive: true, force: true })
})

interface Ran {
  readonly status: number
  readonly out: string
  readonly summary: string
}

/** As the runner calls it after `action.yml` installed it. */
async function act(event: string, more: Readonly<Record<string, string>> = {}, base = ''): Promise<Ran> {
  const payload = join(runner, 'event.json')
  await writeFile(payload, JSON.stringify({ pull_request: { number: 7, base: { sha: base } } }))
  const summary = join(runner, 'summary.md')
  await writeFile(summary, '')
  const env = {
    ...fleet.env,
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: payload,
    GITHUB_REPOSITORY: 'acme/fleet',
    GITHUB_API_URL: simulator.url,
    GITHUB_STEP_SUMMARY: summary,
    INPUT_TOKEN: 'test-token',
    INPUT_MANIFESTS: 'manifests',
    INPUT_ENVIRONMENT: '',
    INPUT_APPLY: 'false',
    ...more,
  }
  const [status, out] = await new Promise<[number, string]>((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'dist/action.mjs')],
      { cwd: fleet.folder, env, timeout: 120_000 },
      (error, stdout, stderr) => {
        resolve([error === null ? 0 : Number(error.code ?? 1), `${stdout}${stderr}`])
      },
    )
  })
  return { status, out, summary: await readFile(summary, 'utf8') }
}

const ours = () => repository.comments.filter(({ author }) => author.login === 'github-actions[bot]')

it('is what action.yml calls, with inputs that it reads', () => {
  const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
    readonly inputs: Readonly<Record<string, unknown>>
    readonly runs: { readonly steps: readonly { readonly run?: string; readonly env?: object }[] }
  }
  const last = action.runs.steps.at(-1)
  expect(last?.run).toBe('node "$GITHUB_ACTION_PATH/dist/action.mjs"')
  expect(Object.keys(last?.env ?? {}).sort()).toEqual(
    Object.keys(action.inputs)
      .map((name) => `INPUT_${name.toUpperCase()}`)
      .sort(),
  )
})

it('keeps one comment, whoever else wrote its mark, and clears doubles of its own', async () => {
  const base = commit()
  await fleet.write('manifests/new.yaml', processManifest('new', 'script: ../services/idle.mjs'))
  await fleet.remove('manifests/old.yaml')
  commit()
  const stranger = { login: 'stranger', type: 'User' } as const
  const foreign = { id: 1, issue: 7, author: stranger, body: `${marker}\nmine`, createdAt: 0 }
  repository.comments.push(foreign)
  // More than one page.
  for (let id = 2; id < 140; id += 1)
    repository.comments.push({ id, issue: 7, author: stranger, body: 'hello', createdAt: 0 })

  const first = await act('pull_request', {}, base)
  expect(first.out).not.toContain('::error')
  expect(first.status).toBe(0)
  expect(ours()).toHaveLength(1)
  const [comment] = ours()
  expect(comment?.body.startsWith(`${marker}\n`)).toBe(true)
  expect(comment?.body).toContain('Process/old')
  expect(comment?.body).toContain('Process/new')
  expect(comment?.body.indexOf('Process/old')).toBeLessThan(comment?.body.indexOf('Process/new') ?? 0)
  expect(first.summary).toContain('Process/new')

  const writes = simulator.writes().length
  expect((await act('pull_request', {}, base)).status).toBe(0)
  expect(ours()).toHaveLength(1)
  // The same text is not written again.
  expect(simulator.writes()).toHaveLength(writes)

  if (comment) repository.comments.push({ ...comment, id: 999_999 })
  await fleet.write('manifests/newer.yaml', processManifest('newer', 'script: ../services/idle.mjs'))
  commit()
  expect((await act('pull_request', {}, base)).status).toBe(0)
  expect(ours().map(({ id }) => id)).toEqual([comment?.id])
  expect(ours()[0]?.body).toContain('Process/newer')
  expect(foreign.body).toBe(`${marker}\nmine`)
  // Nothing was started: neither a process nor a state.
  await expect(fleet.read('.reconcile/state.db')).rejects.toThrow('ENOENT')
})

it('fails where a manifest is wrong, shows it at its line, and runs no command that its text holds', async () => {
  const base = commit()
  await fleet.write(
    'manifests/web.yaml',
    processManifest('web', 'scirpt: "x"\nscript: "::set-env name=A::b"'),
  )
  commit()
  const run = await act('pull_request', {}, base)
  expect(run.status).toBe(1)
  expect(run.out).toMatch(/^::error file=manifests\/web\.yaml,line=5,col=3::/m)
  // Whatever else begins like a command stands where commands are stopped.
  const outside = run.out.replaceAll(/::stop-commands::(\S+)\n[\s\S]*?::\1::\n/g, '')
  expect(outside).not.toMatch(/^::(?!error|warning)/m)
  expect(ours()).toHaveLength(1)
})

it('leaves it at the summary where the token may not comment, as that of a fork', async () => {
  const base = commit()
  await fleet.remove('manifests/old.yaml')
  commit()
  simulator.faults.add({ kind: 'forbidden', on: 'createComment' })
  const run = await act('pull_request', {}, base)
  expect(run.status).toBe(0)
  expect(run.out).toContain('::warning::The token may not comment')
  expect(run.summary).toContain('Process/old')
  expect(ours()).toEqual([])
})

it('applies on a push alone, and only where it is told to', async () => {
  const base = commit()
  await fleet.remove('manifests/old.yaml')
  commit()
  expect((await act('pull_request', { INPUT_APPLY: 'true' }, base)).status).toBe(0)
  expect((await act('push')).status).toBe(0)
  const byHand = await act('workflow_dispatch', { INPUT_APPLY: 'true' })
  expect(byHand.status).toBe(0)
  expect(byHand.out).toContain('::warning::Nothing was applied')
  expect(await fleet.processes()).toEqual([])
  const run = await act('push', { INPUT_APPLY: 'true', INPUT_STATE: join(runner, 'state.db') })
  expect(run.status).toBe(0)
  expect((await fleet.processes()).map(({ name }) => name)).toEqual(['web'])
  expect(run.summary).toContain('Process/web')
})

it('remembers what it owns from push to push, though the work tree is cleared between them', async () => {
  commit()
  const apply = () => act('push', { INPUT_APPLY: 'true', INPUT_STATE: join(runner, 'state.db') })
  expect((await apply()).status).toBe(0)
  await fleet.remove('manifests/old.yaml')
  commit()
  // As actions/checkout clears it; the home of PM2 lies elsewhere on a real host.
  git('clean', '-ffdx', '-e', '/p')
  const second = await apply()
  expect(second.status, second.out).toBe(0)
  expect((await fleet.processes()).map(({ name }) => name)).toEqual(['web'])
})

it.each([
  ['without a state', {}, 'Cannot apply without `state`'],
  ['with a state that checkout clears', { INPUT_STATE: '.reconcile/state.db' }, 'Cannot keep the state in'],
  [
    'with one of the environment that it clears',
    { RECONCILE_STATE: 'state/a.db' },
    'Cannot keep the state in',
  ],
])('applies nothing %s', async (_, more, said) => {
  commit()
  const run = await act('push', { INPUT_APPLY: 'true', GITHUB_WORKSPACE: fleet.folder, ...more })
  expect(run.status).toBe(1)
  expect(run.out).toContain(`::error::${said}`)
  expect(await fleet.processes()).toEqual([])
})

it.each([
  { event: 'pull_request_target', more: {}, said: 'Cannot run on pull_request_target' },
  {
    event: 'push',
    more: { INPUT_APPLY: 'yes' },
    said: 'Expected the input apply to be true or false, got yes',
  },
  { event: 'push', more: { INPUT_TOKEN: '' }, said: 'Expected INPUT_TOKEN to be set' },
])('refuses $said', async ({ event, more, said }) => {
  commit()
  const run = await act(event, more)
  expect(run.status).toBe(1)
  expect(run.out).toContain(`::error::${said}`)
})
