import { describe, expect, it } from 'vitest'
import { ReconcileError } from '../../src/core/errors.ts'
import type { PassResult } from '../../src/engine/pass.ts'
import { type FaultKind, faultKinds } from '../simulators/github/faults.ts'
import type { SimulatedRepository } from '../simulators/github/world.ts'
import { GithubWorld } from '../support/github-world.ts'

const hour = 3_600_000
const minute = 60_000

/** Every call that the domain makes of its own accord in this scene with a token. */
const calls = [
  'listWorkflows',
  'getWorkflow',
  'listRuns',
  'listRunsOf',
  'listAttemptJobs',
  'getRef',
  'getRun',
  'getFile',
  'enable',
  'disable',
  'rerun',
  'rerunFailed',
  'dispatch',
  'putFile',
  'createRef',
  'listPulls',
  'createPull',
  'updateRef',
  'updatePull',
  'deleteRef',
]

/** Those that it makes as a GitHub App, beside them. */
const appCalls = ['getInstallation', 'mintToken']

async function setScene(world: GithubWorld) {
  const site = world.simulator.world.add('acme/site')
  await proposeEarlier(world, site)
  const stale = site.addWorkflow('stale.yml')
  site.addRun(stale, { age: 48 * hour })
  const flaky = site.addWorkflow('flaky.yml')
  const failed = site.addRun(flaky, { conclusion: 'failure' })
  const off = site.addWorkflow('off.yml', { state: 'disabled_inactivity' })
  const halted = site.addWorkflow('halted.yml')
  const redone = site.addRun(site.addWorkflow('again.yml'), { conclusion: 'failure' })
  site.addWorkflow('proposed.yml')
  site.addWorkflow('drifted.yml')
  const fine = site.addWorkflow('fine.yml')
  site.addRun(fine)
  // Its runs are on no branch of ours: the list of the workflow itself is asked.
  const quiet = site.addWorkflow('quiet.yml')
  site.addRun(quiet, { branch: 'side' })
  await world.write('drifted.yml', 'on: push\n')
  await world.write('proposed.yml', 'on: push\n')
  const green = { within: '24h', onFailure: 'rerun-failed' as const, onStale: 'dispatch' as const }
  world.declare('stale', { green })
  world.declare('flaky', { green })
  world.declare('off', { state: 'active' })
  world.declare('halted', { state: 'disabled' })
  world.declare('again', { green: { ...green, onFailure: 'rerun' } })
  world.declare('proposed', { source: 'proposed.yml', branch: 'files', delivery: 'pull-request' })
  world.declare('drifted', { source: 'drifted.yml', branch: 'files' })
  world.declare('fine', { green })
  world.declare('quiet', { green: {} })
  world.declare('gone', { state: 'active' })
  await world.declareScripts()
  const dispatches = () => site.runs.filter((run) => run.event === 'workflow_dispatch').length
  return { site, off, halted, failed, redone, dispatches }
}

/** What is there before the fault: a pull request that became moot, and one that was merged and left its branch. */
async function proposeEarlier(world: GithubWorld, site: SimulatedRepository): Promise<void> {
  // On a branch of its own: a commit to main would move the head on, and a rerun could not make that green.
  site.branch('files')
  for (const name of ['moot', 'merged']) {
    site.addWorkflow(`${name}.yml`)
    await world.write(`${name}.yml`, `on: push # ${name}\n`)
    world.declare(name, { source: `${name}.yml`, branch: 'files', delivery: 'pull-request' })
  }
  const pullOf = (name: string) => site.pulls.find(({ head }) => head.startsWith(`reconciled/${name}-`))
  // A machine that is busy may be too slow for the deadline of a request.
  for (let pass = 0; pass < 20 && !(pullOf('merged') && pullOf('moot')); pass += 1) {
    await world.pass()
    world.advance(10_000)
  }
  const merged = pullOf('merged')
  if (!merged) throw new Error('No pull request was opened')
  site.merge(merged, 'squash', { keepsBranch: true })
  await world.pass()
  site.commit('files', '.github/workflows/merged.yml', Buffer.from('on: drifted\n'))
  site.commit('files', '.github/workflows/moot.yml', Buffer.from('on: push # moot\n'))
  world.simulator.calls.length = 0
  await world.restart()
}

function healthOf(result: PassResult): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...result.states].map(([id, { status }]) => [id.replace('Workflow/', ''), status.health]),
  )
}

/** What is expected of all of them in the end. */
const settled: Readonly<Record<string, string>> = {
  stale: 'Healthy',
  flaky: 'Healthy',
  off: 'Healthy',
  halted: 'Healthy',
  again: 'Healthy',
  // Its pull request waits to be merged.
  proposed: 'Progressing',
  merged: 'Progressing',
  moot: 'Healthy',
  drifted: 'Healthy',
  fine: 'Healthy',
  quiet: 'Degraded',
  gone: 'Missing',
  'ScriptSet/package': 'Healthy',
}

function isSettled(health: Readonly<Record<string, string>>): boolean {
  return Object.entries(settled).every(([name, status]) => health[name] === status)
}

/** A fault for a while, then none: what may never be wrong meanwhile, and what must be right at the end. */
async function survive(kind: FaultKind, on: string): Promise<readonly string[]> {
  const wrong: string[] = []
  const world = await GithubWorld.create(appCalls.includes(on) ? 'app' : 'token')
  try {
    const { site, off, halted, failed, redone, dispatches } = await setScene(world)
    world.simulator.faults.add({ kind, on })
    for (let pass = 0; pass < 3; pass += 1) {
      await world.breakScripts()
      const health = healthOf(await world.pass())
      if (!(await world.areScriptsAsDeclared())) wrong.push(`the scripts are held up in pass ${pass}`)
      for (const [name, status] of Object.entries(health)) {
        if (status === 'Missing' && name !== 'gone') wrong.push(`${name} seems to be missing`)
      }
      if (pass === 1) await world.restart()
      world.advance(10_000)
    }
    if (dispatches() > 1) wrong.push(`${dispatches()} dispatches under the fault`)
    world.simulator.faults.clear()
    // Longer than any limit lasts, and than a list can lag.
    world.advance(2 * hour)
    let health: Readonly<Record<string, string>> = {}
    let quietPasses = 0
    for (let pass = 0; pass < 12 && quietPasses < 2; pass += 1) {
      const before = world.simulator.writes().length
      health = healthOf(await world.pass())
      const isQuiet = world.simulator.writes().length === before && isSettled(health)
      quietPasses = isQuiet ? quietPasses + 1 : 0
      world.advance(10 * minute)
    }
    if (dispatches() !== 1) wrong.push(`${dispatches()} dispatches at the end`)
    if (failed.attempt !== 2) wrong.push(`attempt ${failed.attempt} of the flaky run`)
    if (redone.attempt !== 2) wrong.push(`attempt ${redone.attempt} of the run that is run again whole`)
    if (off.state !== 'active') wrong.push('not enabled')
    if (halted.state !== 'disabled_manually') wrong.push('not disabled')
    const open = site.pulls.filter(({ state }) => state === 'open').map(({ head }) => head.slice(0, -9))
    const pulls = `${site.pulls.length} pull requests, open: ${open.sort().join(' ')}`
    if (pulls !== '4 pull requests, open: reconciled/merged reconciled/proposed') wrong.push(pulls)
    const branches = [...site.branches.keys()].filter((name) => name.startsWith('reconciled/')).length
    if (branches !== 2) wrong.push(`${branches} branches of ours`)
    const content = site.branches.get('files')?.files.get('.github/workflows/drifted.yml')
    if (String(content) !== 'on: push\n') wrong.push('file not in step')
    for (const [name, status] of Object.entries(health)) {
      if (status !== settled[name]) wrong.push(`${name} is ${status} at the end`)
    }
    wrong.push(...world.simulator.violations)
  } finally {
    await world.close()
  }
  return wrong.map((text) => `${kind} on ${on}: ${text}`)
}

describe('every fault on every call', () => {
  it.each([...faultKinds])(
    '%s: nothing twice, nothing missing, and all right after',
    async (kind: FaultKind) => {
      const wrong = await Promise.all([...calls, ...appCalls].map((call) => survive(kind, call)))
      expect(wrong.flat()).toEqual([])
    },
    300_000,
  )
})

describe('every fault on the calls behind logs', () => {
  const from = ['getWorkflow', 'listRunsOf', 'listAttemptJobs', 'jobLog']

  it.each(from)('%s: the failed step, or why not, and all of it after', async (on) => {
    const world = await GithubWorld.create()
    try {
      const site = world.simulator.world.add('acme/site')
      site.addRun(site.addWorkflow('ci.yml'), { conclusion: 'failure', age: hour })
      world.declare('ci', { green: {} })
      const told = async () => (await world.logs('ci')).map(({ text }) => text)
      const whole = await told()
      expect(whole.at(-1)).toBe('##[error]Process completed with exit code 1.')
      // To a log GitHub himself sends to another host, where whatever is found is the log.
      const kinds = faultKinds.filter((kind) => !(kind === 'astray' && on === 'jobLog'))
      for (const kind of kinds) {
        world.simulator.faults.add({ kind, on })
        const ended = await told().catch((error: unknown) => error)
        // A list that lags shows no run yet; nothing else may seem to be all of it.
        if (Array.isArray(ended)) expect([whole, []], kind).toContainEqual(ended)
        else expect(ended, kind).toBeInstanceOf(ReconcileError)
        world.simulator.faults.clear()
        world.advance(2 * hour)
        expect(await told(), kind).toEqual(whole)
      }
      expect(world.simulator.writes()).toEqual([])
      expect(world.simulator.violations).toEqual([])
    } finally {
      await world.close()
    }
  })
})

describe('the scene without a fault', () => {
  it.each([
    ['token', calls],
    ['app', [...calls, ...appCalls]],
  ] as const)('makes every call that the faults are set on, by %s', async (as, expected) => {
    const world = await GithubWorld.create(as)
    try {
      await setScene(world)
      await world.pass()
      world.advance(10_000)
      await world.pass()
      expect([...new Set(world.simulator.calls.map((call) => call.route))].sort()).toEqual(
        [...expected].sort(),
      )
    } finally {
      await world.close()
    }
  })
})
