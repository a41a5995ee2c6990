import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { GithubClient } from '../../../src/clients/github/client.ts'
import { tokenCredential } from '../../../src/clients/github/credential.ts'
import { openGithub } from '../../../src/clients/github/open.ts'
import { systemClock } from '../../../src/clients/host/clock.ts'
import type { Clock } from '../../../src/core/clock.ts'
import { messageOf } from '../../../src/core/errors.ts'
import { Secret } from '../../../src/core/secret.ts'
import { GithubSimulator } from '../../simulators/github/server.ts'
import type { SimulatedWorkflow } from '../../simulators/github/world.ts'

const signal = AbortSignal.timeout(60_000)
const site = { owner: 'acme', repo: 'site' }
const minute = 60_000

let simulator: GithubSimulator
let ci: SimulatedWorkflow
let ahead: number

beforeEach(async () => {
  simulator = await GithubSimulator.start()
  ci = simulator.world.add('acme/site').addWorkflow('ci.yml')
  for (let index = 0; index < 10; index += 1) simulator.world.add(`acme/r${index}`)
  ahead = 0
})

afterEach(async () => {
  await simulator.close()
  expect(simulator.violations).toEqual([])
})

function open(): GithubClient {
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead }
  return openGithub({
    apiUrl: simulator.url,
    credential: tokenCredential(Secret.read('fromEnv T', 'test-token', 'd')),
    clock,
    cache: undefined,
    userAgent: 'test',
    patience: { isSpaced: false, pauses: [] },
  })
}

/** Lets time pass, here and at GitHub. */
function advance(duration: number): void {
  ahead += duration
  simulator.world.clockAhead = ahead
}

/** Ten calls that are all on their way before the first is answered; what became of each. */
async function tenAtOnce(github: GithubClient): Promise<ReadonlySet<string>> {
  let waiting = 0
  let release: () => void = () => undefined
  const all = new Promise<void>((resolve) => {
    release = resolve
  })
  simulator.hook = ({ phase }) => {
    if (phase !== 'received') return undefined
    waiting += 1
    if (waiting === 10) release()
    return all
  }
  try {
    const asked = Array.from({ length: 10 }, (_, index) =>
      github.listRuns({ owner: 'acme', repo: `r${index}` }, signal),
    )
    const ends = await Promise.allSettled(asked)
    return new Set(ends.map((end) => (end.status === 'fulfilled' ? 'answered' : messageOf(end.reason))))
  } finally {
    simulator.hook = undefined
  }
}

const paused = (duration: string) => new Set([`GitHub asked us to wait; it goes on in ${duration}`])

describe('a secondary limit', () => {
  it('that refuses ten calls at once is one, and lasts as long as its message says', async () => {
    const github = open()
    simulator.faults.add({ kind: 'secondary', times: 10 })
    expect(await tenAtOnce(github)).toEqual(paused('1m'))
    const calls = simulator.calls.length
    advance(0.9 * minute)
    await expect(github.listRuns(site, signal)).rejects.toMatchObject({ code: 'RateLimited' })
    expect(simulator.calls).toHaveLength(calls)
    advance(0.1 * minute)
    expect(await tenAtOnce(github)).toEqual(new Set(['answered']))
  })

  it('that comes again lasts longer each time, until a call is answered', async () => {
    const github = open()
    simulator.faults.add({ kind: 'secondary' })
    for (const [text, duration] of [['1m', 1] as const, ['2m', 2] as const, ['4m', 4] as const]) {
      expect(await tenAtOnce(github)).toEqual(paused(text))
      advance(duration * minute)
    }
    simulator.faults.clear()
    expect(await tenAtOnce(github)).toEqual(new Set(['answered']))
    simulator.faults.add({ kind: 'secondary' })
    expect(await tenAtOnce(github)).toEqual(paused('1m'))
  })

  it('is forgotten after a good answer also where no answer tells of limits', async () => {
    simulator.hasLimits = false
    const github = open()
    simulator.faults.add({ kind: 'secondary', times: 10 })
    expect(await tenAtOnce(github)).toEqual(paused('1m'))
    advance(minute)
    await github.listRuns(site, signal)
    simulator.faults.add({ kind: 'secondary', times: 10 })
    expect(await tenAtOnce(github)).toEqual(paused('1m'))
  })

  it('lasts no longer than one can where our clock is set back', async () => {
    const github = open()
    simulator.faults.add({ kind: 'secondary' })
    expect(await tenAtOnce(github)).toEqual(paused('1m'))
    simulator.faults.clear()
    ahead -= 6 * 60 * minute
    await expect(github.listRuns(site, signal)).rejects.toMatchObject({ code: 'RateLimited' })
    ahead += 61 * minute
    await github.listRuns(site, signal)
  })

  it('is not forgotten because of an answer to a call that was sent before it', async () => {
    const github = open()
    simulator.faults.add({ kind: 'secondary', times: 9 })
    expect(await tenAtOnce(github)).toEqual(new Set([...paused('1m'), 'answered']))
    advance(minute)
    simulator.faults.add({ kind: 'secondary', times: 10 })
    expect(await tenAtOnce(github)).toEqual(paused('2m'))
  })
})

describe('a limit of the host that keeps logs', () => {
  it('stops no call to GitHub', async () => {
    const run = simulator.world.repositories.get('acme/site')?.addRun(ci, { conclusion: 'failure' })
    const github = open()
    const [job] = await github.listJobs(site, { id: run?.id ?? 0, attempt: 1 }, signal)
    simulator.logs.failsWith = 429
    await expect(github.readJobLog(site, job?.id ?? 0, signal)).rejects.toMatchObject({
      code: 'RemoteRefused',
    })
    await github.listRuns(site, signal)
    simulator.logs.failsWith = undefined
    expect(await github.readJobLog(site, job?.id ?? 0, signal)).toContain('output of')
  })
})

describe('what is left of the hourly limit', () => {
  const reads = (github: GithubClient) => ({
    list: github.listRuns(site, signal),
    run: github.getRun(site, 1, signal),
    runs: github.listRunsOf(site, { workflowId: ci.id }, signal),
    file: github.findFile(site, { path: 'a', branch: 'main' }, signal),
    head: github.headOf(site, 'main', signal),
    pull: github.findPull(site, { head: 'a', base: 'main' }, signal),
  })

  it('is kept for writes, and for what they are decided on', async () => {
    const github = open()
    simulator.remaining = 1001
    await github.listWorkflows(site, signal)
    const ends = await Promise.allSettled(Object.values(reads(github)))
    const [, run, , , head] = ends
    // Of what failed a little may be asked all the same.
    expect(ends.filter(({ status }) => status === 'fulfilled')).toEqual([run, head])
    simulator.remaining = 500
    await github.getRun(site, 1, signal)
    await expect(github.getRun(site, 1, signal)).rejects.toMatchObject({ code: 'RateLimited' })
    await Promise.all(Object.values(reads(github.forWriting)))
    await github.disableWorkflow(site, ci.id, signal)
    expect(ci.state).toBe('disabled_manually')
  })

  it('is used down to its half by reads that are free where nothing changed', async () => {
    const github = open()
    await github.listRuns(site, signal)
    await github.listWorkflows(site, signal)
    simulator.remaining = 900
    await github.listRuns(site, signal)
    await github.disableWorkflow(site, ci.id, signal)
    // Both are known by their ETags; that of the workflows has changed.
    await github.listRuns(site, signal)
    expect(await github.listWorkflows(site, signal)).toMatchObject([{ state: 'disabled_manually' }])
    simulator.remaining = 500
    await github.enableWorkflow(site, ci.id, signal)
    await expect(github.listRuns(site, signal)).rejects.toMatchObject({
      code: 'RateLimited',
      message: expect.stringMatching(/^GitHub has 499 of 5000 calls left, which are kept for writes/),
    })
  })

  it('is nothing at all at its end, and everything after its reset', async () => {
    const github = open()
    simulator.remaining = 1
    await github.disableWorkflow(site, ci.id, signal)
    const calls = simulator.calls.length
    await expect(github.enableWorkflow(site, ci.id, signal)).rejects.toMatchObject({ code: 'RateLimited' })
    expect(simulator.calls).toHaveLength(calls)
    advance(61 * minute)
    await github.enableWorkflow(site, ci.id, signal)
    expect(ci.state).toBe('active')
  })

  it('comes back with its reset also where our clock was set back', async () => {
    const github = open()
    simulator.remaining = 1
    await github.disableWorkflow(site, ci.id, signal)
    await expect(github.enableWorkflow(site, ci.id, signal)).rejects.toMatchObject({ code: 'RateLimited' })
    advance(61 * minute)
    ahead -= 6 * 60 * minute
    await github.enableWorkflow(site, ci.id, signal)
    expect(ci.state).toBe('active')
  })
})

describe('a token that GitHub does not accept', () => {
  const refused = { code: 'CredentialsRefused' }

  it('is told to be refused however often it is shown: what nobody may call is not what it has left', async () => {
    const github = open()
    simulator.tokens.clear()
    for (let count = 0; count < 70; count += 1) {
      await expect(github.listRuns(site, signal)).rejects.toMatchObject(refused)
    }
    expect(github.remaining).toBeUndefined()
  })

  it('is used again as soon as it is accepted, with all that it has', async () => {
    const github = open()
    await github.listRuns(site, signal)
    simulator.tokens.clear()
    for (let count = 0; count < 70; count += 1) {
      await expect(github.listRuns(site, signal)).rejects.toMatchObject(refused)
    }
    simulator.tokens.add('test-token')
    await github.listRuns(site, signal)
    expect(github.remaining).toBe(4999)
    simulator.remaining = 0
    await expect(github.listWorkflows(site, signal)).rejects.toMatchObject({ code: 'RateLimited' })
  })
})
