import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { processIdentity } from '../../../src/clients/host/process-identity.ts'
import type { Clock } from '../../../src/core/clock.ts'
import type { LogLine } from '../../../src/core/reconciler.ts'
import { RunningScripts } from '../../../src/reconcilers/script-set/checks/running-scripts.ts'
import type { ScriptSetSpec } from '../../../src/reconcilers/script-set/spec.generated.ts'
import { ownedOf } from '../../engine/finding-fixture.ts'
import { eventually } from '../../support/fleet.ts'
import { PackageFolder } from './package-folder.ts'

const applyFirst = fileURLToPath(new URL('children/apply-first.ts', import.meta.url))

/** A clock that a test moves. */
class MovedClock implements Clock {
  ahead = 0
  now = (): number => Date.now() + this.ahead
  monotonic = systemClock.monotonic
  sleep = systemClock.sleep
}

let folder: PackageFolder | undefined
let clock: MovedClock
afterEach(async () => {
  await folder?.remove()
  folder = undefined
})

/** A package whose `check` is this program. */
async function open(program: string, command = 'node check.js'): Promise<PackageFolder> {
  clock = new MovedClock()
  folder = await PackageFolder.make({ name: 'x', scripts: { check: command } }, clock)
  await folder.write('check.js', program)
  return folder
}

const spec = (timeout = '60s', every = '1h'): Partial<ScriptSetSpec> => ({
  checks: { check: { every, timeout } },
})

async function check(site: PackageFolder, with_ = spec()): Promise<void> {
  await site.apply((await site.look(with_)).actions[0])
}

async function logsOf(site: PackageFolder, count = 1_000): Promise<readonly LogLine[]> {
  const options = { lines: count, follow: false }
  const connection = await site.connection()
  const lines: LogLine[] = []
  for await (const line of connection.logs?.(site.desired(spec()), options, AbortSignal.timeout(9_000)) ?? [])
    lines.push(line)
  return lines
}

/** A program that writes its pid and those of a child that heeds no signal, and then hangs. */
const stubborn = `
const { spawn } = require('node:child_process')
const { writeFileSync } = require('node:fs')
const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => 0); console.log('up'); setInterval(() => 0, 1000)"], { stdio: ['ignore', 'pipe', 'ignore'] })
child.stdout.once('data', () => writeFileSync('pids', process.pid + ' ' + child.pid + '\\n'))
setInterval(() => 0, 1000)
`

async function isAnyAlive(pids: string): Promise<boolean> {
  const found = await Promise.all(pids.split(' ').map((pid) => processIdentity(Number(pid))))
  return found.some((one) => one !== undefined)
}

describe('a check', () => {
  it('is due at once, passes by its exit code, and is due again in its time', async () => {
    const site = await open('console.log("fine")')
    const before = await site.look(spec())
    expect(before.assessment).toMatchObject({ status: 'Progressing', reason: 'CheckPending' })
    expect(before.actions).toMatchObject([
      { type: 'check', verb: 'run', isRoutine: true, reason: 'it was never checked' },
    ])
    await site.apply(before.actions[0])
    const after = await site.look(spec())
    expect(after.actions).toEqual([])
    expect(after.assessment).toMatchObject({
      status: 'Healthy',
      message: '1 script resolves, 1 check passes',
      measurements: { 'check.check.passed': 1, 'check.check.exitCode': 0 },
    })
    expect(after.assessment?.recheckAfter).toBeGreaterThan(3_000_000)
    clock.ahead = 3_600_000
    expect((await site.look(spec())).actions).toMatchObject([{ type: 'check', reason: 'due every 1h' }])
    clock.ahead = -86_400_000
    const setBack = await site.look(spec())
    expect(setBack.actions).toHaveLength(1)
    // What the inventory remembers is dated ahead now: the run that is made after it counts all the same.
    await site.apply(setBack.actions[0])
    const owned = { ...ownedOf(site.desired().id), memory: setBack.assessment?.remember ?? {} }
    expect((await site.look(spec(), { owned })).actions).toEqual([])
  })

  it('is planned with all others that are due, the longest overdue first, and after what is restored', async () => {
    const site = await open('', 'true')
    await site.write(
      'package.json',
      JSON.stringify({ scripts: { check: 'true', other: 'true', third: 'true' } }),
    )
    const { check: timing } = spec().checks ?? {}
    if (!timing) throw new Error('the spec of this test has a check')
    const all = { checks: { check: timing, other: timing, third: timing } }
    await check(site, { checks: { third: timing } })
    clock.ahead = 1_000
    await check(site, { checks: { check: timing } })
    clock.ahead = 7_200_000
    const { actions } = await site.look({ ...all, scripts: { other: 'exit 0' } })
    expect(actions.map(({ summary }) => summary)).toEqual([
      'restore the script other in ../package.json',
      'npm run third, for at most 1m',
      'npm run check, for at most 1m',
      'npm run other, for at most 1m',
    ])
  })

  it('fails by its exit code, which a pass does not wait for, and is not run again before its time', async () => {
    const site = await open('console.error("two faults"); process.exit(3)')
    await check(site)
    const { assessment, actions } = await site.look(spec())
    expect(actions).toEqual([])
    expect(assessment).toMatchObject({ status: 'Degraded', reason: 'CheckFailed', isAwaited: false })
    expect(assessment?.message).toMatch(/^the check check failed with exit code 3 after /)
    expect((await logsOf(site)).map(({ stream, source, text }) => [stream, source, text])).toContainEqual([
      'err',
      'check',
      'two faults',
    ])
  })

  it('gets CI=1 and what is documented of the environment, and nothing else', async () => {
    process.env.SECRET_OF_THE_SHELL = 'x'
    const site = await open('console.log(JSON.stringify(Object.keys(process.env)), process.env.CI)')
    await check(site).finally(() => delete process.env.SECRET_OF_THE_SHELL)
    const line = (await logsOf(site)).find(({ text }) => text.startsWith('['))?.text ?? ''
    const names: string[] = JSON.parse(line.slice(0, line.lastIndexOf(']') + 1))
    expect(line).toMatch(/ 1$/)
    const others = names.filter(
      (name) => !/^npm_|^(CI|PATH|HOME|USER|LANG|TZ|SHELL|TMPDIR|NO_COLOR)$/.test(name),
    )
    // What npm itself, its shell, and macOS set.
    expect(
      others.filter(
        (name) => !/^(INIT_CWD|NODE|COLOR|EDITOR|PWD|OLDPWD|SHLVL|_|__CF_USER_TEXT_ENCODING)$/.test(name),
      ),
    ).toEqual([])
  })

  it('is ended at its limit with all that it started', async () => {
    const site = await open(stubborn)
    const limited = spec('3s')
    await check(site, limited)
    expect((await site.look(limited)).assessment?.message).toBe(
      'the check check did not end within 3s and was ended',
    )
    const pids = await site.written('pids')
    expect(await isAnyAlive(pids)).toBe(false)
  })

  it('passes though it leaves a process behind, which is ended and told', async () => {
    const site = await open('', 'sleep 300 & echo $! > pids')
    await check(site)
    const { assessment } = await site.look(spec())
    expect(assessment?.children.find(({ name }) => name === 'check')?.message).toContain(
      'left processes behind that were ended',
    )
    expect(await isAnyAlive(await site.written('pids'))).toBe(false)
  })

  it('that is cut off says nothing, leaves nothing, and is due again', async () => {
    const site = await open(stubborn.replace("process.on('SIGTERM', () => 0); ", ''))
    const { actions } = await site.look(spec())
    const interruption = new AbortController()
    const applied = site.apply(actions[0], interruption.signal)
    const pids = await site.written('pids')
    interruption.abort(new Error('told to end'))
    await expect(applied).rejects.toThrow('told to end')
    expect(await isAnyAlive(pids)).toBe(false)
    expect((await site.look(spec())).actions).toMatchObject([
      { type: 'check', reason: 'it was never checked' },
    ])
  })

  it('is never run twice at once, whoever asks', async () => {
    const site = await open(stubborn.replace("process.on('SIGTERM', () => 0); ", ''))
    const { actions } = await site.look(spec())
    const interruption = new AbortController()
    const applied = site.apply(actions[0], interruption.signal)
    try {
      await site.written('pids')
      await expect(site.apply(actions[0])).rejects.toThrow('a run of it is under way')
      const seen = await site.look(spec())
      expect(seen.actions).toEqual([])
      expect(seen.assessment?.recheckAfter).toBeLessThanOrEqual(2_000)
    } finally {
      interruption.abort(new Error('over'))
      await expect(applied).rejects.toThrow('over')
    }
  })

  it.each(['run', 'check'] as const)(
    'waits for a %s of the script by anybody else, which is not ended',
    async (by) => {
      const site = await open('require("node:fs").appendFileSync("runs", "x")')
      const { actions } = await site.look(spec())
      const other = new RunningScripts(site.path('.reconcile/state.db'))
      const identity = await processIdentity(process.pid)
      if (!identity) throw new Error('this process is not found')
      const holder = { ...identity, by, startedAt: Date.now() - 86_400_000 }
      const leave = await other.enter({ folder: site.folder, script: 'check' }, holder)
      const seen = await site.look(spec())
      expect(seen.actions).toEqual([])
      expect(seen.assessment?.recheckAfter).toBeLessThanOrEqual(15_000)
      await expect(site.apply(actions[0])).rejects.toThrow('a run of it is under way')
      await leave()
      expect((await site.look(spec())).actions).toHaveLength(1)
      await site.apply(actions[0])
      expect(await site.text('runs')).toBe('x')
    },
  )

  it('that another one did meanwhile is not repeated', async () => {
    const site = await open('require("node:fs").appendFileSync("runs", "x")')
    const { actions } = await site.look(spec())
    await site.apply(actions[0])
    await site.apply(actions[0])
    expect(await site.text('runs')).toBe('x')
  })

  it('remembers its result where its record is lost, and has it in what the inventory keeps', async () => {
    const site = await open('')
    await check(site)
    const { assessment } = await site.look(spec())
    const owned = {
      id: site.desired().id,
      externalName: '',
      origin: 'adopted' as const,
      deletionPolicy: undefined,
      fields: {},
      memory: JSON.parse(JSON.stringify(assessment?.remember)),
      since: 0,
    }
    const records = site.path('.reconcile/state.checks/site')
    const [record = ''] = (await readdir(records)).filter((name) => name.endsWith('.json'))
    await site.write(join('.reconcile/state.checks/site', record), '{ torn')
    expect((await site.look(spec())).actions).toHaveLength(1)
    expect((await site.look(spec(), { owned })).actions).toEqual([])
  })

  it('keeps the beginning and the end of a long output, in bounded space', async () => {
    const site = await open(
      'for (let line = 1; line <= 60000; line += 1) console.log("line " + line + " " + "x".repeat(80))',
    )
    await check(site)
    const lines = await logsOf(site, 100_000)
    const text = lines.map((line) => line.text)
    expect(text).toContainEqual(expect.stringMatching(/^line 1 x/))
    expect(text.at(-1)).toMatch(/^line 60000 x/)
    expect(text).toContainEqual(expect.stringMatching(/^\[\d+ lines left out\]$/))
    const records = site.path('.reconcile/state.checks/site')
    for (const name of await readdir(records))
      expect((await stat(join(records, name))).size).toBeLessThan(700_000)
    expect((await logsOf(site, 5)).map((line) => line.text.slice(0, 10))).toHaveLength(5)
  })

  it('can be followed from run to run', async () => {
    const site = await open('console.log("run at " + process.hrtime()[0])')
    await check(site)
    const over = new AbortController()
    const seen: string[] = []
    const follow = async () => {
      const options = { lines: 100, follow: true }
      for await (const { text } of (await site.connection()).logs?.(
        site.desired(spec()),
        options,
        over.signal,
      ) ?? [])
        if (text.startsWith('run at')) seen.push(text)
    }
    const following = follow()
    try {
      await eventually(() => expect(seen).toHaveLength(1), 20_000)
      clock.ahead = 3_600_000
      await check(site)
      await eventually(() => expect(seen).toHaveLength(2), 20_000)
    } finally {
      over.abort()
      await following
    }
  })
})

describe('a controller that is killed with SIGKILL', () => {
  function start(site: PackageFolder, specs: readonly Partial<ScriptSetSpec>[], times = 1) {
    const args = [applyFirst, site.folder, JSON.stringify(specs), String(times)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    return { child, ended: once(child, 'exit') }
  }

  it('in a check leaves no process behind, and the next run is a whole one', async () => {
    const site = await open(stubborn)
    const { child, ended } = start(site, [spec()])
    const pids = await site.written('pids')
    child.kill('SIGKILL')
    await ended
    await eventually(async () => expect(await isAnyAlive(pids)).toBe(false), 30_000)
    await site.write('check.js', '')
    await eventually(async () => expect((await site.look(spec())).actions[0]?.type).toBe('check'), 20_000)
    await check(site)
    expect((await site.look(spec())).assessment?.status).toBe('Healthy')
  })

  it('in a restore leaves the old text or the new one, whole, and nothing beside it', async () => {
    const site = await open('')
    const filler = Object.fromEntries(
      Array.from({ length: 4_000 }, (_, index) => [`key-${index}`, 'x'.repeat(90)]),
    )
    await site.write('package.json', JSON.stringify({ filler, scripts: { build: 'a' } }, null, 2))
    const whole = (await site.text()).length
    const texts = ['a', 'b'].map((build) => ({ scripts: { build }, resolve: 'none' as const }))
    for (let round = 0; round < 3; round += 1) {
      const before = (await stat(site.path('package.json'))).mtimeMs
      const { child, ended } = start(site, texts, 10_000)
      try {
        await eventually(
          async () => expect((await stat(site.path('package.json'))).mtimeMs).not.toBe(before),
          60_000,
        )
        await systemClock.sleep(round * 3)
      } finally {
        child.kill('SIGKILL')
        await ended
      }
      const text = await site.text()
      expect(text.length).toBe(whole)
      expect(JSON.parse(text).scripts.build).toMatch(/^[ab]$/)
    }
    for (const one of texts) {
      const { actions } = await site.look(one)
      if (actions[0]) await site.apply(actions[0])
    }
    expect(await site.names()).toEqual(['check.js', 'package.json'])
  })
})
