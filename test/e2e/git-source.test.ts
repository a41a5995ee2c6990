import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Background, eventually, freePort, lives, TestFleet } from '../support/fleet.ts'
import { type GitWorld, openGitWorld } from '../support/git-server.ts'
import { processManifest } from '../support/manifest.ts'

const idle = 'setInterval(() => undefined, 1000)\n'
const worker = (version: string) =>
  processManifest('worker', `script: ../services/idle.mjs\nminUptime: 1s\nenv: { VERSION: "${version}" }`)
const files = (version: string) => ({ 'services/idle.mjs': idle, 'manifests/worker.yaml': worker(version) })

let fleet: TestFleet
let world: GitWorld

/** A machine on which nothing is but the program: all that it is to do is fetched. */
beforeEach(async () => {
  fleet = await TestFleet.create()
  await rm(fleet.path('manifests'), { recursive: true })
  world = await openGitWorld()
})

afterEach(async () => {
  await fleet.destroy()
  await world.close()
})

async function push(version: string, message = `version ${version}`): Promise<string> {
  const commit = await world.commit(files(version), message)
  await world.push()
  return commit
}

const short = (commit: string) => commit.slice(0, 7)
/** Looks so often that a test need not wait; `slow` looks when it is told to. */
const fast = ['--git-interval', '1s']
const slow = ['--git-interval', '1h']

async function watch(...args: readonly string[]): Promise<Background> {
  const controller = await fleet.watch(['--git', world.url, ...args])
  await Promise.race([controller.logged('controller started'), controller.ended])
  return controller
}

async function end(controller: Background): Promise<void> {
  controller.signal('SIGTERM')
  expect(await controller.ended, controller.log()).toBe(0)
}

async function runningVersion(): Promise<unknown> {
  const found = (await fleet.processes()).find(({ name }) => name === 'worker')
  return found?.pm2_env.status === 'online' ? (found.pm2_env as { VERSION?: unknown }).VERSION : undefined
}

const isRunning = (version: string) => eventually(async () => expect(await runningVersion()).toBe(version))

async function reconcile(status: number, ...args: readonly string[]) {
  const run = await fleet.reconcile(args)
  expect(run.status, run.out + run.err).toBe(status)
  return run
}

interface Source {
  readonly commit: { readonly id: string; readonly subject: string } | null
  readonly tip: string | null
  readonly held: { readonly commit: string; readonly by: string } | null
  readonly refused: { readonly commit: string; readonly message: string } | null
  readonly trouble: { readonly reason: string } | null
}

async function source(): Promise<Source> {
  const { out } = await reconcile(0, 'status', '-o', 'json')
  return (JSON.parse(out) as { readonly source: Source }).source
}

async function reasons(): Promise<readonly string[]> {
  const { out } = await reconcile(0, 'events', '-n', '500', '-o', 'json')
  const { events } = JSON.parse(out) as {
    readonly events: readonly {
      readonly reason: string
      readonly id: string | null
      readonly count: number
    }[]
  }
  return events
    .filter(({ id }) => id === null)
    .map(({ reason, count }) => (count > 1 ? `${reason} x${count}` : reason))
}

/** Whether the work tree is exactly what was committed. */
function workTree(): { readonly commit: string; readonly changes: string } {
  const cwd = fleet.path('.reconcile/git/current')
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd, env: { PATH: process.env.PATH, HOME: fleet.folder } })
      .toString()
      .trim()
  return { commit: git('rev-parse', 'HEAD'), changes: git('status', '--porcelain') }
}

describe('a fleet that follows a branch', () => {
  it('is reconciled to what is pushed, and stays at the last good commit when a bad one is', async () => {
    const first = await push('one')
    const controller = await watch(...fast)
    await isRunning('one')
    const second = await push('two', 'Give the worker two')
    await isRunning('two')
    expect(await source()).toMatchObject({
      commit: { id: second, subject: 'Give the worker two' },
      tip: second,
      held: null,
      refused: null,
      trouble: null,
    })

    const bad = await world.commit(
      { 'manifests/worker.yaml': `${worker('three')}  colour: red\n` },
      'Paint it',
    )
    await world.push()
    await controller.logged('CommitRefused')
    const before = lives(await fleet.processes())
    const { refused, commit, tip } = await source()
    expect({ commit: commit?.id, tip }).toEqual({ commit: second, tip: bad })
    expect(refused).toMatchObject({ commit: bad })
    expect(refused?.message).toContain('manifests/worker.yaml:8:3 unknown-field')
    const { out } = await reconcile(0, 'status')
    expect(out.replace(/\s+/g, ' ')).toContain(
      `Follows the branch main of ${world.url}, folder manifests: at ${short(second)} "Give the worker two" for`,
    )
    expect(out.replace(/\s+/g, ' ')).toContain(`${short(bad)} "Paint it" is refused for`)
    // It is looked at each second, and told once.
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(lives(await fleet.processes())).toEqual(before)
    expect(await runningVersion()).toBe('two')

    // A plan beside it is made of what the fleet is at, and changes nothing.
    expect((await reconcile(0, 'plan', '--detailed-exitcode')).out).toContain('unchanged')

    // Taken back it is forgotten, and judged anew when it comes again.
    await world.git('push', '-q', '--force', 'origin', `${second}:main`)
    await eventually(async () => expect((await source()).refused).toBeNull())
    await world.push()
    await eventually(async () => expect((await source()).refused?.commit).toBe(bad))

    await push('four')
    await isRunning('four')
    expect((await source()).refused).toBeNull()
    expect(await reasons()).toEqual(['CommitApplied', 'CommitApplied', 'CommitRefused x2', 'CommitApplied'])
    expect(workTree()).toEqual({ commit: await world.git('rev-parse', 'HEAD'), changes: '' })
    const { out: events } = await reconcile(0, 'events')
    expect(events).toContain(`the fleet is at ${short(first)} "version one"`)
    await end(controller)
  })

  it('is held by a rollback while pushes come, without a server too, and goes to the newest when it is resumed', async () => {
    const one = await push('one')
    const controller = await watch(...fast)
    await isRunning('one')
    const two = await push('two')
    await isRunning('two')
    await world.stop()
    const back = await reconcile(0, 'rollback', '--by', 'jo')
    expect(back.out).toContain(`The fleet is held at ${short(one)} "version one", whatever is pushed.`)
    expect(back.out).toContain(`The controller (pid ${controller.pid}) goes there now.`)
    await isRunning('one')
    await world.start()
    const three = await push('three')
    await eventually(async () => expect((await source()).tip).toBe(three))
    expect(await source()).toMatchObject({ commit: { id: one }, held: { commit: one, by: 'jo' } })
    expect(await runningVersion()).toBe('one')
    expect((await reconcile(0, 'status')).out.replace(/\s+/g, ' ')).toContain(`Held at ${short(one)} by jo`)

    // It holds over a restart, and `rollback COMMIT` goes elsewhere.
    await end(controller)
    const again = await watch(...fast)
    expect(await runningVersion()).toBe('one')
    await reconcile(0, 'rollback', two.slice(0, 10))
    await isRunning('two')
    const unknown = await reconcile(1, 'rollback', 'abcdef12')
    expect(unknown.err).toContain('No good commit abcdef12 is known')
    expect(unknown.err).toContain(`${short(one)} "version one"`)
    expect((await reconcile(1, 'rollback', '--', '--force')).err).toContain('Expected the id of a commit')

    expect((await reconcile(0, 'resume', '--source')).out).toContain('The fleet follows main again')
    await isRunning('three')
    expect((await reconcile(0, 'resume', '--source')).out).toContain('was not rolled back')
    await reconcile(0, 'rollback')
    await isRunning('two')
    await reconcile(0, 'resume', '--all')
    await isRunning('three')
    expect(
      (await reasons()).filter((reason) => reason === 'RolledBack' || reason === 'SourceResumed'),
    ).toEqual(['RolledBack', 'RolledBack', 'SourceResumed', 'RolledBack', 'SourceResumed'])
    await end(again)
  })

  it('stays where it was held when it is resumed and the newest commit is refused, and says what takes it on', async () => {
    const one = await push('one')
    const controller = await watch(...fast)
    await isRunning('one')
    const two = await push('two')
    await isRunning('two')
    await reconcile(0, 'rollback')
    await isRunning('one')
    const resumed = await reconcile(0, 'resume', '--source')
    expect(resumed.out).toContain(
      `it was held at ${short(one)}, and stays there while the newest commit is refused.`,
    )
    await isRunning('two')
    await reconcile(0, 'rollback')
    await isRunning('one')
    await world.commit({ 'manifests/api.yaml': 'kind: Proces\n' }, 'version bad')
    await world.push()
    await reconcile(0, 'resume', '--source')
    await eventually(async () => expect((await source()).refused).not.toBeNull())
    expect(await source()).toMatchObject({ commit: { id: one }, held: null })
    expect((await reconcile(0, 'status')).out.replace(/\s+/g, ' ')).toContain(
      `${short(two)} "version two" was good after this one: \`reconcile rollback ${short(two)}\` goes there.`,
    )
    expect((await reconcile(0, 'events')).out).toContain(
      `the fleet stays at ${short(one)}, where it was held`,
    )
    expect(await runningVersion()).toBe('one')
    await end(controller)
  })

  it('tells of a rewritten branch, of one that is gone and of a server that is away, each once', async () => {
    await push('one')
    await push('two')
    const controller = await watch(...fast)
    await isRunning('two')
    await world.git('reset', '-q', '--hard', 'HEAD~1')
    await world.commit(files('other'), 'version other')
    await world.push('--force')
    await isRunning('other')
    await world.git('push', '-q', 'origin', 'HEAD:elsewhere')
    execFileSync('git', ['-C', world.bare, 'update-ref', '-d', 'refs/heads/main'])
    await eventually(async () => expect((await source()).trouble?.reason).toBe('BranchMissing'))
    expect(controller.log()).toContain('it has elsewhere')
    await world.push()
    await eventually(async () => expect((await source()).trouble).toBeNull())
    await world.stop()
    await eventually(async () => expect((await source()).trouble?.reason).toBe('SourceUnreadable'))
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(await runningVersion()).toBe('other')
    await world.start()
    await eventually(async () => expect((await source()).trouble).toBeNull())
    expect(await reasons()).toEqual([
      'CommitApplied',
      'BranchRewritten',
      'CommitApplied',
      'BranchMissing',
      'SourceReadable',
      'SourceUnreadable',
      'SourceReadable',
    ])
    // What was good before the branch was rewritten is here still.
    await reconcile(0, 'rollback')
    await isRunning('two')
    await end(controller)
  })

  it('ends at the newest of a hundred commits that come while a pass runs', async () => {
    await push('0')
    const controller = await watch(...fast)
    await isRunning('0')
    for (let index = 1; index <= 100; index += 1) {
      await world.commit({ 'manifests/worker.yaml': worker(String(index)) }, `version ${index}`)
      await world.push()
    }
    await isRunning('100')
    await eventually(async () => {
      const { out } = await reconcile(0, 'status', '-o', 'json')
      const [only] = (JSON.parse(out) as { readonly resources: readonly { readonly health: string }[] })
        .resources
      expect(only?.health).toBe('Healthy')
    })
    expect((await source()).commit?.subject).toBe('version 100')
    await end(controller)
  })

  it('is taken from a half changed work tree to its commit by a one-shot pass too, which deletes nothing', async () => {
    const commit = await world.commit(
      { ...files('one'), 'manifests/other.yaml': worker('one').replace('name: worker', 'name: other') },
      'Two of them',
    )
    await world.push()
    const controller = await watch(...slow)
    await eventually(async () => expect(await fleet.processes()).toHaveLength(2))
    controller.signal('SIGKILL')
    await controller.ended
    const before = lives(await fleet.processes())
    // As a kill leaves it on its way to a commit without the other one.
    await fleet.write('.reconcile/git/repo/reconciled-unfinished', commit)
    await fleet.remove('.reconcile/git/current/manifests/other.yaml')
    expect((await reconcile(0, 'status')).err).toContain('between two commits')
    await reconcile(0, '--timeout', '60s')
    expect(lives(await fleet.processes())).toEqual(before)
    expect(workTree()).toEqual({ commit, changes: '' })
  })

  it('in an environment is kept by itself, and an environment that the commit lacks refuses it', async () => {
    await world.commit(
      {
        ...files('base'),
        'manifests/environments/production/worker.yaml': processManifest(
          'worker',
          'env: { VERSION: "production" }',
        ),
      },
      'With production',
    )
    await world.push()
    const controller = await watch(...fast, '--env', 'production')
    await isRunning('production')
    await world.commit({ 'manifests/environments/production/worker.yaml': undefined }, 'Without production')
    await world.push()
    await controller.logged('CommitRefused')
    const { out } = await reconcile(0, 'status', '--env', 'production')
    expect(out.replace(/\s+/g, ' ')).toContain('unknown-environment')
    expect(await runningVersion()).toBe('production')
    await end(controller)
  })

  it('goes on where it was after it was killed at any moment', async () => {
    const many = (round: number) =>
      Object.fromEntries(
        Array.from({ length: 1500 }, (_, index) => [`data/${index}.txt`, `${round} ${index}\n`]),
      )
    await world.commit({ ...many(0), ...files('0') }, 'version 0')
    await world.push()
    let controller = await watch(...slow)
    await isRunning('0')
    const cuts: string[] = []
    for (const [index, delay] of [0, 60, 120, 200, 300, 450].entries()) {
      const version = String(index + 1)
      const commit = await world.commit({ ...many(index + 1), ...files(version) }, `version ${version}`)
      await world.push()
      // A restart looks at once, so the kill falls into fetching, judging, writing down or the work tree.
      controller.signal('SIGKILL')
      await controller.ended
      const cut = await fleet.watch(['--git', world.url, ...slow])
      await Promise.race([cut.logged('CommitApplied'), cut.logged('controller started'), later(900)])
      await later(delay)
      cut.signal('SIGKILL')
      await cut.ended
      cuts.push(`${delay} ms: ${/controller started/.test(cut.log()) ? 'started' : 'starting'}`)
      controller = await watch(...slow)
      await isRunning(version)
      expect(workTree(), cuts.join(', ')).toEqual({ commit, changes: '' })
    }
    await end(controller)
  }, 300_000)
})

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('before anything is good', () => {
  it('a wrong address or branch is told, and leaves no trace', async () => {
    await push('one')
    for (const [args, said] of [
      [['--git', world.url, '--branch', 'trunk'], 'It has main.'],
      [['--git', `git://127.0.0.1:${world.port}/other.git`], 'git ls-remote'],
      [['--git', 'https://jo:hunter2hunter2@127.0.0.1/x.git'], 'RECONCILE_GIT_TOKEN'],
      [['--git', 'ext::sh -c true'], 'it is no address'],
      [['--branch', 'main'], 'Name the repository'],
    ] as const) {
      const run = await reconcile(1, 'watch', ...args)
      expect(run.err).toContain(said)
      expect(run.err + run.out).not.toContain('hunter2')
      expect((await readdir(fleet.folder)).filter((name) => name !== 'p')).toEqual([])
    }
  })

  it('a first commit that is bad changes nothing, and neither does the wrong folder; the right one is taken after', async () => {
    await push('one')
    const wrong = await reconcile(1, 'watch', '--git', world.url, '--path', 'elsewhere')
    expect(wrong.err).toContain('elsewhere')
    await world.commit({ 'manifests/worker.yaml': 'kind: Process\n' }, 'Break it')
    await world.push()
    const bad = await reconcile(1, 'watch', '--git', world.url)
    expect(bad.err).toContain('"Break it"')
    expect(bad.err).toContain('manifests/worker.yaml:1:1')
    expect(await fleet.processes()).toEqual([])
    await push('two')
    const controller = await watch(...slow)
    await isRunning('two')
    await end(controller)
  })
})

it('a dry run beside it changes nothing, neither here nor in the repository', async () => {
  await push('one')
  const controller = await watch(...slow)
  await isRunning('one')
  await end(controller)
  await push('two')
  const before = await everyFile(fleet.path('.reconcile'))
  const { out } = await reconcile(0, 'plan')
  expect(out).toContain('1 unchanged')
  await reconcile(0, 'status')
  await reconcile(0, 'events')
  expect(await everyFile(fleet.path('.reconcile'))).toEqual(before)
})

/** Path, size and time of all that is there. */
async function everyFile(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true })
  const told = await Promise.all(
    entries.map(async (name) => {
      const { size, mtimeMs, isDirectory } = await stat(join(folder, name)).then((found) => ({
        size: found.size,
        mtimeMs: found.mtimeMs,
        isDirectory: found.isDirectory(),
      }))
      // Reading a database makes and removes files beside it.
      return isDirectory || name.endsWith('-shm') || name.endsWith('-wal') ? '' : `${name} ${size} ${mtimeMs}`
    }),
  )
  return told.filter((line) => line !== '').sort()
}

it('a push that is told by a signed call is taken at once, and one that is signed wrong is not', async () => {
  const port = await freePort()
  await push('one')
  const secret = 'a secret of the hook'
  const controller = await fleet.watch(['--git', world.url, ...slow, '--webhook', String(port)], {
    env: { RECONCILE_WEBHOOK_SECRET: secret },
  })
  await controller.logged('pushes are heard')
  await isRunning('one')
  await push('two')
  const call = async (key: string) => {
    const body = JSON.stringify({ ref: 'refs/heads/main' })
    const signature = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body,
      headers: { 'x-hub-signature-256': signature },
    })
    return response.status
  }
  expect(await call('another secret')).toBe(401)
  await later(2000)
  expect(await runningVersion()).toBe('one')
  expect(await call(secret)).toBe(202)
  await isRunning('two')
  expect(controller.log()).not.toContain(secret)
  await end(controller)
})

it('a commit that is not signed as it must be is refused, and the next that is one is taken', async () => {
  const keys = join(world.folder, 'keys')
  await mkdir(keys)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'jo', '-f', join(keys, 'jo')])
  await fleet.write('allowed_signers', `jo@example.com ${await readFile(join(keys, 'jo.pub'), 'utf8')}`)
  await world.git('config', 'gpg.format', 'ssh')
  await world.git('config', 'user.signingkey', join(keys, 'jo'))
  await world.git('config', 'commit.gpgsign', 'true')
  await push('one')
  const controller = await watch(...fast, '--allowed-signers', 'allowed_signers')
  await isRunning('one')
  await world.git('config', 'commit.gpgsign', 'false')
  const unsigned = await push('two')
  await controller.logged('CommitRefused')
  expect((await source()).refused).toEqual(
    expect.objectContaining({ commit: unsigned, message: 'it is not signed' }),
  )
  expect(await runningVersion()).toBe('one')
  await world.git('config', 'commit.gpgsign', 'true')
  await push('three')
  await isRunning('three')
  await end(controller)
})

describe('a Fleet that names its repository', () => {
  const fleetManifest = (git: string) =>
    `apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: followed }\nspec:\n  git: ${git}\n`

  it('is followed in the background, by the Fleet of the folder alone', async () => {
    await fleet.write('manifests/fleet.yaml', fleetManifest(`{ url: "${world.url}", interval: 1s }`))
    await world.commit({
      ...files('one'),
      'manifests/fleet.yaml': fleetManifest('{ url: "https://git.example/evil.git", interval: 1s }'),
    })
    await world.push()
    const started = await reconcile(0, 'start')
    expect(started.out).toContain('kept by PM2 as reconciled-followed')
    await isRunning('one')
    await push('two')
    await isRunning('two')
    const log = (await fleet.processes()).find(({ name }) => name === 'reconciled-followed')?.pm2_env
      .pm_err_log_path
    const text = await readFile(String(log), 'utf8')
    expect(text).toContain('which does not count')
    expect(text).toContain('git:https://git.example/evil.git#main:manifests')
    await reconcile(0, 'restart')
    await push('three')
    await isRunning('three')
    expect((await reconcile(0, 'stop')).out).toContain('has ended')
    expect(await runningVersion()).toBe('three')
  })

  it('given on the command line it is remembered for `restart`, and another repository is refused', async () => {
    await push('one')
    await reconcile(0, 'start', '--git', world.url, ...fast)
    await isRunning('one')
    await reconcile(0, 'restart')
    await push('two')
    await isRunning('two')
    await reconcile(0, 'stop')
    const other = await reconcile(1, 'start', '--git', world.bare)
    expect(other.err).toContain('it belongs to the repository')
    expect(await runningVersion()).toBe('two')
    await reconcile(0, 'start', '--git', world.bare, ...fast, '--rebind')
    await push('three')
    await isRunning('three')
  })
})
