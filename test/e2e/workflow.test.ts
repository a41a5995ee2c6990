import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { GithubSimulator } from '../simulators/github/server.ts'
import type { SimulatedRepository } from '../simulators/github/world.ts'
import { eventually, type Run, TestFleet } from '../support/fleet.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { workflowManifest } from '../support/workflow-manifest.ts'

const program = join(fileURLToPath(new URL('../..', import.meta.url)), 'dist/reconcile.mjs')
const hour = 3_600_000

interface Stage {
  readonly fleet: TestFleet
  readonly simulator: GithubSimulator
  readonly site: SimulatedRepository
  readonly env: Readonly<Record<string, string>>
}

async function setStage(manifests: Readonly<Record<string, string>>): Promise<Stage> {
  const simulator = await GithubSimulator.start()
  const files = Object.entries(manifests).map(([name, spec]) => [
    `manifests/${name}.yaml`,
    workflowManifest(name, spec),
  ])
  const fleet = await TestFleet.create(Object.fromEntries(files))
  const env = { GITHUB_API_URL: simulator.url, GITHUB_TOKEN: 'test-token' }
  return { fleet, simulator, site: simulator.world.add('acme/site'), env }
}

const green = [
  'repository: acme/site',
  'path: .github/workflows/ci.yml',
  'state: active',
  'reenable: [manual]',
  'green: { within: 24h, onFailure: rerun-failed, onStale: dispatch }',
  'recovery: { maxAttempts: 3, backoff: { initial: 100ms, max: 200ms } }',
].join('\n')

describe('a workflow, end to end', () => {
  let stage: Stage

  afterEach(async () => {
    await stage.simulator.close()
    await stage.fleet.destroy()
    expect(stage.simulator.violations).toEqual([])
  })

  const pass = (args: readonly string[] = []): Promise<Run> => stage.fleet.reconcile(args, { env: stage.env })

  async function statusOf(id: string) {
    const { out } = await pass(['status', '-o', 'json'])
    const { resources } = JSON.parse(out) as {
      resources: { id: string; health: string; sync: string; message: string }[]
    }
    return resources.find((resource) => resource.id === id)
  }

  it('that is declared twice is left to the one of its present name by a pass over a part as well', async () => {
    const named = (repository: string, state: string) =>
      `repository: ${repository}\npath: .github/workflows/ci.yml\nstate: ${state}\nreenable: [manual]`
    stage = await setStage({ old: named('acme/site', 'active'), new: named('acme/home', 'disabled') })
    const ci = stage.site.addWorkflow('ci.yml', { state: 'disabled_manually' })
    stage.simulator.world.move(stage.site, 'acme/home')
    const run = await pass(['--only', 'Workflow/old'])
    expect(run.status, run.out + run.err).toBe(1)
    expect(run.out.replace(/\s+/g, ' ')).toContain('Left it to Workflow/new')
    expect(ci.state).toBe('disabled_manually')
    expect(stage.simulator.writes()).toEqual([])
    // Alone it is what its old name leads to.
    await stage.fleet.remove('manifests/new.yaml')
    await pass(['--only', 'Workflow/old'])
    expect(ci.state).toBe('active')
  })

  it('is enabled again where a person disabled it, and a second pass writes nothing', async () => {
    stage = await setStage({ ci: green })
    const ci = stage.site.addWorkflow('ci.yml', { state: 'disabled_manually' })
    stage.site.addRun(ci)
    const plan = await pass(['--dry-run', '--detailed-exitcode'])
    expect(plan.status).toBe(2)
    expect(plan.out).toMatch(/GitHub: 1 call needed; 4,99\d are left\./)
    const { api } = JSON.parse((await pass(['plan', '-o', 'json'])).out) as { api: unknown }
    expect(api).toEqual({ github: { needed: 1, remaining: expect.any(Number) } })
    expect(stage.simulator.writes()).toEqual([])
    expect(ci.state).toBe('disabled_manually')
    expect((await pass()).status).toBe(0)
    expect(ci.state).toBe('active')
    const writes = stage.simulator.writes().length
    expect((await pass()).status).toBe(0)
    expect(stage.simulator.writes()).toHaveLength(writes)
  })

  it('leaves a person’s switch alone where the manifest does not allow it', async () => {
    stage = await setStage({ ci: green.replace('reenable: [manual]', 'reenable: [inactivity]') })
    const ci = stage.site.addWorkflow('ci.yml', { state: 'disabled_manually' })
    stage.site.addRun(ci)
    expect((await pass()).status).toBe(1)
    expect(ci.state).toBe('disabled_manually')
    expect((await statusOf('Workflow/ci'))?.message).toContain('reenable: [manual]')
  })

  it('runs failed jobs again within its attempts, until it is green', async () => {
    stage = await setStage({ ci: green })
    const ci = stage.site.addWorkflow('ci.yml', { outcomes: ['failure', 'success'] })
    const run = stage.site.addRun(ci, { conclusion: 'failure' })
    expect((await pass()).status).toBe(0)
    expect(run).toMatchObject({ attempt: 3, conclusion: 'success' })
    expect(stage.simulator.callsTo('rerunFailed')).toHaveLength(2)
    expect(await statusOf('Workflow/ci')).toMatchObject({ health: 'Healthy', sync: 'Synced' })
  })

  it('counts attempts in the world, calls its fallback when they are used up, and lets it stand down', async () => {
    stage = await setStage({
      ci: `${green}\nfallback: [Workflow/backup]`,
      backup: [
        'repository: acme/site',
        'path: .github/workflows/backup.yml',
        'green: { within: 24h, onStale: dispatch }',
        'recovery: { backoff: { initial: 100ms, max: 200ms } }',
      ].join('\n'),
    })
    const ci = stage.site.addWorkflow('ci.yml', {
      outcomes: ['failure', 'failure', 'failure', 'failure'],
      failing: { job: 'deploy', step: 'upload' },
    })
    const backup = stage.site.addWorkflow('backup.yml')
    stage.site.addRun(backup)
    const run = stage.site.addRun(ci, { conclusion: 'failure' })
    expect((await pass()).status).toBe(1)
    // Attempts 2 and 3 of 3.
    expect(run.attempt).toBe(3)
    expect(await statusOf('Workflow/ci')).toMatchObject({
      health: 'Degraded',
      message: expect.stringMatching(/job "deploy", step "upload".*attempts of run \d+ are used up/s),
    })
    await pass()
    expect(backup.state).toBe('active')
    const dispatched = () =>
      stage.site.runs.filter((each) => each.workflowId === backup.id && each.event === 'workflow_dispatch')
    expect(dispatched()).toHaveLength(1)
    await pass()
    expect(dispatched()).toHaveLength(1)

    stage.site.addRun(ci)
    await stage.fleet.write(
      'manifests/ci.yaml',
      workflowManifest(
        'ci',
        `${green}\nfallback: [Workflow/backup]`.replace('200ms } }', '200ms }, stableFor: 1s }'),
      ),
    )
    // It stands down when its primary has been well for as long as `stableFor` says.
    await eventually(async () => {
      await pass()
      expect(backup.state).toBe('disabled_manually')
    })
    expect((await pass()).status).toBe(0)
    expect(await statusOf('Workflow/backup')).toMatchObject({ health: 'Healthy' })
  })

  it('is managed by a GitHub App that the Fleet names', async () => {
    stage = await setStage({ ci: green })
    const ci = stage.site.addWorkflow('ci.yml', { state: 'disabled_manually' })
    stage.site.addRun(ci)
    await stage.fleet.write('app.pem', stage.simulator.apps.add('77', 'acme'))
    await stage.fleet.write(
      'manifests/fleet.yaml',
      'apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { github: { app: { id: "77", privateKey: { fromFile: ../app.pem } } } }\n',
    )
    stage.simulator.tokens.clear()
    const { status, out, err } = await pass()
    expect(status, out + err).toBe(0)
    expect(ci.state).toBe('active')
    expect(out + err + (await pass(['describe', 'Workflow/ci'])).out).not.toMatch(/ghs_|PRIVATE KEY/)
  })

  it.each(['token', 'app'])('is managed on a GitHub Enterprise, by %s', async (as) => {
    stage = await setStage({ ci: green })
    stage.simulator.isEnterprise = true
    const ci = stage.site.addWorkflow('ci.yml', { state: 'disabled_manually', outcomes: ['success'] })
    const run = stage.site.addRun(ci, { conclusion: 'failure' })
    const app = 'app: { id: "77", privateKey: { fromFile: ../app.pem } }'
    const apiUrl = `${stage.simulator.url}/api/v3`
    const github = `{ apiUrl: "${apiUrl}"${as === 'app' ? `, ${app}` : ''} }`
    await stage.fleet.write('app.pem', stage.simulator.apps.add('77', 'acme'))
    await stage.fleet.write(
      'manifests/fleet.yaml',
      `apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { github: ${github} }\n`,
    )
    if (as === 'app') stage.simulator.tokens.clear()
    const env = { GITHUB_TOKEN: 'test-token' }
    const refused = await stage.fleet.reconcile([], { env })
    expect(refused.status).toBe(1)
    expect(stage.simulator.calls).toEqual([])
    const { host } = new URL(apiUrl)
    const { status, out, err } = await stage.fleet.reconcile(['--allow-host', host], { env })
    expect(status, out + err).toBe(0)
    expect(ci.state).toBe('active')
    expect(run.attempt).toBe(2)
    const routes = new Set(stage.simulator.calls.map(({ route }) => route))
    expect(routes).not.toContain('unknown')
    expect(routes.has('mintToken')).toBe(as === 'app')
  })

  it('shows the log of the failed step, and says what there is none of', async () => {
    stage = await setStage({ ci: green })
    const ci = stage.site.addWorkflow('ci.yml', { failing: { job: 'deploy', step: 'upload' } })
    expect((await pass(['logs', 'Workflow/ci'])).status).toBe(0)
    stage.site.addRun(ci, { conclusion: 'failure' })
    const { status, out } = await pass(['logs', 'Workflow/ci'])
    expect(status).toBe(0)
    expect(out).toMatch(/output of upload, attempt 1\n.*##\[error\]Process completed with exit code 1\./)
    expect(out).not.toContain('check out')
    const json = await pass(['logs', 'Workflow/ci', '-n', '1', '-o', 'json'])
    expect(JSON.parse(json.out)).toMatchObject({
      source: 'deploy / upload',
      text: '##[error]Process completed with exit code 1.',
    })
    const none = await pass(['logs', 'Workflow/other'])
    expect(none.status).toBe(1)
    expect(none.err).toContain('Workflow/other')
    stage.simulator.tokens.clear()
    const refused = await pass(['logs', 'Workflow/ci'])
    expect(refused.status).toBe(1)
    expect(refused.err).toContain('GitHub does not accept the credential')
    expect(stage.simulator.writes()).toEqual([])
  })

  it('says what is missing without a token, and leaves other domains at work', async () => {
    stage = await setStage({ ci: green })
    await stage.fleet.write(
      'manifests/other.yaml',
      'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: idle }\nspec: { script: ../idle.mjs }\n',
    )
    await stage.fleet.write('idle.mjs', 'setInterval(() => undefined, 1000)\n')
    const { status } = await stage.fleet.reconcile([])
    expect(status).toBe(1)
    expect(await statusOf('Workflow/ci')).toMatchObject({
      health: 'Unknown',
      message: expect.stringContaining('GITHUB_TOKEN'),
    })
    expect(await statusOf('Process/idle')).toMatchObject({ health: 'Healthy' })
    expect(stage.simulator.calls).toEqual([])
  })
})

describe('a GitHub that does not answer', () => {
  it('holds up no other domain, and no workflow of another repository', async () => {
    const stage = await setStage({ ci: green, other: green.replace('acme/site', 'acme/other') })
    const { fleet, simulator, env } = stage
    try {
      stage.site.addRun(stage.site.addWorkflow('ci.yml'))
      const other = simulator.world.add('acme/other')
      other.addRun(other.addWorkflow('ci.yml'))
      await fleet.write(
        'manifests/idle.yaml',
        'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: idle }\nspec: { script: ../idle.mjs }\n',
      )
      await fleet.write('idle.mjs', 'setInterval(() => undefined, 1000)\n')
      simulator.hook = ({ path }) =>
        path.startsWith('/repos/acme/site/') ? new Promise(() => undefined) : undefined
      const health = async () => {
        const { out } = await fleet.reconcile(['status', '-o', 'json'], { env })
        const { resources } = JSON.parse(out) as { resources: { id: string; health: string }[] }
        return Object.fromEntries(resources.map(({ id, health: status }) => [id, status]))
      }
      const watch = await fleet.watch([], { env })
      await expect.poll(health, { timeout: 90_000, interval: 1000 }).toEqual({
        'Process/idle': 'Healthy',
        'Workflow/ci': 'Unknown',
        'Workflow/other': 'Healthy',
      })
      watch.signal('SIGTERM')
      expect(await watch.ended).toBe(0)
    } finally {
      await simulator.close()
      await fleet.destroy()
    }
  })
})

describe('a dispatch that is cut off', () => {
  const rounds = 100
  const lanes = 2

  it(`happens once in each of ${rounds} passes that are killed at random`, { timeout: 900_000 }, async () => {
    const seeds = new SeededRandom(20_261_124)
    const counts: number[] = []
    const kills = { early: 0, afterTheCall: 0 }
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        const random = seeds.fork()
        const stage = await setStage({ ci: green })
        try {
          for (let round = 0; round < rounds / lanes; round += 1) {
            counts.push(await killedOnce(stage, random, kills))
          }
          expect(stage.simulator.violations).toEqual([])
        } finally {
          await stage.simulator.close()
          await stage.fleet.destroy()
        }
      }),
    )
    expect(counts).toEqual(Array.from({ length: rounds }, () => 1))
    // The seed must hit what matters: killed between the effect of the dispatch and its answer.
    expect(kills.afterTheCall).toBeGreaterThan(10)
    expect(kills.early).toBeGreaterThan(10)
  })
})

/** Milliseconds; longer than a list of runs can lag. */
const longAfter = 180_000
const shiftedClock = `const now = Date.now; Date.now = () => now() + ${longAfter}`

/** A stale workflow, a pass that is killed at some call, and two that are not: how many runs were made. */
async function killedOnce(
  stage: Stage,
  random: SeededRandom,
  kills: { early: number; afterTheCall: number },
): Promise<number> {
  const { simulator, fleet, env } = stage
  await rm(fleet.path('.reconcile'), { recursive: true, force: true })
  simulator.calls.length = 0
  const site = simulator.world.add('acme/site')
  site.addRun(site.addWorkflow('ci.yml'), { age: 48 * hour })
  const dies = { at: random.between(0, 4), phase: random.isLucky(0.5) ? 'received' : 'done' }
  const child = spawn(process.execPath, [program], {
    cwd: fleet.folder,
    env: { ...fleet.env, ...env },
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  let seen = 0
  simulator.hook = async ({ route, phase }) => {
    if (phase === 'received') seen += 1
    // From the call that was drawn on, or at the dispatch: half of all rounds die there.
    const isDrawn = seen > dies.at || route === 'dispatch'
    if (!isDrawn || phase !== dies.phase) return
    if (route === 'dispatch' && phase === 'done') kills.afterTheCall += 1
    else kills.early += 1
    simulator.hook = undefined
    child.kill('SIGKILL')
    await ended
  }
  await ended
  simulator.hook = undefined
  const isThere = site.runs.some((run) => run.event === 'workflow_dispatch')
  // Where the run is in the list we come back at once. Where it is not, the list must have had its time to show it.
  simulator.world.clockAhead = isThere ? 0 : longAfter
  const later = isThere
    ? env
    : { ...env, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(shiftedClock)}` }
  await fleet.reconcile([], { env: later })
  const last = await fleet.reconcile([], { env: later })
  simulator.world.clockAhead = 0
  expect(last.status, `${last.out}\n${last.err}`).toBe(0)
  return site.runs.filter((run) => run.event === 'workflow_dispatch').length
}
