import { spawn } from 'node:child_process'
import { appendFile, chmod, rm, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'
import { lives } from '../support/pm2.ts'
import { Sink } from '../support/sink.ts'

const idle = 'setInterval(() => undefined, 1000)\n'
const program = fileURLToPath(new URL('../../dist/reconcile.mjs', import.meta.url))

let fleet: TestFleet
afterEach(async () => {
  await fleet.reconcile(['stop']).catch(() => undefined)
  await fleet.destroy()
})

async function create(): Promise<void> {
  fleet = await TestFleet.create({
    'services/idle.mjs': idle,
    'manifests/one.yaml': processManifest('one', 'script: ../services/idle.mjs'),
  })
}

const statusOf = async () => JSON.parse((await fleet.reconcile(['status', '-o', 'json'])).out)
const recordOf = async (name: string) => (await fleet.processes()).find((entry) => entry.name === name)

describe('the controller in the background', () => {
  it('starts, says so, heals, is never touched by its own fleet, restarts and stops', async () => {
    await create()
    const started = await fleet.reconcile(['start'])
    expect(started.status, started.out + started.err).toBe(0)
    expect(started.out).toContain('The controller runs in the background')
    const controller = await recordOf('reconciled-default')
    expect((await statusOf()).controller).toMatchObject({ pid: controller?.pid })
    await eventually(async () => expect((await recordOf('one'))?.pm2_env.status).toBe('online'), 30_000)
    const again = await fleet.reconcile(['start'])
    expect(again.status).toBe(0)
    expect(again.out).toContain('runs already')

    // Only when it is asked for does PM2 write its dump and start with the machine.
    await fleet.write(
      'bin/pm2',
      '#!/bin/sh\n[ "$1" = -v ] && echo 7.0.4 && exit\necho "$PM2_HOME $*" >> "$HOME/asked"\n',
    )
    await chmod(fleet.path('bin/pm2'), 0o755)
    const boot = await fleet.reconcile(['start', '--boot'], {
      env: { PATH: `${fleet.path('bin')}:${fleet.env.PATH}` },
    })
    expect(boot.status, boot.out + boot.err).toBe(0)
    expect(await fleet.read('asked')).toBe(`${fleet.pm2Home} startup\n${fleet.pm2Home} save\n`)

    await fleet.pm2(['delete', 'one'])
    await eventually(async () => expect((await recordOf('one'))?.pm2_env.status).toBe('online'), 30_000)

    // Its fleet loses everything: it stays.
    await fleet.write('manifests/two.yaml', processManifest('two', 'script: ../services/idle.mjs'))
    await rm(fleet.path('manifests/one.yaml'))
    await eventually(async () => expect(await recordOf('one')).toBeUndefined(), 30_000)
    expect((await recordOf('reconciled-default'))?.pid).toBe(controller?.pid)
    const text = await fleet.reconcile(['status'])
    expect(text.out).toMatch(/The controller \(pid \d+\) has run for .*; last pass .* ago, next (now|in )/)

    const restarted = await fleet.reconcile(['restart'])
    expect(restarted.status, restarted.out + restarted.err).toBe(0)
    expect((await recordOf('reconciled-default'))?.pid).not.toBe(controller?.pid)

    const stopped = await fleet.reconcile(['stop'])
    expect(stopped.status, stopped.out + stopped.err).toBe(0)
    expect(await recordOf('reconciled-default')).toBeUndefined()
    expect((await recordOf('two'))?.pm2_env.status).toBe('online')
    expect((await statusOf()).controller).toBeNull()
    expect((await fleet.reconcile(['stop'])).out).toContain('No controller runs in the background')
  })

  it('is there once although two people start it at one moment', async () => {
    await create()
    const both = await Promise.all([fleet.reconcile(['start']), fleet.reconcile(['start'])])
    expect(both.map(({ status }) => status)).toEqual([0, 0])
    const kept = (await fleet.processes()).filter(({ name }) => name === 'reconciled-default')
    expect(kept.map(({ pid }) => pid)).toEqual([(await statusOf()).controller.pid])
  })

  it('survives the death of the daemon, starts it again and registers itself anew', async () => {
    await create()
    expect((await fleet.reconcile(['start'])).status).toBe(0)
    await eventually(async () => expect((await recordOf('one'))?.pm2_env.status).toBe('online'), 30_000)
    const before = (await recordOf('reconciled-default'))?.pid ?? 0
    const daemon = Number((await fleet.read('p/pm2.pid')).trim())
    process.kill(daemon, 'SIGKILL')
    // The store is asked and not PM2: its command would start a daemon of its own where there is none.
    await eventually(async () => {
      const { controller } = await statusOf()
      expect(controller?.pid ?? before).not.toBe(before)
      // One controller, not two.
      expect(await lives(before)).toBe(false)
    }, 90_000)
    await eventually(async () => {
      const record = await recordOf('reconciled-default')
      expect(record?.pm2_env.status).toBe('online')
      expect((await statusOf()).controller).toMatchObject({ pid: record?.pid })
      expect((await recordOf('one'))?.pm2_env.status).toBe('online')
    }, 60_000)
  })

  it('is not started beside one that a person runs', async () => {
    await create()
    const watching = await fleet.watch()
    await watching.logged('controller started')
    const started = await fleet.reconcile(['start'])
    expect(started.status).toBe(1)
    expect(started.err).toContain(`with pid ${watching.pid}`)
    const stopped = await fleet.reconcile(['stop'])
    expect(stopped.status).toBe(1)
    expect(stopped.err).toContain('ControllerAlive')
    watching.signal('SIGTERM')
    expect(await watching.ended).toBe(0)
  })
})

const fleetNamed = (name: string, spec = '{}') =>
  `apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: ${name} }\nspec: ${spec}\n`
const controllers = async () =>
  (await fleet.processes()).map(({ name }) => name).filter((name) => name.startsWith('reconciled-'))

describe('the variables of the controller in the background', () => {
  const alerting = (variable: string) => `apiVersion: reconcile.dev/v1
kind: Receiver
metadata: { name: chat }
spec: { slack: { url: { fromEnv: ${variable} } } }
---
apiVersion: reconcile.dev/v1
kind: Alert
metadata: { name: all }
spec: { receivers: [Receiver/chat], on: [Degraded], groupWait: 0s, groupInterval: 1s, repeatInterval: 1m }
`
  const failing =
    'script: sh\nargs: ["-c", "exit 3"]\nautorestart: false\nrecovery: { maxAttempts: 1, backoff: { initial: 100ms, max: 100ms } }'
  it('are those that receivers refer to as well, and a restart takes over new ones', async () => {
    const [first, second] = [await Sink.open(), await Sink.open()]
    try {
      await create()
      await fleet.write('manifests/broken.yaml', processManifest('broken', failing))
      await fleet.write('manifests/alerting.yaml', alerting('FIRST_CHAT'))
      const allowed = { RECONCILE_ALLOW_HOST: `${first.host},${second.host}` }
      const started = await fleet.reconcile(['start'], { env: { ...allowed, FIRST_CHAT: first.url } })
      expect(started.status, started.err).toBe(0)
      await eventually(() => expect(first.received.length).toBeGreaterThan(0), 60_000)

      await fleet.write('manifests/alerting.yaml', alerting('SECOND_CHAT'))
      await fleet.write('manifests/more.yaml', processManifest('more', failing))
      const again = await fleet.reconcile(['restart'], {
        env: { ...allowed, SECOND_CHAT: second.url, UNRELATED: 'a secret of somebody else' },
      })
      expect(again.status, again.err).toBe(0)
      await eventually(() => expect(second.received.length).toBeGreaterThan(0), 60_000)
      expect(JSON.stringify(await recordOf('reconciled-default'))).not.toContain('a secret of somebody else')
    } finally {
      await first.close()
      await second.close()
    }
  })
})

describe('a controller in the background whose manifests changed', () => {
  it('is found by its state when the fleet was renamed, and stopped when the manifests are gone', async () => {
    await create()
    expect((await fleet.reconcile(['start'])).status).toBe(0)
    await fleet.write('manifests/fleet.yaml', fleetNamed('renamed'))
    const started = await fleet.reconcile(['start'])
    expect(started).toMatchObject({ status: 0, err: '' })
    expect(started.out).toContain('runs already')
    expect(started.out).toContain('reconciled-default')

    const restarted = await fleet.reconcile(['restart'])
    expect(restarted.status, restarted.err).toBe(0)
    expect(await controllers()).toEqual(['reconciled-renamed'])

    await rm(fleet.path('manifests'), { recursive: true })
    const stopped = await fleet.reconcile(['stop'])
    expect(stopped.status, stopped.err).toBe(0)
    expect(stopped.out).toMatch(/^The controller with pid \d+ has ended/)
    expect(await controllers()).toEqual([])
    expect((await fleet.reconcile(['stop'])).out).toContain('No controller runs in the background')
  })

  it('is found in the PM2 that it was started in, when the fleet names another', async () => {
    await create()
    expect((await fleet.reconcile(['start'])).status).toBe(0)
    await fleet.write('manifests/fleet.yaml', fleetNamed('default', `{ pm2: { home: ${fleet.path('q')} } }`))
    const elsewhere = { PM2_HOME: fleet.path('elsewhere') }
    const stopped = await fleet.reconcile(['stop'], { env: elsewhere })
    expect(stopped.status, stopped.err).toBe(0)
    expect(stopped.out).toMatch(/has ended/)
    expect(await controllers()).toEqual([])
  })
})

describe('a controller that starts with the machine', () => {
  it('is there once after a reboot, with what it manages, and `stop` says how to end that too', async () => {
    await create()
    // `pm2 startup` is the machine's business; everything else is done by the real program.
    const pm2 = fileURLToPath(new URL('../../node_modules/pm2/bin/pm2', import.meta.url))
    await fleet.write(
      'bin/pm2',
      `#!/bin/sh\n[ "$1" = startup ] && exit 0\nexec ${process.execPath} ${pm2} "$@"\n`,
    )
    await chmod(fleet.path('bin/pm2'), 0o755)
    const env = { PATH: `${fleet.path('bin')}:${fleet.env.PATH}` }
    expect((await fleet.reconcile(['start'], { env })).status).toBe(0)
    await eventually(async () => expect((await recordOf('one'))?.pm2_env.status).toBe('online'), 30_000)
    const boot = await fleet.reconcile(['start', '--boot'], { env })
    expect(boot.status, boot.out + boot.err).toBe(0)

    // The power goes: nobody says goodbye.
    const pids = [
      Number(await fleet.read('p/pm2.pid')),
      ...(await fleet.processes()).map(({ pid }) => pid),
    ].filter((pid) => pid > 0)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await rm(fleet.path('p/rpc.sock'), { force: true })
    expect((await fleet.pm2(['resurrect'])).status).toBe(0)
    await eventually(async () => {
      const listed = await fleet.processes()
      expect(listed.map(({ name }) => name).sort()).toEqual(['one', 'reconciled-default'])
      for (const { pm2_env } of listed) expect(pm2_env.status).toBe('online')
      const { controller } = await statusOf()
      expect(controller?.pid).toBe(listed.find(({ name }) => name === 'reconciled-default')?.pid)
    }, 60_000)

    const stopped = await fleet.reconcile(['stop'], { env })
    expect(stopped.status, stopped.err).toBe(0)
    const cure = /`(PM2_HOME=\S+ pm2 save --force)`/.exec(stopped.out)?.[1] ?? ''
    expect(cure).not.toBe('')
    const [variable = '', , ...args] = cure.split(' ')
    expect(variable).toBe(`PM2_HOME=${fleet.pm2Home}`)
    expect((await fleet.pm2(args)).status).toBe(0)
    expect(await fleet.read('p/dump.pm2')).not.toContain('reconciled-default')
    expect(await fleet.read('p/dump.pm2')).toContain('"one"')
    expect((await fleet.reconcile(['start'], { env })).status).toBe(0)
    expect((await fleet.reconcile(['stop'], { env })).out).not.toContain('pm2 save')
  })

  it('rotates its own log', async () => {
    await create()
    expect((await fleet.reconcile(['start'])).status).toBe(0)
    const log = String((await recordOf('reconciled-default'))?.pm2_env.pm_err_log_path)
    await appendFile(log, `${'x'.repeat(1023)}\n`.repeat(10 * 1024))
    await eventually(async () => expect((await stat(`${log}.1`)).size).toBeGreaterThan(10_000_000), 30_000)
    await eventually(async () => expect((await stat(log)).size).toBeLessThan(1_000_000), 30_000)
  })
})

/** Runs the live screen on a terminal of its own, as `script` makes one. */
function onTerminal(columns: number, key: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const command = `stty cols ${columns} rows 24; stty -a > before; "${process.execPath}" "${program}" monitor; echo "ended with $?"; stty -a > after`
    const child = spawn('/usr/bin/script', ['-qefc', command, '/dev/null'], {
      cwd: fleet.folder,
      env: { ...fleet.env, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let text = ''
    let isPressed = false
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    child.stdout.on('data', (chunk) => {
      text += String(chunk)
      if (isPressed || !text.includes('LAST EVENTS')) return
      isPressed = true
      child.stdin.write(key)
    })
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      resolve(text)
    })
  })
}

describe('the live screen', () => {
  it.each([
    ['q', 'q'],
    ['Ctrl-C', '\u0003'],
  ])('fits 80 columns and leaves the terminal as it was on %s', async (_name, key) => {
    await create()
    expect((await fleet.reconcile([])).status).toBe(0)
    const text = await onTerminal(80, key)
    expect(text).toContain('ended with 0')
    const shown = text.split('\u001b[?1049h')[1]?.split('\u001b[?1049l')[0] ?? ''
    expect(shown).toContain('Process/one')
    expect(shown).toContain('100 %')
    expect(shown.endsWith('\u001b[?25h')).toBe(true)
    for (const line of shown.split('\r\n'))
      expect(stringWidth(stripVTControlCharacters(line))).toBeLessThanOrEqual(80)
    expect(await fleet.read('after')).toBe(await fleet.read('before'))
  })

  it('refuses a pipe', async () => {
    await create()
    const { status, err } = await fleet.reconcile(['monitor'])
    expect(status).toBe(1)
    expect(err).toContain('this is no terminal')
  })
})
