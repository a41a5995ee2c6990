import { spawn } from 'node:child_process'
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ensureDaemon, type RunningDaemon } from '../../../src/clients/pm2/daemon/ensure.ts'
import { withoutModuleFolders } from '../../../src/clients/pm2/daemon/program-path.ts'
import { openPm2 } from '../../../src/clients/pm2/open.ts'
import {
  daemonsOf,
  eventually,
  killProcessesOf,
  lives,
  makeFolder,
  pm2Folder,
  pm2Versions,
  processesOf,
  removeFolder,
  withDaemon,
} from '../../support/pm2.ts'

const projectFolder = fileURLToPath(new URL('../../..', import.meta.url))
const ensureModule = join(projectFolder, 'src/clients/pm2/daemon/ensure.ts')

/** Of all tests here, so that PM2 is copied once. */
let dataHome: string
/** Of one test: the home `h`, and programs in `bin`. */
let folder: string
let home: string

beforeAll(async () => {
  dataHome = await makeFolder()
})

afterAll(async () => {
  await removeFolder(dataHome)
})

beforeEach(async () => {
  folder = await makeFolder()
  home = join(folder, 'h')
  await mkdir(join(folder, 'bin'))
})

afterEach(async () => {
  await killProcessesOf(folder)
  await removeFolder(folder)
})

/** A caller's environment as npm and a shell make it; `bin` comes first among the folders that are the user's. */
function callerEnv(changes: Readonly<Record<string, string>> = {}): Record<string, string> {
  const usersPath = withoutModuleFolders(process.env.PATH)
  return {
    PATH: [join(projectFolder, 'node_modules', '.bin'), join(folder, 'bin'), usersPath].join(delimiter),
    HOME: folder,
    LANG: 'C.UTF-8',
    TZ: 'Europe/Zurich',
    XDG_DATA_HOME: dataHome,
    npm_config_registry: 'http://localhost',
    NODE_OPTIONS: '--no-deprecation',
    SECRET_OF_THE_SHELL: 'x',
    ...changes,
  }
}

async function program(name: string, text: string): Promise<void> {
  const path = join(folder, 'bin', name)
  await writeFile(path, text)
  await chmod(path, 0o755)
}

async function daemonEnv(pid: number): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8')
  const pairs = text.split('\0').filter((pair) => pair !== '')
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}

/** Asks for the daemon from a process of its own. */
function ensureElsewhere(): Promise<RunningDaemon> {
  const code = `
    import { ensureDaemon } from ${JSON.stringify(ensureModule)}
    const daemon = await ensureDaemon({ home: process.argv[1], env: process.env })
    console.log(JSON.stringify(daemon))`
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code, home], {
      env: callerEnv({ NODE_OPTIONS: '' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (piece) => {
      output += piece
    })
    child.once('exit', () => {
      try {
        settle(JSON.parse(output))
      } catch (error) {
        reject(error)
      }
    })
  })
}

describe('where no daemon runs', () => {
  test('eight programs that ask at once start exactly one, and all get it', async () => {
    const daemons = await Promise.all(Array.from({ length: 8 }, ensureElsewhere))
    expect(daemons.filter(({ started }) => started)).toHaveLength(1)
    const running = await daemonsOf(home)
    expect(running).toHaveLength(1)
    const started = daemons.find((daemon) => daemon.started)
    expect(started?.pid).toBe(running[0])
    expect(new Set(daemons.map(({ pid }) => pid))).toEqual(new Set(running))
    expect(new Set(daemons.map(({ version }) => version))).toEqual(new Set(['7.0.4']))
  })

  test('one is started with nothing of the caller’s shell, in a home for its owner alone', async () => {
    const daemon = await ensureDaemon({ home, env: callerEnv() })
    expect(daemon).toMatchObject({ started: true, version: '7.0.4' })
    const env = await daemonEnv(daemon.pid ?? 0)
    const expected = [
      'HOME',
      'LANG',
      'PATH',
      'PM2_DISABLE_VERSION_CHECK',
      'PM2_HOME',
      'RECONCILED_DAEMON_STARTED_AT',
      'SILENT',
      'TZ',
      'USER',
    ]
    expect(
      Object.keys(env)
        .filter((key) => key !== 'NODE_CHANNEL_FD' && !key.startsWith('NODE_CHANNEL'))
        .sort(),
    ).toEqual(expected)
    expect(env).toMatchObject({ PM2_HOME: home, HOME: folder, TZ: 'Europe/Zurich' })
    expect(env.PATH).not.toContain('node_modules')
    expect((await stat(home)).mode & 0o777).toBe(0o700)
    expect(await realpath(`/proc/${daemon.pid}/cwd`)).toBe(home)
  })

  test('the one after a killed one starts over its stale sockets', async () => {
    const first = await ensureDaemon({ home, env: callerEnv() })
    process.kill(first.pid ?? 0, 'SIGKILL')
    await eventually('it ends', async () => !(await lives(first.pid ?? 0)))
    expect(await readdir(home)).toContain('rpc.sock')
    const second = await ensureDaemon({ home, env: callerEnv() })
    expect(second.started).toBe(true)
    expect(await daemonsOf(home)).toEqual([second.pid])
    expect(await ensureDaemon({ home, env: callerEnv() })).toEqual({ ...second, started: false })
  })

  test.each(pm2Versions)('the user’s own pm2 %i on PATH starts it', async (version) => {
    await symlink(join(pm2Folder(version), 'bin', 'pm2'), join(folder, 'bin', 'pm2'))
    const daemon = await ensureDaemon({ home, env: callerEnv() })
    expect(daemon).toMatchObject({
      started: true,
      version: expect.stringMatching(new RegExp(`^${version}\\.`)),
    })
    expect(await daemonsOf(home)).toEqual([daemon.pid])
    const env = await daemonEnv(daemon.pid ?? 0)
    expect(env).not.toHaveProperty('SECRET_OF_THE_SHELL')
    expect(env.PATH).not.toContain('node_modules')
  })

  test.each(pm2Versions)(
    'a pm2 %i behind a shim starts it too, and no other daemon for being asked',
    async (version) => {
      const real = join(pm2Folder(version), 'bin', 'pm2')
      await program('pm2', `#!/bin/sh\nexec "${process.execPath}" "${real}" "$@"\n`)
      const daemon = await ensureDaemon({ home, env: callerEnv({ TMPDIR: folder }) })
      expect(daemon).toMatchObject({
        started: true,
        version: expect.stringMatching(new RegExp(`^${version}\\.`)),
      })
      expect(await daemonsOf(folder)).toEqual([daemon.pid])
      expect((await readdir(folder)).sort()).toEqual(['bin', 'h'])
    },
  )

  test('a pm2 that starts a daemon for being asked is passed over, and that daemon is ended', async () => {
    const real = join(pm2Folder(7), 'bin', 'pm2')
    await program('pm2', `#!/bin/sh\n"${process.execPath}" "${real}" ping >/dev/null\necho 5.4.3\n`)
    const daemon = await ensureDaemon({ home, env: callerEnv({ TMPDIR: folder }) })
    expect(daemon).toMatchObject({ started: true, version: '7.0.4' })
    await eventually('only one is left', async () => (await daemonsOf(folder)).length === 1)
    expect(await daemonsOf(folder)).toEqual([daemon.pid])
  })

  test.each([
    ['is too old', 'echo 5.4.3'],
    ['is broken', 'echo broken >&2; exit 1'],
    ['says nothing', 'true'],
  ])('a pm2 on PATH that %s is passed over for ours', async (_, line) => {
    await program('pm2', `#!/bin/sh\n${line}\n`)
    const daemon = await ensureDaemon({ home, env: callerEnv() })
    expect(daemon).toMatchObject({ started: true, version: '7.0.4' })
  })

  test('a node that cannot run it fails the start, with what it printed, and leaves nothing', async () => {
    await program('node', '#!/bin/sh\necho "no such luck" >&2\nexit 3\n')
    const start = ensureDaemon({ home, env: callerEnv() })
    await expect(start).rejects.toMatchObject({ code: 'DaemonStartFailed' })
    await expect(start).rejects.toThrow(/exit code 3.*no such luck/)
    expect(await processesOf(home)).toEqual([])
  })

  test('a daemon that never answers fails the start at the deadline, and leaves nothing', async () => {
    await program('node', '#!/bin/sh\necho "still thinking"\nexec sleep 1000\n')
    const start = ensureDaemon({ home, env: callerEnv(), timeout: 1500 })
    await expect(start).rejects.toMatchObject({ code: 'DaemonStartFailed' })
    await expect(start).rejects.toThrow(/within.*still thinking/)
    expect(await processesOf(home)).toEqual([])
  })

  test('an aborted start rejects with the reason, and leaves nothing', async () => {
    await program('node', '#!/bin/sh\nexec sleep 1000\n')
    const abort = new AbortController()
    const start = ensureDaemon({ home, env: callerEnv(), signal: abort.signal })
    start.catch(() => undefined)
    await eventually('it is on its way', async () => (await processesOf(home)).length > 0)
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(start).rejects.toBe(reason)
    expect(await processesOf(home)).toEqual([])
    await chmod(join(folder, 'bin', 'node'), 0o644)
    expect(await ensureDaemon({ home, env: callerEnv() })).toMatchObject({ started: true })
  })

  test('a home whose path is too long for a socket is refused and not made', async () => {
    const long = join(folder, 'x'.repeat(100))
    const start = ensureDaemon({ home: long, env: callerEnv() })
    await expect(start).rejects.toMatchObject({ code: 'DaemonStartFailed', hint: expect.any(String) })
    expect(await readdir(folder)).toEqual(['bin'])
  })

  test('a home that is a file is refused', async () => {
    await writeFile(home, '')
    await expect(ensureDaemon({ home, env: callerEnv() })).rejects.toMatchObject({
      code: 'DaemonStartFailed',
    })
  })
})

describe.each(pm2Versions)('where a daemon of PM2 %i runs', (version) => {
  test('it is used as it is', async () => {
    await withDaemon(version, async (daemon) => {
      const before = await readdir(daemon.home)
      const found = await ensureDaemon({ home: daemon.home, env: callerEnv() })
      expect(found).toEqual({ pid: daemon.pid, version: await daemon.client.version(), started: false })
      expect(await readdir(daemon.home)).toEqual(before)
    })
  })

  test('and was stopped by a signal, none is started beside it', async () => {
    await withDaemon(version, async (daemon) => {
      process.kill(daemon.pid, 'SIGSTOP')
      try {
        const start = ensureDaemon({ home: daemon.home, env: callerEnv() })
        await expect(start).rejects.toMatchObject({ code: 'DaemonUnresponsive' })
        expect(await daemonsOf(daemon.home)).toEqual([daemon.pid])
      } finally {
        process.kill(daemon.pid, 'SIGCONT')
      }
    })
  })
})

describe('the copy of PM2', () => {
  async function linksIn(path: string): Promise<readonly string[]> {
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isSymbolicLink())
      .map((entry) => join(entry.parentPath, entry.name))
  }

  test('stands alone, outside of every project, and runs what PM2 runs', async () => {
    const daemon = await ensureDaemon({ home, env: callerEnv() })
    const copy = join(dataHome, 'reconciled', 'pm2-7.0.4')
    expect(await readdir(join(dataHome, 'reconciled'))).toEqual(['pm2-7.0.4'])
    for (const link of await linksIn(copy)) {
      const target = resolve(dirname(link), await readlink(link))
      expect(target.startsWith(`${copy}/`)).toBe(true)
      expect((await lstat(target)).isDirectory()).toBe(true)
    }
    const maps = await readFile(`/proc/${daemon.pid}/cmdline`, 'utf8')
    expect(maps).toContain('God Daemon')
    const client = openPm2({ home })
    try {
      const script = join(folder, 'app.mjs')
      await writeFile(script, 'setInterval(() => {}, 1000)\n')
      const env = { PATH: withoutModuleFolders(process.env.PATH) }
      for (const mode of ['fork', 'cluster'] as const) {
        await client.prepare({
          name: mode,
          execPath: script,
          cwd: folder,
          interpreter: 'node',
          mode,
          env,
          instances: 1,
        })
      }
      const records = await client.list()
      expect(records.map(({ name, status }) => `${name} ${status}`)).toEqual([
        'fork online',
        'cluster online',
      ])
      const command = await readFile(`/proc/${records[0]?.pid}/environ`, 'utf8')
      expect(command).not.toContain(join(projectFolder, 'node_modules'))
    } finally {
      await client.close()
    }
  })

  test('that was damaged is made anew', async () => {
    await ensureDaemon({ home, env: callerEnv() })
    await killProcessesOf(home)
    const script = join(dataHome, 'reconciled/pm2-7.0.4/pm2@7.0.4/node_modules/pm2/lib/Daemon.js')
    const whole = (await stat(script)).size
    // Not emptied in place: it may be another name of the file in node_modules.
    await rm(script)
    await writeFile(script, '')
    expect(await ensureDaemon({ home, env: callerEnv() })).toMatchObject({ started: true })
    expect((await stat(script)).size).toBe(whole)
    expect(await readdir(join(dataHome, 'reconciled'))).toEqual(['pm2-7.0.4'])
  })
})
