import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { GithubClient } from '../../../src/clients/github/client.ts'
import { tokenCredential } from '../../../src/clients/github/credential.ts'
import { openGithub } from '../../../src/clients/github/open.ts'
import { systemClock } from '../../../src/clients/host/clock.ts'
import type { Clock } from '../../../src/core/clock.ts'
import { isErrorOf } from '../../../src/core/errors.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { Json } from '../../../src/core/store.ts'
import type { FaultKind } from '../../simulators/github/faults.ts'
import { GithubSimulator } from '../../simulators/github/server.ts'
import type { SimulatedRepository, SimulatedWorkflow } from '../../simulators/github/world.ts'
import { memoryCache } from '../../support/memory-cache.ts'

const repository = { owner: 'acme', repo: 'site' }
const signal = () => new AbortController().signal

/** The machine's clock with waits that end at once: retries need not be waited for. */
const hastyClock: Clock = { ...systemClock, sleep: async (_, given) => given?.throwIfAborted() }

describe('the GitHub client', () => {
  let simulator: GithubSimulator
  let site: SimulatedRepository
  let ci: SimulatedWorkflow
  let stored: Map<string, Json>

  beforeEach(async () => {
    simulator = await GithubSimulator.start()
    site = simulator.world.add('acme/site')
    ci = site.addWorkflow('ci.yml')
    site.addRun(ci)
    stored = new Map()
  })

  afterEach(async () => {
    await simulator.close()
    expect(simulator.violations).toEqual([])
  })

  function open(options: { readonly token?: string; readonly clock?: Clock } = {}): GithubClient {
    const token = options.token ?? 'test-token'
    return openGithub({
      apiUrl: simulator.url,
      credential: tokenCredential(Secret.read('fromEnv T', token, `digest-${token}`)),
      clock: options.clock ?? hastyClock,
      cache: memoryCache(stored),
      userAgent: 'test',
      patience: { request: 4000 },
    })
  }

  it('pins the version of the API on every call', async () => {
    const github = open()
    await github.listWorkflows(repository, signal())
    await github.disableWorkflow(repository, ci.id, signal())
    expect(simulator.calls.map((call) => call.apiVersion)).toEqual(['2022-11-28', '2022-11-28'])
  })

  it('asks again with an ETag, which is free, and prints nothing about it', async () => {
    const said = vi.spyOn(console, 'error')
    const info = vi.spyOn(console, 'info')
    try {
      const github = open()
      const first = await github.listRuns(repository, signal())
      const left = simulator.remaining
      expect(await github.listRuns(repository, signal())).toEqual(first)
      expect(simulator.calls.map((call) => call.status)).toEqual([200, 304])
      expect(simulator.remaining).toBe(left)
      expect(said).not.toHaveBeenCalled()
      expect(info).not.toHaveBeenCalled()
    } finally {
      said.mockRestore()
      info.mockRestore()
    }
  })

  it('finds ETags again after a restart, and never those of another credential', async () => {
    const before = open()
    const runs = await before.listRuns(repository, signal())
    await before.save()
    expect(await open().listRuns(repository, signal())).toEqual(runs)
    simulator.tokens.add('other-token')
    await open({ token: 'other-token' }).listRuns(repository, signal())
    expect(simulator.calls.map((call) => call.status)).toEqual([200, 304, 200])
  })

  it('forgets the ETags that nobody asked for in a week, and no others', async () => {
    let ahead = 0
    const clock: Clock = { ...hastyClock, now: () => systemClock.now() + ahead }
    const days = 86_400_000
    const github = open({ clock })
    await github.listRuns(repository, signal())
    await github.listWorkflows(repository, signal())
    await github.save()
    const kept = () =>
      [...stored.keys()].filter((key) => key.startsWith('etag/')).map((key) => key.slice(-12))
    expect(kept()).toHaveLength(2)
    for (let day = 1; day <= 9; day += 1) {
      ahead = day * days
      // In one process or in several.
      const later = day % 2 === 0 ? github : open({ clock })
      await later.listRuns(repository, signal())
      await later.save()
      expect(kept()).toHaveLength(day <= 7 ? 2 : 1)
    }
    await open({ clock }).listRuns(repository, signal())
    expect(simulator.calls.map(({ status }) => status)).toEqual([
      200,
      200,
      ...Array.from({ length: 10 }, () => 304),
    ])
  })

  it('sees what changed behind an ETag', async () => {
    const github = open()
    await github.listRuns(repository, signal())
    const run = site.addRun(ci, { conclusion: 'failure' })
    const { runs } = await github.listRuns(repository, signal())
    expect(runs[0]).toMatchObject({ id: run.id, conclusion: 'failure' })
  })

  it('reads every page of workflows', async () => {
    for (let index = 0; index < 230; index += 1) site.addWorkflow(`w${index}.yml`)
    expect(await open().listWorkflows(repository, signal())).toHaveLength(231)
  })

  it.each<[string, FaultKind]>([
    ['a 500', '500'],
    ['a 502', '502'],
    ['a cut connection', 'cut'],
    ['half an answer', 'malformed'],
    ['an answer of another form', 'wrong-shape'],
    ['a page of somebody between', 'page'],
    ['a page of somebody between that says 404', 'page-404'],
    ['having been sent elsewhere', 'astray'],
    ['an answer that never ends', 'endless'],
  ])('asks a read again after %s', async (_, kind) => {
    simulator.faults.add({ kind, times: 2 })
    expect(await open().listWorkflows(repository, signal())).toHaveLength(1)
  })

  it.each<[string, FaultKind]>([
    ['a 500', '500'],
    ['a 502', '502'],
    ['a 502 after its effect', '502-after'],
    ['a cut connection', 'cut'],
    ['a connection cut after its effect', 'cut-after'],
    ['no answer at all', 'hang'],
    ['a page of somebody between', 'page'],
    ['a page of somebody between that says 404', 'page-404'],
    ['having been sent elsewhere', 'astray'],
    ['an answer that never ends', 'endless'],
  ])('sends a dispatch once, and says that its outcome is unknown, after %s', async (_, kind) => {
    simulator.faults.add({ kind, on: 'dispatch' })
    const sent = open().dispatch(repository, { workflowId: ci.id, branch: 'main', inputs: {} }, signal())
    await expect(sent).rejects.toSatisfy((error) => isErrorOf(error, 'OutcomeUnknown'))
    expect(site.runs.filter((run) => run.event === 'workflow_dispatch').length).toBeLessThanOrEqual(1)
    simulator.faults.clear()
    await open().listRuns(repository, signal())
    expect(site.runs.filter((run) => run.event === 'workflow_dispatch').length).toBeLessThanOrEqual(1)
  })

  it.each<FaultKind>(['page', 'page-404', 'astray', 'endless'])(
    'concludes nothing from what GitHub did not say (%s): neither that there is none, nor who may what',
    async (kind) => {
      simulator.faults.add({ kind })
      const github = open()
      const found = github.findWorkflow(repository, 'ci.yml', signal())
      await expect(found).rejects.toMatchObject({ code: 'RemoteAnswerInvalid' })
      const listed = github.listRuns(repository, signal())
      await expect(listed).rejects.toMatchObject({ code: 'RemoteAnswerInvalid' })
    },
  )

  it('sends no write elsewhere, and no credential with a read', async () => {
    simulator.faults.add({ kind: 'astray' })
    const sent = open().disableWorkflow(repository, ci.id, signal())
    await expect(sent).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    expect(simulator.logs.credentials).toEqual([])
    await expect(open().listRuns(repository, signal())).rejects.toThrow()
    expect(new Set(simulator.logs.credentials)).toEqual(new Set([undefined]))
  })

  it('knows that a write was never sent where nobody listens', async () => {
    const github = open()
    await simulator.close()
    const sent = github.dispatch(repository, { workflowId: ci.id, branch: 'main', inputs: {} }, signal())
    await expect(sent).rejects.toSatisfy((error) => isErrorOf(error, 'RemoteUnavailable'))
  })

  it.each(['2022-11-28', '2026-03-10'])('is told the run of a dispatch, by version %s', async (version) => {
    simulator.dispatchVersion = version
    const run = { workflowId: ci.id, branch: 'main', inputs: {} }
    const id = await open().dispatch(repository, run, signal())
    expect(site.runs.map((each) => each.id)).toContain(id)
  })

  it('sends a dispatch without asking for its run where that is refused, and asks no more', async () => {
    simulator.tellsRuns = false
    const github = open()
    const run = { workflowId: ci.id, branch: 'main', inputs: {} }
    for (const expected of [[422, 204], [204]]) {
      simulator.calls.length = 0
      expect(await github.dispatch(repository, run, signal())).toBeUndefined()
      expect(simulator.callsTo('dispatch').map(({ status }) => status)).toEqual(expected)
    }
    expect(site.runs.filter((each) => each.event === 'workflow_dispatch')).toHaveLength(2)
  })

  it('tells why a dispatch is refused', async () => {
    ci.isDispatchable = false
    const sent = open().dispatch(repository, { workflowId: ci.id, branch: 'main', inputs: {} }, signal())
    await expect(sent).rejects.toThrow("Workflow does not have 'workflow_dispatch' trigger")
  })

  it.each<[string, FaultKind]>([
    ['429 with retry-after', '429'],
    ['429 without a word', '429-bare'],
    ['a secondary limit', 'secondary'],
    ['the primary limit', 'primary'],
  ])('stops asking at %s, whatever is asked, and goes on later', async (_, kind) => {
    let ahead = 0
    const clock: Clock = { ...hastyClock, now: () => systemClock.now() + ahead }
    const github = open({ clock })
    await github.listWorkflows(repository, signal())
    simulator.faults.add({ kind, times: 1 })
    const limited = (work: Promise<unknown>) =>
      expect(work).rejects.toSatisfy((error) => isErrorOf(error, 'RateLimited'))
    await limited(github.listRuns(repository, signal()))
    const calls = simulator.calls.length
    await limited(github.listRuns(repository, signal()))
    await limited(github.disableWorkflow(repository, ci.id, signal()))
    expect(simulator.calls.length).toBe(calls)
    ahead = 3_700_000
    simulator.world.clockAhead = ahead
    expect((await github.listRuns(repository, signal())).runs).toHaveLength(1)
  })

  it('keeps a fifth of the budget for writes', async () => {
    const github = open()
    simulator.remaining = 1001
    await github.listWorkflows(repository, signal())
    const stopped = github.listRuns(repository, signal())
    await expect(stopped).rejects.toSatisfy((error) => isErrorOf(error, 'RateLimited'))
    await github.disableWorkflow(repository, ci.id, signal())
    expect(ci.state).toBe('disabled_manually')
  })

  it('remembers a limit over a restart', async () => {
    const before = open()
    simulator.remaining = 900
    await before.listWorkflows(repository, signal())
    await before.save()
    const calls = simulator.calls.length
    await expect(open().listRuns(repository, signal())).rejects.toSatisfy((error) =>
      isErrorOf(error, 'RateLimited'),
    )
    expect(simulator.calls.length).toBe(calls)
  })

  it('names the permission that a credential lacks', async () => {
    simulator.faults.add({ kind: 'forbidden', on: 'disable' })
    await expect(open().disableWorkflow(repository, ci.id, signal())).rejects.toMatchObject({
      code: 'PermissionMissing',
      message: expect.stringContaining('it needs actions=write'),
    })
  })

  it('says that a credential is refused', async () => {
    await expect(open({ token: 'wrong' }).listWorkflows(repository, signal())).rejects.toMatchObject({
      code: 'CredentialsRefused',
    })
  })

  it('takes a rerun that somebody else began for done', async () => {
    const run = site.addRun(ci, { conclusion: 'failure' })
    simulator.world.runTime = 60_000
    const github = open()
    await github.rerun(repository, { id: run.id, failedOnly: true }, signal())
    await github.rerun(repository, { id: run.id, failedOnly: true }, signal())
    expect(run.attempt).toBe(2)
  })

  it('passes on why GitHub does not run an old run again, and does not call it a permission', async () => {
    const run = site.addRun(ci, { conclusion: 'failure', age: 31 * 86_400_000 })
    await expect(open().rerun(repository, { id: run.id, failedOnly: true }, signal())).rejects.toMatchObject({
      code: 'RemoteRefused',
      message: expect.stringContaining('created over a month ago'),
    })
  })

  it('tells a branch that takes no commits from a file that somebody changed', async () => {
    const path = '.github/workflows/ci.yml'
    const file = { path, branch: 'main', content: Buffer.from('on: push\n'), message: 'x' }
    const stale = open().putFile(repository, { ...file, replaces: '0'.repeat(40) }, signal())
    await expect(stale).rejects.toMatchObject({ code: 'RemoteChanged' })
    site.protectedBranches.add('main')
    const replaces = await open().findFile(repository, file, signal())
    const refused = open().putFile(repository, { ...file, replaces }, signal())
    await expect(refused).rejects.toMatchObject({
      code: 'RemoteRefused',
      message: expect.stringContaining('Changes must be made through a pull request'),
    })
  })

  it('ends a read that is cut off by its caller, with the reason of the caller', async () => {
    simulator.faults.add({ kind: 'hang' })
    const caller = new AbortController()
    const reading = open().listRuns(repository, caller.signal)
    const reason = new Error('enough')
    caller.abort(reason)
    await expect(reading).rejects.toBe(reason)
  })

  it('measures how far the clocks are apart', async () => {
    simulator.world.clockAhead = 90_000
    const github = open()
    await github.listRuns(repository, signal())
    expect(Math.abs(github.clockAhead - 90_000)).toBeLessThan(2000)
  })
})
