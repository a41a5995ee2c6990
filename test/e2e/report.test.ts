import { execFile } from 'node:child_process'
import { chmod, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clients/host/clock.ts'
import { systemRandom } from '../../src/clients/host/random.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import type { Report } from '../../src/reports/report/report.ts'
import { openLeaseKeeper } from '../../src/state/lease.ts'
import { openLedger } from '../../src/state/ledger.ts'
import { openSqliteStore } from '../../src/state/sqlite.ts'
import { expectValid } from '../reports/schemas.ts'
import { hour, mebibyte, memorySamples, minute } from '../reports/trends/series.ts'
import { eventually, freePort, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'
import { SeededRandom } from '../support/seeded-random.ts'

let fleet: TestFleet
let other: TestFleet | undefined
afterEach(async () => {
  await other?.destroy()
  await fleet.destroy()
})

const quick = 'recovery: { maxAttempts: 1, backoff: { initial: 100ms, max: 100ms } }'
const sleeping = 'script: sleep\nargs: ["100000"]'

/** Memory that leaked for half a day, as a controller would have kept it. */
async function rememberLeak(id: string): Promise<void> {
  const store = await openSqliteStore({
    path: fleet.path('.reconcile/state.db'),
    mode: 'write',
    clock: systemClock,
    random: systemRandom,
  })
  const keeper = openLeaseKeeper({ store, clock: systemClock, isAlive: () => 'dead' })
  const holder = { pid: 1, startTime: '1', bootId: '1', host: 'test', role: 'pass' as const, since: 0 }
  const lease = await keeper.acquire({ holder, waitFor: 20_000 })
  try {
    const ledger = openLedger({
      store,
      fleet: fleet.folder,
      environment: undefined,
      lease,
      clock: systemClock,
    })
    const samples = memorySamples(new SeededRandom(1), {
      hours: 12,
      every: 5 * minute,
      base: 200 * mebibyte,
      noise: mebibyte,
      saw: 4 * mebibyte,
      shape: (elapsed) => (12 * mebibyte * elapsed) / hour,
    })
    const shift = Date.now() - minute - (samples.at(-1)?.at ?? 0)
    await ledger.commit(
      samples.map(({ at, values }) => ({
        type: 'sample' as const,
        id: id as ResourceId,
        // Restarts differ from those that the passes of this test saw: another run of the process.
        sample: { at: at + shift, values: { ...values, restarts: 99 } },
      })),
    )
  } finally {
    await lease.release()
    await store.close()
  }
}

it('names each of ten kinds of trouble in a fleet of a hundred processes once, with its cure', async () => {
  const sick = await new Promise<{ port: number; close: () => void }>((resolve) => {
    const server = createServer((_, response) => {
      response.statusCode = 503
      response.end()
    })
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({
        port: typeof address === 'object' && address ? address.port : 0,
        close: () => server.close(),
      })
    })
  })
  const closed = await freePort()
  const troubles: Readonly<Record<string, string>> = {
    crashing: `script: sh\nargs: ["-c", "exit 3"]\nmaxRestarts: 1\n${quick}`,
    scriptless: 'script: ../services/gone.mjs',
    sick: `${sleeping}\nhealth: { http: { port: ${sick.port}, path: /healthz }, interval: 200ms, failureThreshold: 1, startPeriod: 0s }\n${quick}`,
    deaf: `${sleeping}\nhealth: { tcp: { port: ${closed} }, interval: 200ms, failureThreshold: 1, startPeriod: 0s }\n${quick}`,
    taken: 'script: sh\nargs: ["-c", "sleep 100000"]',
    foreign: sleeping,
    keyless: `${sleeping}\nenv: { KEY: { fromEnv: A_KEY_THAT_NOBODY_SET } }`,
    resting: sleeping,
    failing: `script: sh\nargs: ["-c", "exit 5"]\nautorestart: false\n${quick}`,
    leaking: `${sleeping}\nmaxMemory: 512M`,
    waiting: `${sleeping}\ndependsOn: [Process/crashing]`,
  }
  const well = Array.from({ length: 100 - Object.keys(troubles).length }, (_, index) => `well-${index}`)
  fleet = await TestFleet.create({
    'manifests/troubles.yaml': Object.entries(troubles)
      .map(([name, spec]) => processManifest(name, spec))
      .join('---\n'),
    'manifests/well.yaml': well.map((name) => processManifest(name, sleeping)).join('---\n'),
  })
  try {
    // What another fleet in the same PM2 manages, and what somebody started by hand.
    other = await TestFleet.create({
      'manifests/fleet.yaml': `apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: other }\nspec: {}\n`,
      'manifests/foreign.yaml': processManifest('foreign', sleeping),
    })
    const theirs = await other.reconcile([], { env: { PM2_HOME: fleet.pm2Home } })
    expect(theirs.status, theirs.err + theirs.out).toBe(0)
    await fleet.pm2(['start', 'sleep', '--name', 'taken', '--', '200000'])

    await fleet.reconcile(['--timeout', '30s'])
    await fleet.reconcile(['suspend', 'Process/resting', '--reason', 'moving house', '--by', 'ada'])
    await fleet.write('manifests/broken.yaml', 'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: [\n')
    await fleet.reconcile(['--timeout', '20s'])
    await rememberLeak('Process/leaking')

    const { status, out, err } = await fleet.reconcile(['report', '-o', 'json'])
    expect(status, err).toBe(0)
    const report = JSON.parse(out) as Report
    expectValid('report', report)
    expect(report.resources).toHaveLength(100)

    const about = (name: string) =>
      report.recommendations.filter(({ resources }) => resources.includes(`Process/${name}`))
    const cures: Readonly<Record<string, string | RegExp>> = {
      crashing: 'reconcile resume Process/crashing',
      scriptless: 'reconcile --only Process/scriptless',
      sick: `curl -i http://127.0.0.1:${sick.port}/healthz`,
      deaf: `nc -zv 127.0.0.1 ${closed}`,
      taken: 'reconcile describe Process/taken',
      foreign: 'reconcile describe Process/foreign',
      keyless: 'export A_KEY_THAT_NOBODY_SET=...',
      resting: 'reconcile resume Process/resting',
      failing: 'reconcile logs Process/failing -n 50',
      // Without a `pm2` on PATH it is the one that came with us, in the home of this fleet.
      leaking: /^PM2_HOME=\S+ (?:pm2|node \S+\/bin\/pm2) restart leaking$/,
    }
    for (const [name, command] of Object.entries(cures)) {
      const told = about(name)
      expect(told, `${name}: ${JSON.stringify(report.recommendations, null, 1)}`).toHaveLength(1)
      expect(told[0]?.commands, name).toContainEqual(
        typeof command === 'string' ? command : expect.stringMatching(command),
      )
    }
    expect(about('scriptless')[0]?.cure).toContain('manifests/troubles.yaml')
    expect(about('taken')[0]?.cure).toContain('adopt: true')
    expect(about('foreign')[0]?.problem).toContain('is managed from elsewhere')
    // What only waits is told with what it waits for, and the broken file by itself.
    expect(about('waiting')).toEqual([])
    expect(about('crashing')[0]?.holdsUp).toEqual(['Process/waiting'])
    const broken = report.recommendations.filter(({ reason }) => reason === 'ManifestBroken')
    expect(broken.map(({ commands }) => commands)).toEqual([['reconcile check']])
    expect(broken[0]?.cure).toContain('Nothing stands in for it')
    // And nothing else.
    expect(report.recommendations).toHaveLength(Object.keys(cures).length + 1)
    for (const name of well) expect(about(name)).toEqual([])

    const text = await fleet.reconcile(['report'])
    expect(text.out).toContain('What to do')
    await rm(fleet.path('manifests/broken.yaml'))
  } finally {
    sick.close()
  }
})

/** What a person types, in a shell of his own. `...` stands for what he knows. */
function typed(commands: readonly string[], value: string) {
  const script = commands.map((command) => command.replace(/^(export \w+=)\.\.\.$/, `$1${value}`)).join('\n')
  return promisify(execFile)('sh', ['-ec', script], {
    cwd: fleet.folder,
    env: { ...fleet.env, PATH: `${fleet.path('bin')}:${fleet.env.PATH}` },
    timeout: 150_000,
  })
}

const program = fileURLToPath(new URL('../../dist/reconcile.mjs', import.meta.url))
/** A fleet that no default names: its folder, its environment and its state are all elsewhere. */
const elsewhere = ['--file', 'fleet', '--env', 'production', '--state', 'kept/state.db']

async function createElsewhere(): Promise<void> {
  const crashing = `script: sh\nargs: ["-c", "test -e mended || exit 3; sleep 100000"]\ncwd: ..\nmaxRestarts: 1\nminUptime: 100ms\n${quick}`
  fleet = await TestFleet.create({
    'fleet/keyless.yaml': processManifest('keyless', sleeping),
    'fleet/crashing.yaml': processManifest('crashing', crashing),
    'fleet/environments/production/keyless.yaml':
      'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: keyless }\nspec:\n  env:\n    KEY: { fromEnv: MYKEY }\n',
    'bin/reconcile': `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`,
  })
  await chmod(fleet.path('bin/reconcile'), 0o755)
}

async function reported(): Promise<Report> {
  const { status, out, err } = await fleet.reconcile(['report', ...elsewhere, '-o', 'json'])
  expect(status, err).toBe(0)
  return JSON.parse(out) as Report
}

const about = ({ recommendations }: Report, name: string) =>
  recommendations.find(({ resources }) => resources.includes(`Process/${name}`))

describe('cures that are typed as they are printed', () => {
  it('cure where no controller is running', async () => {
    await createElsewhere()
    await fleet.reconcile([...elsewhere, '--timeout', '20s'])
    const report = await reported()
    const keyless = about(report, 'keyless')
    // The place is the overlay, where the reference stands.
    expect(keyless?.cure).toContain('fleet/environments/production/keyless.yaml:6')
    await typed(keyless?.commands ?? [], 'a-value')
    expect(about(await reported(), 'keyless')).toBeUndefined()

    const crashing = about(report, 'crashing')
    expect(crashing?.commands.length).toBeGreaterThan(1)
    await fleet.write('mended', '')
    await typed(crashing?.commands ?? [], '')
    expect(about(await reported(), 'crashing')).toBeUndefined()
  })

  it('cure where a controller lives, which keeps the variables that it was started with', async () => {
    await createElsewhere()
    try {
      expect((await fleet.reconcile(['start', ...elsewhere])).status).toBe(0)
      await eventually(async () => expect(about(await reported(), 'keyless')).toBeDefined())
      await eventually(async () => expect(about(await reported(), 'crashing')?.problem).toContain('any more'))
      const report = await reported()
      await typed(about(report, 'keyless')?.commands ?? [], 'a-value')
      await eventually(async () => expect(about(await reported(), 'keyless')).toBeUndefined())

      await fleet.write('mended', '')
      await typed(about(report, 'crashing')?.commands ?? [], '')
      await eventually(async () => expect(about(await reported(), 'crashing')).toBeUndefined())
    } finally {
      await fleet.reconcile(['stop', ...elsewhere])
    }
  })
})
