import { execFileSync, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, lives, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'
import type { Pm2Entry } from '../support/pm2-list.ts'

const idle = 'setInterval(() => undefined, 1000)\n'
/** Fails at once as long as the file `broken` lies beside it. */
const fragile = `
import { existsSync } from 'node:fs'
if (existsSync(new URL('broken', import.meta.url))) process.exit(1)
setInterval(() => undefined, 1000)
`
const program = fileURLToPath(new URL('../../dist/reconcile.mjs', import.meta.url))

let fleet: TestFleet
afterEach(() => fleet.destroy())

const statusOf = (processes: readonly Pm2Entry[], name: string) =>
  processes.find((entry) => entry.name === name)?.pm2_env.status

describe('recovery', () => {
  it('tries within its attempts, says when a person is needed, lets the fallback stand in, and takes it back', async () => {
    fleet = await TestFleet.create({
      'services/fragile.mjs': fragile,
      'services/broken': '',
      'services/idle.mjs': idle,
      'manifests/main.yaml': processManifest(
        'main',
        [
          'script: ../services/fragile.mjs',
          'maxRestarts: 1',
          'recovery: { maxAttempts: 2, backoff: { initial: 200ms, max: 1s }, stableFor: 1s }',
          'fallback: [Process/spare]',
          'fallbackAfter: 1',
        ].join('\n'),
      ),
      'manifests/spare.yaml': processManifest('spare', 'script: ../services/idle.mjs'),
    })
    const failed = await fleet.reconcile([])
    expect(failed.status).toBe(1)
    expect(failed.out.replace(/\s+/g, ' ')).toContain('it needs a person')
    expect(statusOf(await fleet.processes(), 'spare')).toBe('online')
    const health = await fleet.reconcile(['health', '-o', 'json'])
    expect(health.status).toBe(2)
    expect(JSON.parse(health.out).lowers).toMatchObject([{ id: 'Process/main', health: 'Degraded' }])

    // Nothing more is tried, however often a pass is made.
    const restarts = lives((await fleet.processes()).filter(({ name }) => name === 'main'))
    expect((await fleet.reconcile([])).status).toBe(1)
    expect(lives((await fleet.processes()).filter(({ name }) => name === 'main'))).toEqual(restarts)

    await rm(fleet.path('services/broken'))
    expect((await fleet.reconcile(['resume', 'Process/main'])).status).toBe(0)
    expect((await fleet.reconcile([])).status).toBe(0)
    expect(statusOf(await fleet.processes(), 'main')).toBe('online')
    await eventually(async () => {
      expect((await fleet.reconcile([])).status).toBe(0)
      expect(statusOf(await fleet.processes(), 'spare')).toBeUndefined()
    })
  })

  it('leaves what is suspended alone until it is resumed', async () => {
    fleet = await TestFleet.create({
      'services/idle.mjs': idle,
      'manifests/one.yaml': processManifest('one', 'script: ../services/idle.mjs'),
    })
    expect((await fleet.reconcile([])).status).toBe(0)
    await fleet.reconcile(['suspend', 'Process/one', '--reason', 'moving house', '--by', 'ada'])
    await fleet.pm2(['delete', 'one'])
    const held = await fleet.reconcile([])
    expect(held.status).toBe(0)
    expect(held.out).toContain('suspended by ada: moving house')
    expect(await fleet.processes()).toEqual([])
    await fleet.reconcile(['resume', '--all'])
    expect((await fleet.reconcile([])).status).toBe(0)
    expect(statusOf(await fleet.processes(), 'one')).toBe('online')
  })
})

describe('a rival', () => {
  it('who undoes a field each second is met at the pace of the back-off, and the field is named', async () => {
    fleet = await TestFleet.create({
      'services/idle.mjs': idle,
      'manifests/one.yaml': processManifest(
        'one',
        [
          'script: ../services/idle.mjs',
          'env: { LEVEL: ours }',
          'recovery: { backoff: { initial: 2s, max: 8s } }',
        ].join('\n'),
      ),
    })
    const levelOf = async () => {
      const [one] = await fleet.processes()
      return (one?.pm2_env.env as { LEVEL?: string } | undefined)?.LEVEL
    }
    await fleet.watch()
    await eventually(async () => expect(await levelOf()).toBe('ours'))
    const began = performance.now()
    let undone = 0
    const undo = async () => {
      if ((await levelOf()) !== 'ours') return
      undone += 1
      await fleet.pm2(['restart', 'one', '--update-env'], { env: { LEVEL: 'his' } })
    }
    while (performance.now() - began < 40_000) {
      await undo()
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    // Some at once, then 2, 4 and 8 s apart: he could have undone forty.
    expect(undone).toBeGreaterThanOrEqual(5)
    expect(undone).toBeLessThanOrEqual(11)
    await eventually(async () => {
      await undo()
      const status = JSON.parse((await fleet.reconcile(['status', '-o', 'json'])).out)
      const held = status.resources[0].conditions.find(({ type }: { type: string }) => type === 'Held')
      expect(held).toMatchObject({ status: 'True', reason: 'Contended' })
      expect(held.message).toContain('env.LEVEL')
    })
    const { out } = await fleet.reconcile(['events'])
    expect(out).toContain('Contended')
  })
})

describe('a fleet of a hundred processes', () => {
  it('starts all, then nothing, then only what changed', async () => {
    fleet = await TestFleet.create({ 'services/idle.mjs': idle })
    const write = (n: number, level: string) =>
      fleet.write(
        `manifests/${n}.yaml`,
        processManifest(`p${n}`, `script: ../services/idle.mjs\nenv: { LEVEL: ${level} }`),
      )
    for (let n = 0; n < 100; n++) await write(n, 'info')
    expect((await fleet.reconcile([])).status).toBe(0)
    const first = await fleet.processes()
    expect(first.filter(({ pm2_env }) => pm2_env.status === 'online')).toHaveLength(100)

    expect((await fleet.reconcile([])).status).toBe(0)
    expect(lives(await fleet.processes())).toEqual(lives(first))

    for (let n = 0; n < 100; n += 10) await write(n, 'debug')
    expect((await fleet.reconcile([])).status).toBe(0)
    const after = await fleet.processes()
    const moved = after.filter(({ name, pid }) => first.find((entry) => entry.name === name)?.pid !== pid)
    expect(moved.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: 10 }, (_, n) => `p${n * 10}`).sort(),
    )
  })
})

describe('watch under many changes', () => {
  const reads = (log: string) => log.split('manifests read').length - 1

  it('makes few passes of two hundred saves, and ends at the last', async () => {
    fleet = await TestFleet.create({
      'services/idle.mjs': idle,
      'manifests/one.yaml': processManifest('one', 'script: ../services/idle.mjs\nenv: { N: "0" }'),
    })
    const watch = await fleet.watch()
    await eventually(async () => expect(statusOf(await fleet.processes(), 'one')).toBe('online'))
    const before = reads(watch.log())
    const from = performance.now()
    for (let n = 1; n <= 200; n++) {
      await fleet.write(
        'manifests/one.yaml',
        processManifest('one', `script: ../services/idle.mjs\nenv: { N: "${n}" }`),
      )
      await new Promise((resolve) => setTimeout(resolve, 4))
    }
    await eventually(async () => {
      const [one] = await fleet.processes()
      expect(one?.pm2_env.env).toMatchObject({ N: '200' })
    })
    // A burst is told at the latest every half second, and each is at most one reading; a busy machine saves slowly.
    expect(reads(watch.log()) - before).toBeLessThan(20 + (performance.now() - from) / 500)
  })

  it('takes a git checkout of many files as one change', async () => {
    fleet = await TestFleet.create({ 'services/idle.mjs': idle })
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', ...args], {
        cwd: fleet.folder,
      })
    const write = async (level: string) => {
      for (let n = 0; n < 20; n++) {
        await fleet.write(
          `manifests/${n}.yaml`,
          processManifest(`p${n}`, `script: ../services/idle.mjs\nenv: { LEVEL: ${level} }`),
        )
      }
      git('add', 'manifests')
      git('commit', '-qm', level)
    }
    git('init', '-q', '-b', 'main')
    await write('info')
    await write('debug')
    const watch = await fleet.watch()
    await eventually(async () => expect(await fleet.processes()).toHaveLength(20))
    const before = reads(watch.log())
    git('checkout', '-q', 'HEAD~1')
    await eventually(async () => {
      const levels = (await fleet.processes()).map(({ pm2_env }) => (pm2_env.env as { LEVEL?: string }).LEVEL)
      expect(levels.filter((level) => level === 'info')).toHaveLength(20)
    })
    expect(reads(watch.log()) - before).toBeLessThanOrEqual(2)
  })

  it('deletes nothing when the manifests folder is moved away, and goes on when it is back', async () => {
    fleet = await TestFleet.create({
      'services/idle.mjs': idle,
      'manifests/one.yaml': processManifest('one', 'script: ../services/idle.mjs'),
    })
    const watch = await fleet.watch()
    await eventually(async () => expect(statusOf(await fleet.processes(), 'one')).toBe('online'))
    const before = lives(await fleet.processes())
    const { rename } = await import('node:fs/promises')
    const from = watch.log().length
    await rename(fleet.path('manifests'), fleet.path('elsewhere'))
    await watch.logged('nothing-declared', from)
    expect(lives(await fleet.processes())).toEqual(before)
    await rename(fleet.path('elsewhere'), fleet.path('manifests'))
    await fleet.pm2(['delete', 'one'])
    await eventually(async () => expect(statusOf(await fleet.processes(), 'one')).toBe('online'))
  })
})

describe('interruption', () => {
  it('by Ctrl-C in the middle of a pass leaves nothing half known: the next pass goes on', async () => {
    fleet = await TestFleet.create({ 'services/idle.mjs': idle })
    for (let n = 0; n < 30; n++) {
      await fleet.write(`manifests/${n}.yaml`, processManifest(`p${n}`, 'script: ../services/idle.mjs'))
    }
    const child = spawn(process.execPath, [program], { cwd: fleet.folder, env: fleet.env, stdio: 'ignore' })
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
    await eventually(async () => expect((await fleet.processes()).length).toBeGreaterThan(2))
    child.kill('SIGINT')
    expect(await ended).toBe(1)
    expect((await fleet.reconcile([])).status).toBe(0)
    const names = (await fleet.processes()).map(({ name }) => name)
    expect(new Set(names).size).toBe(30)
    expect(names).toHaveLength(30)
  })
})
