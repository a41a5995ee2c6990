import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { examineMachine } from '../../src/cli/doctor/machine.ts'
import { examineRivals } from '../../src/cli/doctor/rivals.ts'
import { examineVendors } from '../../src/cli/doctor/vendors.ts'
import { systemClock } from '../../src/clients/host/clock.ts'
import { invoke } from '../support/invoke.ts'
import { makeFolder, plainEnv, removeFolder, startDaemon, type TestDaemon } from '../support/pm2.ts'

const folders: string[] = []
const daemons: TestDaemon[] = []
const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
  for (const daemon of daemons.splice(0)) await daemon.stop()
  for (const folder of folders.splice(0)) await removeFolder(folder)
})

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await makeFolder()
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

const signal = new AbortController().signal
const verdicts = (findings: readonly { readonly check: string; readonly verdict: string }[]) =>
  findings.map(({ check, verdict }) => `${check} ${verdict}`)

describe('the machine', () => {
  const limits = (files: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${files}   1048576   files\n`

  test.each([
    ['65536', '524288', '1024', ['node fine', 'files fine', 'inotify fine', 'inotify fine']],
    ['unlimited', '524288', '1024', ['node fine', 'files fine', 'inotify fine', 'inotify fine']],
    ['1024', '8192', '16', ['node fine', 'files warning', 'inotify warning', 'inotify warning']],
  ])('with %s files, %s watches and %s instances', async (files, watches, instances, expected) => {
    const root = await folderWith({
      'proc/self/limits': limits(files),
      'proc/sys/fs/inotify/max_user_watches': `${watches}\n`,
      'proc/sys/fs/inotify/max_user_instances': `${instances}\n`,
    })
    const findings = await examineMachine(root, 'v24.1.0')
    expect(verdicts(findings)).toEqual(expected)
    for (const { verdict, cure } of findings) expect(cure === undefined).toBe(verdict === 'fine')
  })

  test('what cannot be read is not known, and an old Node is an error', async () => {
    const findings = await examineMachine(await folderWith({}), 'v20.11.0')
    expect(verdicts(findings)).toEqual(['node error', 'files unknown', 'inotify unknown', 'inotify unknown'])
  })
})

describe('rivals', () => {
  const places = (root: string) => ({
    root,
    home: join(root, 'home'),
    env: { PATH: join(root, 'bin') },
    records: [],
    signal,
  })

  test('in cron and systemd are named with file and line, and PM2 itself is none', async () => {
    const root = await folderWith({
      'etc/crontab': '# pm2 restart all\n0 4 * * * root /usr/bin/pm2 restart all\n',
      'etc/cron.d/redundancy': '*/5 * * * * deploy cd /srv && pm2 --silent start ecosystem.config.js\n',
      'etc/cron.daily/logrotate': 'logrotate /etc/logrotate.conf\n',
      'etc/systemd/system/pm2-deploy.service':
        '[Service]\nExecStart=/usr/lib/node_modules/pm2/bin/pm2 resurrect\nExecReload=/usr/bin/pm2 reload all\nExecStop=/usr/bin/pm2 kill\n',
      'etc/systemd/system/master.service':
        '[Service]\nExecStart=/bin/sh -c "while true; do pm2 restart api; done"\n',
      'home/.config/systemd/user/other.service': '[Service]\nExecStart=/usr/bin/true\n',
      'bin/crontab': '#!/bin/sh\necho "@hourly pm2 kill && pm2 resurrect"\n',
    })
    await chmod(join(root, 'bin/crontab'), 0o755)
    const findings = await examineRivals(places(root))
    expect(findings.map(({ message }) => message.replace(`${root}/`, ''))).toEqual([
      'crontab -l:1 runs `pm2 kill`',
      'etc/crontab:2 runs `pm2 restart`',
      'etc/cron.d/redundancy:1 runs `pm2 start`',
      'etc/systemd/system/master.service:2 runs `pm2 restart`',
    ])
    for (const { cure } of findings) expect(cure).toBeDefined()
  })

  test('are not invented', async () => {
    const root = await folderWith({ 'etc/crontab': '0 4 * * * root backup --of pm2-logs\n' })
    expect(verdicts(await examineRivals(places(root)))).toEqual(['rivals fine'])
  })
})

describe('vendors', () => {
  async function vendor(status: number, headers: Readonly<Record<string, string>>): Promise<string> {
    const server = createServer((_, response) => response.writeHead(status, headers).end('{}'))
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const examine = (url: string, env: Readonly<Record<string, string>> = { GITHUB_TOKEN: 'canary-token' }) =>
    examineVendors({
      kinds: new Set(['Workflow']),
      env: { GITHUB_API_URL: url, ...env },
      clock: systemClock,
      signal,
    })

  test.each<[number, Readonly<Record<string, string>>, readonly string[]]>([
    [200, { 'x-oauth-scopes': 'repo, workflow' }, ['github fine', 'clock fine']],
    [200, {}, ['github fine', 'clock fine']],
    [200, { 'x-oauth-scopes': 'gist' }, ['github error', 'clock fine']],
    [401, {}, ['github error', 'clock fine']],
    [503, {}, ['github unknown', 'clock fine']],
    [200, { date: 'Mon, 01 Jan 2024 00:00:00 GMT' }, ['github fine', 'clock warning']],
  ])('an answer %i with %j', async (status, headers, expected) => {
    const findings = await examine(await vendor(status, headers))
    expect(verdicts(findings)).toEqual(expected)
    expect(JSON.stringify(findings)).not.toContain('canary-token')
  })

  test('a token that is missing and a vendor that is away are told, and nobody is asked who is not needed', async () => {
    expect(verdicts(await examine('http://127.0.0.1:9', {}))).toEqual(['github warning'])
    expect(verdicts(await examine('http://127.0.0.1:9'))).toEqual(['github unknown'])
    const none = await examineVendors({ kinds: new Set(['Process']), env: {}, clock: systemClock, signal })
    expect(none).toEqual([])
  })
})

describe('doctor', () => {
  test('on a fleet in trouble names what is wrong with its cure, and changes nothing', async () => {
    const daemon = await startDaemon(7)
    daemons.push(daemon)
    const cwd = daemon.folder
    await writeFile(
      join(cwd, 'master.mjs'),
      "// pm2 restart\nconst say = 'pm2 restart all'\nsetInterval(() => say, 1000)\n",
    )
    await writeFile(join(cwd, 'broken.mjs'), 'process.exit(1)\n')
    await daemon.cli('start', join(cwd, 'master.mjs'), '--name', 'master')
    await mkdir(join(cwd, 'manifests'))
    await writeFile(
      join(cwd, 'manifests/api.yaml'),
      'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: api }\nspec: {}\n',
    )
    const before = await daemon.client.list()
    const files = await readdir(cwd, { recursive: true })
    const env = { PATH: plainEnv.PATH ?? '', PM2_HOME: daemon.home }
    const { status, out, err } = await invoke(['doctor', '-o', 'json'], { cwd, env })
    expect([status, err]).toEqual([1, ''])
    const { findings, formatVersion } = JSON.parse(out)
    expect(formatVersion).toBe('1')
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ check: 'node', verdict: 'fine', cure: null }),
        expect.objectContaining({
          check: 'manifests',
          verdict: 'error',
          cure: expect.stringContaining('reconcile check'),
        }),
        expect.objectContaining({ check: 'store', verdict: 'fine' }),
        expect.objectContaining({ check: 'pm2', verdict: 'fine', message: expect.stringContaining('7.0') }),
        expect.objectContaining({
          check: 'rival-process',
          verdict: 'warning',
          message: expect.stringContaining('master.mjs:2'),
          cure: expect.stringContaining('pm2 delete master'),
        }),
      ]),
    )
    expect(await readdir(cwd, { recursive: true })).toEqual(files)
    const lives = (records: typeof before) =>
      records.map(({ name, pid, restartTime }) => ({ name, pid, restartTime }))
    expect(lives(await daemon.client.list())).toEqual(lives(before))
  }, 300_000)

  test('where nothing is there yet starts no daemon, makes nothing, and says how to begin', async () => {
    const cwd = await folderWith({})
    const { status, out } = await invoke(['doctor'], {
      cwd,
      env: { PATH: '/nowhere', PM2_HOME: join(cwd, 'p') },
      columns: 80,
    })
    expect(status).toBe(0)
    expect(out).toContain('reconcile init')
    expect(out).toContain('no daemon runs')
    expect(await readdir(cwd)).toEqual([])
  })
})
