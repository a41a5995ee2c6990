import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GithubSimulator } from '../simulators/github/server.ts'
import { NetlifySimulator } from '../simulators/netlify/server.ts'
import type { SimulatedSite } from '../simulators/netlify/world.ts'
import { makeAgeKey } from '../support/age.ts'
import { canary, canaryForms, Evidence, formsIn, leaksInFolder } from '../support/canary.ts'
import { eventually, type Run, TestFleet } from '../support/fleet.ts'
import { Sink } from '../support/sink.ts'
import { installSops, sopsEncrypt } from '../support/sops.ts'

describe('The search', () => {
  const noise = () => randomBytes(200).toString('base64')
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canary-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it.each([...canaryForms])(
    'finds the canary as %s: in an output, a file, and the state',
    async (name, form) => {
      const evidence = new Evidence()
      evidence.add('an output', `${noise()}${form}${noise()}`)
      expect(evidence.leaks().join('\n')).toContain(`an output: as ${name}`)
      await mkdir(join(folder, 'deep/er'), { recursive: true })
      await writeFile(
        join(folder, 'deep/er/file'),
        Buffer.concat([randomBytes(9000), Buffer.from(form), randomBytes(9)]),
      )
      // What was committed last is in the write-ahead log alone.
      const database = new DatabaseSync(join(folder, 'state.db'))
      database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (v TEXT)')
      database.prepare('INSERT INTO t VALUES (?)').run(`{"message":"${form}"}`)
      const { leaks, searched } = await leaksInFolder(folder, () => false)
      database.close()
      expect(searched).toContain('state.db-wal')
      expect(leaks.join('\n')).toContain(`deep/er/file: as ${name}`)
      expect(leaks.join('\n')).toContain(`state.db-wal: as ${name}`)
    },
  )

  it('finds it wrapped and coloured, and nothing where there is nothing', () => {
    expect(formsIn(canary.replace(' ', '\n    '))).toContain('plain')
    expect(formsIn(canary.replace('Zq7', '\u001b[31mZq7\u001b[0m'))).toContain('plain')
    expect(formsIn(`${noise()} *** ${noise()}`)).toEqual([])
  })
})

const document = (kind: string, name: string, spec: string, metadata = '') =>
  `apiVersion: reconcile.dev/v1\nkind: ${kind}\nmetadata: { name: ${name}${metadata} }\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`
/** In YAML and in a shell it stands between these. */
const quoted = `'${canary}'`
const { recipient, identity } = makeAgeKey()

/** Says everything that it was given, in each of its forms, and dies of it. */
const leaky = `
const forms = [value => value, value => JSON.stringify({ value }), value => encodeURIComponent(value),
  value => Buffer.from(value).toString('base64'), value => Buffer.from('user:' + value).toString('base64'),
  value => Buffer.from(value).toString('hex'), value => Buffer.from(value).toString('base64url')]
for (const key of ['TOKEN_FROM_ENV', 'TOKEN_FROM_FILE', 'TOKEN_FROM_COMMAND', 'PASSWORD'])
  for (const form of forms) console.error(key, form(process.env[key] ?? ''))
throw new Error('not let in with ' + process.env[process.argv[2]])
`

describe('A secret', () => {
  let fleet: TestFleet
  let github: GithubSimulator
  let netlify: NetlifySimulator
  let site: SimulatedSite
  let sink: Sink
  let env: Record<string, string>
  let evidence: Evidence

  beforeEach(async () => {
    evidence = new Evidence()
    github = await GithubSimulator.start()
    github.tokens.add(canary)
    netlify = await NetlifySimulator.start()
    netlify.tokens.add(canary)
    site = await netlify.addSite('acme-site')
    site.age(61_000)
    sink = await Sink.open()
    fleet = await TestFleet.create({
      'secrets/canary.txt': `${canary}\n`,
      'services/leaky.mjs': leaky,
      'services/web.mjs': "process.title = 'web'; setInterval(() => undefined, 1000)\n",
      'netlify/functions/hello.mjs': "export default async () => new Response('hello')\n",
      'package.json': JSON.stringify({
        name: 'site',
        scripts: { lint: 'cat secrets/canary.txt >&2; cat secrets/canary.txt; exit 3', build: 'true' },
      }),
      'manifests/fleet.yaml': document(
        'Fleet',
        'acme',
        'github: { token: { fromCommand: [cat, ../secrets/canary.txt] } }\nnetlify: { token: { fromFile: ../secrets/canary.txt } }\ndeletions: { max: 1 }',
      ),
      'manifests/leaky.yaml': ['TOKEN_FROM_ENV', 'TOKEN_FROM_FILE', 'TOKEN_FROM_COMMAND', 'PASSWORD']
        .map((key) =>
          document(
            'Process',
            `leaky-${key.toLowerCase().replaceAll('_', '-')}`,
            [
              'script: ../services/leaky.mjs',
              `args: [${key}, ${quoted}, 'ghp_${canary.slice(5, 9)}0123456789abcdef']`,
              'autorestart: true',
              'maxRestarts: 1',
              'recovery: { maxAttempts: 1, backoff: { initial: 100ms, max: 100ms } }',
              'env:',
              '  TOKEN_FROM_ENV: { fromEnv: CANARY }',
              '  TOKEN_FROM_FILE: { fromFile: ../secrets/canary.txt }',
              '  TOKEN_FROM_COMMAND: { fromCommand: [cat, ../secrets/canary.txt] }',
              `  PASSWORD: ${quoted}`,
              `  DATABASE_URL: 'postgres://joe:${encodeURIComponent(canary)}@db/x'`,
            ].join('\n'),
            `, labels: { tier: core }, annotations: { note: ${quoted} }`,
          ),
        )
        .join('---\n'),
      'manifests/web.enc.yaml': sopsEncrypt(
        document('Process', 'web', `script: ../services/web.mjs\nenv: { KEY: ${quoted} }`),
        { recipient, regex: '^(env|token|secret)$' },
      ),
      'manifests/ci.yaml': document(
        'Workflow',
        'ci',
        [
          'repository: acme/site',
          'path: .github/workflows/ci.yml',
          'reenable: [manual]',
          'green: { within: 24h, onStale: dispatch }',
          `dispatch: { inputs: { reason: ${quoted} } }`,
          'recovery: { maxAttempts: 2, backoff: { initial: 100ms, max: 100ms } }',
        ].join('\n'),
      ),
      'manifests/site.yaml': document(
        'FunctionSet',
        'site',
        `site: acme-site\ndirectory: ../netlify/functions\nenv: { KEY: { fromEnv: CANARY }, PASSWORD: ${quoted}, PLAIN: ${quoted} }\nrecovery: { maxAttempts: 2, backoff: { initial: 100ms, max: 100ms } }`,
      ),
      'manifests/scripts.yaml': document(
        'ScriptSet',
        'scripts',
        "package: ../package.json\nscripts: { build: 'true' }\nchecks: { lint: { every: 1h, timeout: 20s } }",
      ),
      'manifests/alerting.yaml': [
        document('Receiver', 'hook', 'webhook: { url: { fromEnv: HOOK }, token: { fromEnv: CANARY } }'),
        document(
          'Receiver',
          'topic',
          `ntfy: { server: "http://${sink.host}", topic: { fromEnv: TOPIC }, token: { fromEnv: CANARY } }`,
        ),
        document(
          'Alert',
          'all',
          `receivers: [Receiver/hook, Receiver/topic]\ngroupWait: 0s\ntext: ${quoted}`,
        ),
      ].join('---\n'),
      'manifests/environments/staging/leaky.yaml': document(
        'Process',
        'leaky-password',
        `args: ['--other', ${quoted}]\nenv: { PASSWORD: ${quoted}, TOKEN_FROM_ENV: null }`,
      ),
    })
    await installSops(fleet.path('bin'))
    await mkdir(fleet.path('tmp'))
    env = {
      PATH: `${fleet.path('bin')}:${fleet.env.PATH}`,
      TMPDIR: fleet.path('tmp'),
      CANARY: canary,
      HOOK: `${sink.url}/${encodeURIComponent(canary)}`,
      TOPIC: 'topic-that-nobody-knows',
      SOPS_AGE_KEY: identity,
      GITHUB_API_URL: github.url,
      NETLIFY_API_URL: netlify.url,
      RECONCILE_ALLOW_HOST: sink.host,
    }
  })
  afterEach(async () => {
    await fleet.destroy()
    await github.close()
    await netlify.close()
    await sink.close()
  })

  async function run(args: readonly string[], own: Readonly<Record<string, string>> = {}): Promise<Run> {
    const ran = await fleet.reconcile(args, { env: { ...env, ...own } })
    evidence.add(`${args.join(' ')}, standard output`, ran.out)
    evidence.add(`${args.join(' ')}, standard error`, ran.err)
    return ran
  }

  /** PM2's dump (its mode is tested where it is written), what services write into their own logs, and what the author of the fleet wrote. */
  function isExempt(path: string): boolean {
    return /^(?:manifests|secrets|bin|p\/logs|p\/dump\.pm2(?:\.bak)?)$/.test(path)
  }

  async function expectNoLeak(): Promise<readonly string[]> {
    const { leaks, searched } = await leaksInFolder(fleet.folder, isExempt)
    expect([...evidence.leaks(), ...leaks].slice(0, 40)).toEqual([])
    return searched
  }

  const outputs = ['text', 'json', 'yaml'] as const

  /** All verbs that show something. */
  async function showAll(): Promise<void> {
    for (const output of outputs) {
      await run(['check', '-o', output])
      await run(['plan', '-o', output])
      await run(['plan', '-o', output, '--run-commands'])
      await run(['status', '-o', output])
      await run(['events', '-o', output])
      await run(['health', '-o', output])
      await run(['diff-env', 'staging', 'base', '-o', output])
      for (const id of [
        'Process/leaky-token-from-env',
        'Process/leaky-password',
        'Process/web',
        'Workflow/ci',
        'FunctionSet/site',
        'ScriptSet/scripts',
      ])
        await run(['describe', id, '-o', output])
    }
    await run(['plan', '-o', 'markdown'])
    await run(['plan', '--out', 'plan.json'])
    await run(['plan', '--out', 'plan-with-commands.json', '--run-commands'])
    await run(['apply', 'plan-with-commands.json'])
    await run(['plan', '--env', 'staging', '--rebind', '--allow-deletions', '9'])
    for (const output of ['text', 'markdown', 'html', 'json']) await run(['report', '-o', output])
    for (const key of ['token-from-env', 'token-from-file', 'token-from-command', 'password'])
      await run(['logs', `Process/leaky-${key}`, '-n', '200'])
    await run(['logs', 'ScriptSet/scripts'])
    await run(['doctor', '--run-commands'])
    await run(['import', 'pm2', '--out', 'imported'])
    await run(['import', 'npm', 'package.json', '--out', 'imported-scripts'])
    await run(['alert', 'test', 'Receiver/hook'])
    await run(['down', '--dry-run'])
  }

  it('is in nothing that is printed, stored or sent, whoever repeats it', async () => {
    const repository = github.world.add('acme/site')
    const ci = repository.addWorkflow('ci.yml', { state: 'disabled_manually' })
    await run(['check'])
    await run(['plan'])

    // Vendors repeat what they are sent, first of all they are asked, and then of what is to change.
    github.faults.add({ kind: 'echo' })
    netlify.faults.add({ kind: 'echo' })
    const refused = await run(['-v', '--timeout', '20s'])
    expect(refused.status).toBe(1)
    const unread = await run(['status'])
    expect(unread.out).toMatch(/Workflow\/ci .*Unknown/)
    expect(unread.out).toContain('***')
    github.faults.clear()
    netlify.faults.clear()
    github.faults.add({ kind: 'echo', on: 'enable' })
    netlify.faults.add({ kind: 'echo', on: 'createEnvVars' })
    sink.answer = (request, response) =>
      response.writeHead(400).end(`no: ${request.headers.authorization} ${request.url}`)
    await run(['-o', 'json', '--timeout', '20s'])
    expect(netlify.callsTo('createEnvVars').length).toBeGreaterThan(0)
    expect((await run(['events'])).out).toMatch(/Not taken: .*\*\*\*/)

    // It is where it is meant.
    const processes = await fleet.processes()
    expect(processes.map(({ name }) => name).sort()).toEqual([
      'leaky-password',
      'leaky-token-from-command',
      'leaky-token-from-env',
      'leaky-token-from-file',
      'web',
    ])
    for (const { pm2_env } of processes)
      expect(JSON.stringify(pm2_env)).toContain(JSON.stringify(canary).slice(1, -1))
    // What was said last tells why, without what it must not tell.
    expect((await run(['describe', 'Process/leaky-token-from-command'])).out).toContain('not let in with ***')
    await expectNoLeak()

    // Now they take it.
    github.faults.clear()
    netlify.faults.clear()
    sink.answer = (_, response) => response.end('ok')
    await run(['resume', 'FunctionSet/site'])
    await run(['resume', 'Workflow/ci'])
    repository.addRun(ci)
    await run(['--timeout', '60s'])
    expect(site.env.get('KEY')?.values.some(({ value }) => value === canary)).toBe(true)
    expect(site.env.get('KEY')?.is_secret).toBe(true)
    await showAll()
    const told = sink.received.map(({ body }) => body)
    expect(told.length).toBeGreaterThan(2)
    for (const [index, body] of told.entries()) evidence.add(`alert ${index}`, body)
    const searched = await expectNoLeak()
    expect(searched).toEqual(
      expect.arrayContaining(['.reconcile/state.db', 'plan.json', 'plan-with-commands.json']),
    )
    expect(searched.some((path) => path.startsWith('imported/'))).toBe(true)
    const checked = searched.filter((path) => path.startsWith('.reconcile/state.checks/'))
    const logs = await Promise.all(checked.map((path) => fleet.read(path)))
    expect(logs.join('\n')).toContain('"text":"***"')
  }, 600_000)

  it('is in nothing that a controller leaves, killed or crashed, nor in its reports of a crash', async () => {
    github.world.add('acme/site').addWorkflow('ci.yml')
    netlify.faults.add({ kind: 'echo', on: 'createEnvVars' })
    const watching = await fleet.watch(['-v'], { env })
    await watching.logged('health changed')
    await eventually(async () => expect(watching.log()).toContain('not let in with ***'))
    await fleet.write(
      'manifests/broken.yaml',
      `kind: Process\nenv:\n  KEY: ${canary}: x\n  "SECRET_TOKEN": "${canary}\n`,
    )
    await fleet.write(
      'manifests/wrong.yaml',
      document(
        'Process',
        'wrong',
        `script: a.mjs\nmode: fork\nenv: { PASSWORD: ${quoted}, N: 1, T: { default: ${quoted}, fromEnv: X, y: 1 } }`,
      ),
    )
    await fleet.write(
      'manifests/leaky.yaml',
      (await fleet.read('manifests/leaky.yaml')).replace('script: ../', `scrpt: ${quoted} #`),
    )
    await watching.logged('manifest is wrong')
    // While it lives its state has a write-ahead log.
    const alive = await leaksInFolder(fleet.folder, isExempt)
    expect(alive.searched).toContain('.reconcile/state.db-wal')
    expect(alive.leaks).toEqual([])
    watching.signal('SIGKILL')
    await watching.ended
    evidence.add('a killed controller', watching.log())
    await expectNoLeak()
    for (const output of outputs) await run(['check', '-o', output])
    await run(['status'])

    // A defect that quotes it, and all reports that Node can be asked for.
    await fleet.write(
      'crash.cjs',
      "const { existsSync } = require('node:fs')\nsetInterval(() => { if (existsSync('crash')) throw new Error('defect near ' + process.env.CANARY) }, 50).unref()\n",
    )
    await mkdir(fleet.path('reports'))
    const options = [
      '--report-uncaught-exception',
      '--report-on-signal',
      `--report-directory=${fleet.path('reports')}`,
      `--require=${fleet.path('crash.cjs')}`,
    ].join(' ')
    const crashing = await fleet.watch([], { env: { ...env, NODE_OPTIONS: options } })
    await crashing.logged('controller started')
    crashing.signal('SIGUSR2')
    await eventually(async () => expect(await readdir(fleet.path('reports'))).not.toEqual([]))
    await fleet.write('crash', '')
    expect(await crashing.ended).toBe(1)
    evidence.add('a crashed controller', crashing.log())
    expect(crashing.log()).toContain('error: defect near *** [Internal]')
    const reports = await readdir(fleet.path('reports'))
    expect(reports.length).toBeGreaterThanOrEqual(2)
    const searched = await expectNoLeak()
    expect(searched.filter((path) => path.startsWith('reports/')).length).toBe(reports.length)
    expect((await stat(fleet.path('.reconcile/state.db'))).mode & 0o777).toBe(0o600)
    // What is exempt is for its owner alone.
    expect((await stat(fleet.pm2Home)).mode & 0o777).toBe(0o700)
  }, 600_000)
})
