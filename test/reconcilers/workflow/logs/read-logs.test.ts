import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../src/clients/host/clock.ts'
import { silentLogger } from '../../../../src/core/logger.ts'
import type { LogLine } from '../../../../src/core/reconciler.ts'
import { Secret } from '../../../../src/core/secret.ts'
import { connectWorkflows } from '../../../../src/reconcilers/workflow/connection.ts'
import { linesOfLog, linesOfStep } from '../../../../src/reconcilers/workflow/logs/log-lines.ts'
import type { WorkflowSpec } from '../../../../src/reconcilers/workflow/spec.generated.ts'
import { GithubSimulator } from '../../../simulators/github/server.ts'
import type { SimulatedRepository } from '../../../simulators/github/world.ts'
import { defaultFleet } from '../../../support/modelled-fleet.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { desired } from '../model.ts'

let simulator: GithubSimulator
let site: SimulatedRepository

beforeEach(async () => {
  simulator = await GithubSimulator.start()
  site = simulator.world.add('acme/site')
})

afterEach(async () => {
  await simulator.close()
  expect(simulator.violations).toEqual([])
})

async function open() {
  return connectWorkflows(
    {
      fleet: {
        ...defaultFleet,
        github: { apiUrl: simulator.url, token: Secret.read('fromEnv GITHUB_TOKEN', 'test-token', 'd') },
      },
      env: {},
      // Whoever follows looks at once.
      clock: { ...systemClock, sleep: (_, signal) => systemClock.sleep(10, signal) },
      random: new SeededRandom(1),
      logger: silentLogger,
      store: { id: 's', location: '' },
      mayRunCommands: false,
    },
    { isSpaced: false, pauses: [] },
  )
}

async function read(spec: Partial<WorkflowSpec> = {}, lines = 100): Promise<readonly LogLine[]> {
  const connection = await open()
  const found: LogLine[] = []
  const log = connection.logs?.(desired(spec), { lines, follow: false }, new AbortController().signal)
  for await (const line of log ?? []) found.push(line)
  await connection.close()
  return found
}

const told = (lines: readonly LogLine[]) =>
  lines.map(({ source, stream, text }) => `${source} ${stream}: ${text}`)

describe('logs of a workflow', () => {
  it('are found behind the runs of many proposals', async () => {
    const ci = site.addWorkflow('ci.yml')
    const run = site.addRun(ci, { conclusion: 'failure' })
    for (let index = 0; index < 140; index += 1) site.addRun(ci, { branch: `pr-${index}` })
    expect((await read()).at(-1)?.text).toBe('##[error]Process completed with exit code 1.')
    expect(simulator.callsTo('listAttemptJobs').map(({ path }) => path)).toEqual([
      `/repos/acme/site/actions/runs/${run.id}/attempts/1/jobs`,
    ])
  })

  it('are those of the failed step of the newest completed run, and no credential leaves for their store', async () => {
    const ci = site.addWorkflow('ci.yml', { failing: { job: 'deploy', step: 'upload' } })
    site.addRun(ci, { age: 60_000 })
    site.addRun(ci, { conclusion: 'failure', attempt: 2 })
    site.addRun(ci, { status: 'in_progress' })
    site.addRun(ci, { conclusion: 'failure', branch: 'side' })
    const lines = await read()
    expect(told(lines)).toEqual([
      'deploy / upload out: ##[group]Run upload',
      'deploy / upload out: ##[endgroup]',
      'deploy / upload out: output of upload, attempt 2',
      'deploy / upload err: ##[error]Process completed with exit code 1.',
    ])
    expect(lines.every(({ at }) => at !== undefined)).toBe(true)
    expect(simulator.logs.credentials).toEqual([undefined])
  })

  it('are those of all jobs where nothing failed, the newest lines of each', async () => {
    site.addRun(site.addWorkflow('ci.yml'))
    expect(told(await read({}, 1))).toEqual(['job-1 out: build is done', 'job-2 out: build is done'])
    expect(simulator.logs.credentials).toEqual([undefined, undefined])
  })

  it('are none where nothing ran yet', async () => {
    site.addWorkflow('ci.yml')
    expect(await read()).toEqual([])
  })

  it('say so where GitHub keeps them no longer, never began a job, or knows no such workflow', async () => {
    await expect(read()).rejects.toMatchObject({ code: 'NotFound' })
    const ci = site.addWorkflow('ci.yml')
    site.addRun(ci).hasLostLogs = true
    await expect(read()).rejects.toMatchObject({ code: 'RunLogGone' })
    site.addRun(ci, { conclusion: 'startup_failure', jobs: 0 })
    await expect(read()).rejects.toMatchObject({
      code: 'RunLogGone',
      message: expect.stringContaining('no job was started'),
    })
  })

  it('go on with the next run that ends, and not twice with one', async () => {
    const ci = site.addWorkflow('ci.yml')
    site.addRun(ci, { jobs: 1 })
    const connection = await open()
    const end = new AbortController()
    const found: string[] = []
    const log = connection.logs?.(desired(), { lines: 1, follow: true }, end.signal)
    const reading = (async () => {
      for await (const line of log ?? []) {
        found.push(line.text)
        if (found.length === 1) setTimeout(() => site.addRun(ci, { conclusion: 'failure', jobs: 1 }), 300)
        if (found.length === 2) end.abort()
      }
    })()
    await reading.catch((error: unknown) => {
      if (!end.signal.aborted) throw error
    })
    expect(found).toEqual(['build is done', '##[error]Process completed with exit code 1.'])
    await connection.close()
  })
})

describe('logs of a workflow that are followed', () => {
  /** Text by text, each after something happened; ends after the last. */
  async function follow(happens: readonly (() => void)[]): Promise<readonly string[]> {
    const connection = await open()
    const end = new AbortController()
    const found: string[] = []
    const log = connection.logs?.(desired(), { lines: 1, follow: true }, end.signal)
    const rest = [...happens]
    try {
      for await (const { text } of log ?? []) {
        found.push(text)
        const next = rest.shift()
        if (next) setTimeout(next, 100)
        else setTimeout(() => end.abort(), 300)
      }
    } catch (error) {
      if (!end.signal.aborted) throw error
    }
    await connection.close()
    return found
  }

  it('say nothing of the run before while the newest one is run again', async () => {
    const ci = site.addWorkflow('ci.yml')
    site.addRun(ci, { jobs: 1, conclusion: 'failure', age: 60_000 })
    const run = site.addRun(ci, { jobs: 1 })
    simulator.world.runTime = 500
    const again = () => site.restart(run)
    expect(await follow([again])).toEqual(['build is done', 'build is done'])
  })

  it('go on after a run that has none', async () => {
    const ci = site.addWorkflow('ci.yml')
    site.addRun(ci, { jobs: 1 })
    const broken = () => site.addRun(ci, { conclusion: 'startup_failure', jobs: 0 })
    const mended = () => site.addRun(ci, { jobs: 1 })
    expect(await follow([broken, mended])).toEqual([
      'build is done',
      expect.stringMatching(/^Run \d+ on main has no log: no job was started$/),
      'build is done',
    ])
  })
})

describe('a log of GitHub', () => {
  it('is read line by line, with times of any precision and lines that have none', () => {
    const lines = linesOfLog(
      '\uFEFF2026-11-24T01:02:03.1234567Z one\r\ntwo\n2026-11-24T01:02:04Z \n2026-11-24T01:02:05.5Z ##[error]no\n',
      'job',
    )
    const at = (seconds: number) => Date.UTC(2026, 10, 24, 1, 2, 0, seconds * 1000)
    expect(lines).toEqual([
      { at: at(3.123), source: 'job', stream: 'out', text: 'one' },
      { at: at(3.123), source: 'job', stream: 'out', text: 'two' },
      { at: at(4), source: 'job', stream: 'out', text: '' },
      { at: at(5.5), source: 'job', stream: 'err', text: '##[error]no' },
    ])
    expect(linesOfLog('', 'job')).toEqual([])
  })

  it('is all of it where the times of a step say nothing', () => {
    const lines = linesOfLog('2026-11-24T01:02:03Z one\n', 'job')
    const step = { name: 'a', startedAt: undefined, completedAt: undefined }
    expect(linesOfStep(lines, step)).toEqual(lines)
    expect(linesOfStep(lines, { ...step, startedAt: 5, completedAt: 6 })).toEqual(lines)
  })
})
