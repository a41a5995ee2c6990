import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { examineClock } from '../../src/cli/doctor/clock.ts'
import { examineMachine } from '../../src/cli/doctor/machine.ts'
import { type Disk, examinePlaces } from '../../src/cli/doctor/places.ts'
import { examineRivals } from '../../src/cli/doctor/rivals.ts'
import { examineVendors } from '../../src/cli/doctor/vendors.ts'
import { systemClock } from '../../src/clients/host/clock.ts'
import { parseRecord } from '../../src/clients/pm2/parse-record.ts'
import type { FleetSettings } from '../../src/core/fleet.ts'
import { Secret } from '../../src/core/secret.ts'
import { GithubSimulator } from '../simulators/github/server.ts'
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

  test('of a daemon that runs its own limit counts', async () => {
    const root = await folderWith({ 'proc/self/limits': limits('65536'), 'proc/77/limits': limits('1024') })
    const [, files] = await examineMachine(root, 'v24.1.0', 77)
    expect(files).toMatchObject({
      verdict: 'warning',
      message: expect.stringContaining('daemon (pid 77): 1024'),
    })
  })

  test('what cannot be read is not known, and an old Node is an error', async () => {
    const findings = await examineMachine(await folderWith({}), 'v20.11.0')
    expect(verdicts(findings)).toEqual(['node error', 'files unknown', 'inotify unknown', 'inotify unknown'])
  })
})

describe('the places that a fleet writes to', () => {
  const place = (path: string) => ({ what: 'PM2', path, cure: 'name another folder' })

  test('are told with the room on each disk once', async () => {
    const root = await folderWith({ 'there/file': '' })
    const findings = await examinePlaces([place(join(root, 'there')), place(join(root, 'not/yet'))])
    expect(findings.filter(({ check }) => check === 'disk')).toHaveLength(1)
    expect(findings.filter(({ check }) => check === 'write').map(({ verdict }) => verdict)).toEqual([
      'fine',
      'fine',
    ])
  })

  test('are an error where nothing can be written', async () => {
    const root = await folderWith({ file: '' })
    const [inFile, inKernel] = [join(root, 'file/home'), '/proc/self/nowhere/home']
    expect(await examinePlaces([place(inFile)])).toContainEqual({
      check: 'write',
      verdict: 'error',
      message: `PM2 cannot be written to ${inFile}: ${join(root, 'file')} is no folder`,
      cure: 'name another folder',
    })
    const findings = await examinePlaces([place(inKernel)])
    // No disk of its own has room there either: none is called full because of that.
    expect(findings.map(({ check }) => check)).toEqual(['write', 'disk'])
  })

  test.each<readonly [string, Partial<Disk>, string]>([
    ['has room', {}, 'fine'],
    ['is nearly full', { bavail: 50_000 }, 'warning'],
    ['is full', { bavail: 0 }, 'error'],
    ['can take no more files', { files: 1000, ffree: 0 }, 'error'],
    ['counts no files', { files: 0, ffree: 0 }, 'fine'],
  ])('are judged by their disk: one that %s', async (_, own, verdict) => {
    const root = await folderWith({})
    const disk = { bsize: 4096, bavail: 900_000, files: 1000, ffree: 10, ...own }
    const findings = await examinePlaces([place(root)], async () => disk)
    expect(findings.find(({ check }) => check === 'disk')).toMatchObject({
      verdict,
      message: expect.stringContaining(root),
    })
  })
})

describe('rivals', () => {
  const places = (root: string) => ({
    root,
    home: join(root, 'home'),
    env: { PATH: join(root, 'bin') },
    records: [],
    typed: (...args: readonly string[]) => `pm2 ${args.join(' ')}`,
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

  test('among the processes of PM2 are named also where a manifest keeps them, with what ends them', async () => {
    const root = await folderWith({
      'a.js': "spawn('pm2', ['restart', name])\n",
      'b.js': "\nexecFile(\n  'pm2', [ 'delete', 'x' ])\n",
      'c.js': "spawn('pm2', ['jlist'])\nlog('pm2 status')\n",
    })
    const mark = { fleet: 'acme', environment: '', store: 's', id: 'Process/b' }
    const records = ['a', 'b', 'c'].flatMap((name) => {
      const env = { pm_exec_path: join(root, `${name}.js`), status: 'online' }
      return parseRecord({ pm_id: 1, name, pm2_env: name === 'b' ? { ...env, reconciled: mark } : env }) ?? []
    })
    const findings = await examineRivals({ ...places(root), records })
    expect(findings.map(({ message, cure }) => [message.replace(`${root}/`, ''), cure])).toEqual([
      [
        'the PM2 process a acts on PM2 itself: a.js:1 calls `pm2 restart`',
        '`pm2 delete a` once everything that it looks after is declared',
      ],
      [
        'the PM2 process b acts on PM2 itself: b.js:3 calls `pm2 delete`',
        'remove Process/b from the manifests of the fleet acme once everything that it looks after is declared',
      ],
    ])
  })

  test('are not invented', async () => {
    const root = await folderWith({ 'etc/crontab': '0 4 * * * root backup --of pm2-logs\n' })
    expect(verdicts(await examineRivals(places(root)))).toEqual(['rivals fine'])
  })
})

describe('vendors', () => {
  type Answers = (path: string) => readonly [number, unknown?]
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  async function vendor(
    answers: Answers,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = []
    const url = await serve((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      const [status, body = {}] = answers(request.url ?? '')
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    })
    return { url, asked }
  }
  const canary = Secret.read('fromEnv ACME_TOKEN', 'canary-token', 'a digest')
  const examine = (
    vendorName: 'github' | 'netlify',
    apiUrl: string,
    own: { token?: Secret | undefined; repositories?: readonly string[]; sites?: readonly string[] } = {},
  ) => {
    const remote = { apiUrl, token: 'token' in own ? own.token : canary }
    const none = { apiUrl: undefined, token: undefined }
    return examineVendors({
      fleet: { github: none, netlify: none, [vendorName]: remote },
      needs: { github: vendorName === 'github', netlify: vendorName === 'netlify' },
      repositories: own.repositories ?? [],
      sites: own.sites ?? [],
      clock: systemClock,
      signal,
    })
  }

  test.each<[number, Readonly<Record<string, string>>, readonly string[]]>([
    [200, { 'x-oauth-scopes': 'repo, workflow' }, ['github fine', 'clock fine']],
    [200, {}, ['github fine', 'clock fine']],
    [200, { 'x-oauth-scopes': 'gist' }, ['github error', 'clock fine']],
    [401, {}, ['github error', 'clock fine']],
    [503, {}, ['github unknown', 'clock fine']],
    // GitHub Enterprise says so to whom it knows, where it limits no calls, as it does by default.
    [404, {}, ['github fine', 'clock fine']],
    [404, { 'x-oauth-scopes': 'gist' }, ['github error', 'clock fine']],
    [200, { date: 'Mon, 01 Jan 2024 00:00:00 GMT' }, ['github fine', 'clock warning']],
  ])('an answer %i with %j', async (status, headers, expected) => {
    const { url } = await vendor(() => [status], headers)
    const findings = await examine('github', url)
    expect(verdicts(findings)).toEqual(expected)
    expect(JSON.stringify(findings)).not.toContain('canary-token')
  })

  const html = { 'content-type': 'text/html' }
  const page = '<!doctype html><title>Log in</title>'
  const strangers: readonly (readonly [string, RequestListener])[] = [
    ['says 200 with a page', (_, response) => response.writeHead(200, html).end(page)],
    ['says 200 with a page of no type', (_, response) => response.writeHead(200).end(page)],
    ['says 200 and nothing', (_, response) => response.writeHead(200).end()],
    ['says 403 with a page', (_, response) => response.writeHead(403, html).end(page)],
    ['says 404 with a page', (_, response) => response.writeHead(404, html).end(page)],
  ]
  const vendorNames = ['github', 'netlify'] as const
  const cases = vendorNames.flatMap((name) => strangers.map((stranger) => [name, ...stranger] as const))
  test.each(cases)('who answers in the place of %s and %s is told, and nothing is ok', async (...of) => {
    const [name, , listener] = of
    const url = await serve(listener)
    const findings = await examine(name, url, { repositories: ['acme/site'], sites: ['acme-site'] })
    expect(findings).toMatchObject([
      {
        check: name,
        verdict: 'unknown',
        message: expect.stringMatching(
          /^nothing is known of the token \(fromEnv ACME_TOKEN\): something between/,
        ),
        cure: expect.stringContaining('proxy'),
      },
    ])
  })

  test.each(vendorNames)('who sends on from %s to his own page is told, and gets no token', async (name) => {
    const credentials: unknown[] = []
    const portal = await serve(({ headers }, response) => {
      credentials.push(headers.authorization)
      response.writeHead(200, html).end(page)
    })
    const url = await serve((_, response) => response.writeHead(302, { location: portal }).end())
    const message = expect.stringContaining('something between')
    expect(await examine(name, url)).toMatchObject([{ check: name, verdict: 'unknown', message }])
    expect(credentials.every((each) => each === undefined)).toBe(true)
  })

  test.each(vendorNames)('what never ends in the place of %s is cut off', async (name) => {
    let sent = 0
    const url = await serve((_, response) => {
      const piece = Buffer.alloc(1 << 20, 'x')
      const send = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.byteLength
      }
      response.on('drain', send)
      send()
    })
    const message = expect.stringContaining('the answer is larger than')
    expect(await examine(name, url)).toMatchObject([{ check: name, verdict: 'unknown', message }])
    expect(sent).toBeLessThan(256 << 20)
  })

  test('each repository is looked at, by reading alone', async () => {
    const push = (may: boolean) => ({ permissions: { push: may } })
    const { url, asked } = await vendor((path) => {
      if (path.startsWith('/repos/acme/gone')) return [404]
      if (path.startsWith('/repos/acme/closed/actions')) return [403]
      if (path.startsWith('/repos/acme/readonly')) return [200, push(false)]
      return [200, push(true)]
    })
    const repositories = ['acme/site', 'acme/gone', 'acme/closed', 'acme/readonly']
    const findings = await examine('github', url, { repositories })
    const told = findings.map(({ verdict, message }) => `${verdict}: ${message}`)
    expect(told).toEqual([
      expect.stringMatching(/^fine: 127.0.0.1:\d+ knows the token \(fromEnv ACME_TOKEN\)$/),
      expect.stringContaining('within'),
      expect.stringMatching(/^error: .* does not see acme\/gone/),
      expect.stringMatching(/^error: .* may not read the workflows of acme\/closed/),
      expect.stringMatching(/^warning: .* may only read acme\/readonly/),
      expect.stringMatching(/^fine: .* can read acme\/site; whether it may write/),
    ])
    expect(asked.every((each) => each.startsWith('GET '))).toBe(true)
  })

  test('each site is looked at, by reading alone', async () => {
    const site = { id: '1', name: 'acme-site', url: 'https://a', admin_url: 'https://b' }
    const { url, asked } = await vendor((path) => {
      if (path === '/user') return [200, { id: '1' }]
      return path.includes('name=acme-site') ? [200, [site]] : [200, []]
    })
    const findings = await examine('netlify', url, { sites: ['acme-site', 'gone'] })
    expect(verdicts(findings)).toEqual(['netlify fine', 'clock fine', 'netlify error'])
    expect(findings[0]?.message).toContain('which sees acme-site')
    expect(findings[2]?.message).toContain('does not see the site gone')
    expect(asked.every((each) => each.startsWith('GET '))).toBe(true)
  })

  test('a token that is missing or was not read and a vendor that is away are told, and nobody is asked who is not needed', async () => {
    expect(verdicts(await examine('github', 'http://127.0.0.1:9', { token: undefined }))).toEqual([
      'github warning',
    ])
    const unset = await examine('github', 'http://127.0.0.1:9', { token: Secret.unread('fromEnv ACME') })
    expect(unset).toMatchObject([{ verdict: 'error', message: expect.stringContaining('fromEnv ACME') }])
    const command = await examine('netlify', 'http://127.0.0.1:9', { token: Secret.unread('fromCommand op') })
    expect(command).toMatchObject([{ verdict: 'unknown', cure: expect.stringContaining('--run-commands') }])
    expect(verdicts(await examine('github', 'http://127.0.0.1:9'))).toEqual(['github unknown'])
    const none = { apiUrl: undefined, token: undefined }
    const nobody = { fleet: { github: none, netlify: none }, needs: { github: false, netlify: false } }
    expect(
      await examineVendors({ ...nobody, repositories: [], sites: [], clock: systemClock, signal }),
    ).toEqual([])
  })
})

describe('GitHub as it is described', () => {
  let simulator: GithubSimulator
  beforeEach(async () => {
    simulator = await GithubSimulator.start()
    simulator.world.add('acme/site').addWorkflow('ci.yml')
  })
  afterEach(async () => {
    await simulator.close()
    expect(simulator.violations).toEqual([])
  })
  const examine = (github: FleetSettings['github'], repositories = ['acme/site', 'acme/gone']) =>
    examineVendors({
      fleet: {
        github: { ...github, apiUrl: simulator.url },
        netlify: { apiUrl: undefined, token: undefined },
      },
      needs: { github: true, netlify: false },
      repositories,
      sites: [],
      clock: systemClock,
      signal,
    })

  test('a repository that was renamed is told with what it is called now', async () => {
    const site = simulator.world.add('acme/old')
    site.addWorkflow('ci.yml')
    simulator.world.move(site, 'acme/web')
    const token = Secret.read('fromEnv ACME_TOKEN', 'test-token', 'a digest')
    const findings = await examine({ apiUrl: undefined, token }, ['acme/old'])
    expect(findings.filter(({ message }) => message.includes('acme/old'))).toMatchObject([
      {
        verdict: 'warning',
        message: expect.stringMatching(/^GitHub calls the repository acme\/old acme\/web now/),
        cure: expect.stringContaining('correct `repository`'),
      },
    ])
  })

  test('an App is asked as the one that the Fleet names', async () => {
    simulator.tokens.clear()
    const privateKey = Secret.read('fromFile app.pem', simulator.apps.add('77', 'acme'), 'd')
    const app = { id: '77', installation: undefined, privateKey }
    const findings = await examine({ apiUrl: undefined, token: undefined, app })
    expect(findings.find(({ message }) => message.includes('acme/site'))).toMatchObject({
      verdict: 'fine',
      message: expect.stringContaining('App 77 can read acme/site'),
    })
    const stranger = { ...app, id: '78' }
    expect(
      verdicts(await examine({ apiUrl: undefined, token: undefined, app: stranger })).every(
        (verdict) => verdict === 'github unknown',
      ),
    ).toBe(true)
    const unread = { ...app, privateKey: Secret.unread('fromEnv APP_KEY') }
    expect(await examine({ apiUrl: undefined, token: undefined, app: unread })).toMatchObject([
      { verdict: 'error', message: expect.stringContaining('fromEnv APP_KEY') },
    ])
  })
})

describe('the clock without a vendor', () => {
  test.each([
    ['run/systemd/timesync/synchronized', 'fine'],
    ['run/nothing', 'unknown'],
  ])('where %s is there is %s', async (file, verdict) => {
    expect((await examineClock(undefined, await folderWith({ [file]: '' }))).verdict).toBe(verdict)
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
    // The home is the one that the Fleet names, whatever the shell says.
    await writeFile(
      join(cwd, 'manifests/fleet.yaml'),
      `apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { pm2: { home: ${daemon.home} } }\n`,
    )
    const env = { PATH: plainEnv.PATH ?? '', PM2_HOME: join(cwd, 'another') }
    const files = await readdir(cwd, { recursive: true })
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
        expect.objectContaining({ check: 'clock' }),
        expect.objectContaining({ check: 'files', message: expect.stringContaining('of the PM2 daemon') }),
        expect.objectContaining({ check: 'pm2', verdict: 'fine', message: expect.stringContaining('7.0') }),
        expect.objectContaining({
          check: 'rival-process',
          verdict: 'warning',
          message: expect.stringContaining('master.mjs:2'),
          cure: expect.stringMatching(new RegExp(`PM2_HOME=${daemon.home} .*pm2 delete master`)),
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
