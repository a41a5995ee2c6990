import { describe, expect, it } from 'vitest'
import type { WorkflowRun } from '../../../src/clients/github/workflow-run.ts'
import { assessWorkflow } from '../../../src/reconcilers/workflow/assess.ts'
import type { ObservedRuns } from '../../../src/reconcilers/workflow/observed.ts'
import type { WorkflowPair } from '../../../src/reconcilers/workflow/pair.ts'
import type { WorkflowSpec } from '../../../src/reconcilers/workflow/spec.generated.ts'
import { day, desired, hour, now, observed, observedRuns, openDispatch, owned, pairOf, run } from './model.ts'

type Green = NonNullable<WorkflowSpec['green']>

const assess = (pair: WorkflowPair) => assessWorkflow(pair, { now, samples: [] })

/** `Status Reason: remedy`, a blocked remedy in parentheses. */
function verdict(pair: WorkflowPair): string {
  const { status, reason, remedy } = assess(pair)
  const help = remedy ? (remedy.blocked ? ` (${remedy.blocked.reason})` : ` -> ${remedy.type}`) : ''
  return `${status} ${reason}${help}`
}

function judged(green: Green, list: readonly WorkflowRun[], rest: Partial<ObservedRuns> = {}): string {
  return verdict(pairOf(desired({ green }), observed({ runs: observedRuns(list, rest) })))
}

const failed = (fields: Partial<WorkflowRun> = {}) => run({ conclusion: 'failure', ...fields })
const rerun: Green = { onFailure: 'rerun-failed' }
const stale: Green = { within: '24h', onStale: 'dispatch' }

describe('the health of a workflow', () => {
  it.each<[string, Green, readonly WorkflowRun[], Partial<ObservedRuns>, string]>([
    ['green', { within: '24h' }, [run()], {}, 'Healthy Green'],
    ['neutral is green', {}, [run({ conclusion: 'neutral' })], {}, 'Healthy Green'],
    ['at most so long ago: exactly is not too old', { within: '1h' }, [run()], {}, 'Healthy Green'],
    ['stale', { within: '24h' }, [run({ createdAt: now - 2 * day })], {}, 'Degraded Stale'],
    ['stale, dispatched', stale, [run({ createdAt: now - 2 * day })], {}, 'Degraded Stale -> dispatch'],
    [
      'a rerun resets the age',
      { within: '24h' },
      [run({ createdAt: now - 2 * day, startedAt: now - hour })],
      {},
      'Healthy Green',
    ],
    ['failed, nothing declared', {}, [failed()], {}, 'Degraded RunFailed'],
    ['failed, run again', rerun, [failed()], {}, 'Degraded RunFailed -> rerun-failed'],
    ['failed, all run again', { onFailure: 'rerun' }, [failed()], {}, 'Degraded RunFailed -> rerun'],
    ['failed, a new run', { onFailure: 'dispatch' }, [failed()], {}, 'Degraded RunFailed -> dispatch'],
    ['timed out', rerun, [run({ conclusion: 'timed_out' })], {}, 'Degraded RunTimedOut -> rerun-failed'],
    ['last attempt left', rerun, [failed({ attempt: 2 })], {}, 'Degraded RunFailed -> rerun-failed'],
    ['attempts used up', rerun, [failed({ attempt: 3 })], {}, 'Degraded RunFailed (AttemptsExhausted)'],
    [
      'older than 30 days: GitHub refuses',
      rerun,
      [failed({ createdAt: now - 31 * day })],
      {},
      'Degraded RunFailed (AttemptsExhausted)',
    ],
    [
      'older than 30 days: a new run instead',
      { ...rerun, onStale: 'dispatch' },
      [failed({ createdAt: now - 31 * day })],
      {},
      'Degraded RunFailed -> dispatch',
    ],
    [
      'the head moved: a rerun would run the old commit',
      { ...rerun, onStale: 'dispatch' },
      [failed()],
      { headSha: 'b'.repeat(40) },
      'Degraded RunFailed -> dispatch',
    ],
    [
      'the head moved, and it cannot be dispatched',
      rerun,
      [failed()],
      { headSha: 'b'.repeat(40) },
      'Degraded RunFailed -> rerun-failed',
    ],
    [
      'could not start: a rerun does not help',
      rerun,
      [run({ conclusion: 'startup_failure' })],
      {},
      'Degraded StartupFailure (AttemptsExhausted)',
    ],
    [
      'no jobs: the file is invalid',
      rerun,
      [failed()],
      { failure: { runId: 1234, attempt: 1, jobs: 0, job: undefined, step: undefined } },
      'Degraded FileInvalid (AttemptsExhausted)',
    ],
    ['waits for approval', {}, [run({ status: 'waiting' })], {}, 'Progressing WaitingForApproval'],
    [
      'ended asking for approval',
      {},
      [run({ conclusion: 'action_required' })],
      {},
      'Degraded WaitingForApproval',
    ],
    ['running', {}, [run({ status: 'running' })], {}, 'Progressing Running'],
    ['queued', {}, [run({ status: 'queued' })], {}, 'Progressing Queued'],
    [
      'running again after a failure',
      rerun,
      [run({ id: 2000, status: 'running', createdAt: now }), failed()],
      {},
      'Progressing Running',
    ],
    [
      'green stays green while the next one runs',
      {},
      [run({ id: 2000, status: 'running', createdAt: now }), run()],
      {},
      'Healthy Green',
    ],
    [
      'stale, and a run is on its way: none is started',
      stale,
      [run({ id: 2000, status: 'queued', createdAt: now }), run({ createdAt: now - 2 * day })],
      {},
      'Progressing Queued',
    ],
    [
      'stale, and what is on its way hangs for longer than that',
      stale,
      [run({ id: 2000, status: 'queued', createdAt: now - 2 * day }), run({ createdAt: now - 3 * day })],
      {},
      'Degraded Stale',
    ],
    [
      'failed, and what is on its way hangs for longer than a green one may be old',
      { ...rerun, within: '24h' },
      [run({ id: 2000, status: 'running', createdAt: now - 2 * day }), failed({ createdAt: now - 3 * day })],
      {},
      'Degraded Stale',
    ],
    [
      'nothing has ended yet, and the first one waits for approval for longer than that',
      { within: '24h' },
      [run({ status: 'waiting', createdAt: now - 2 * day })],
      {},
      'Degraded Stale',
    ],
    [
      'a rerun of what hung is on its way anew',
      { within: '24h' },
      [run({ status: 'running', createdAt: now - 2 * day, startedAt: now - hour, attempt: 2 })],
      {},
      'Progressing Running',
    ],
    [
      'it hangs, and nothing says how old a green run may be',
      {},
      [run({ status: 'queued', createdAt: now - 2 * day })],
      {},
      'Progressing Queued',
    ],
    [
      'green and young enough, though a newer one hangs',
      { within: '7d' },
      [run({ id: 2000, status: 'queued', createdAt: now - 2 * day }), run({ createdAt: now - 3 * day })],
      {},
      'Healthy Green',
    ],
    [
      'a status that is not known is no verdict, however old',
      { within: '24h' },
      [run({ status: 'unknown', createdAt: now - 2 * day })],
      {},
      'Unknown RunStatusUnknown',
    ],
    [
      'cancelled and skipped do not count',
      {},
      [run({ id: 3, conclusion: 'cancelled' }), run({ id: 2, conclusion: 'skipped' }), run()],
      {},
      'Healthy Green',
    ],
    [
      'cancelled counts where nothing is ignored',
      { ignoreConclusions: [] },
      [run({ id: 3, conclusion: 'cancelled' }), run()],
      {},
      'Degraded RunNotFinished',
    ],
    ['proposals do not count', {}, [failed({ id: 3, event: 'pull_request' }), run()], {}, 'Healthy Green'],
    [
      'only named events count',
      { events: ['schedule'] },
      [failed({ id: 3, event: 'push' }), run({ event: 'schedule' })],
      {},
      'Healthy Green',
    ],
    ['never ran', {}, [], {}, 'Degraded NeverRan'],
    ['never ran, dispatched', stale, [], {}, 'Degraded NeverRan -> dispatch'],
    ['one empty answer is no witness', stale, [], { isConfirmed: false }, 'Unknown NoRunSeen'],
    [
      'a conclusion that is not known',
      rerun,
      [run({ conclusion: 'unknown' })],
      {},
      'Unknown ConclusionUnknown',
    ],
    ['a status that is not known', rerun, [run({ status: 'unknown' })], {}, 'Unknown RunStatusUnknown'],
  ])('%s', (_, green, list, rest, expected) => {
    expect(judged(green, list, rest)).toBe(expected)
  })

  it.each<[string, Partial<WorkflowSpec>, string, string]>([
    ['by a person, declared active', { state: 'active' }, 'disabled_manually', 'Degraded DisabledByPerson'],
    [
      'by inactivity, declared active',
      { state: 'active' },
      'disabled_inactivity',
      'Degraded DisabledByInactivity',
    ],
    ['on a fork, declared active', { state: 'active' }, 'disabled_fork', 'Degraded DisabledOnFork'],
    ['as declared', { state: 'disabled' }, 'disabled_manually', 'Healthy Disabled'],
    ['nobody says how it should be', {}, 'disabled_manually', 'Suspended DisabledByPerson'],
    ['nobody says, but it must be green', { green: {} }, 'disabled_manually', 'Degraded DisabledByPerson'],
    ['a state that is not known', { state: 'active' }, 'unknown', 'Unknown StateUnknown'],
    ['deleted', { state: 'active' }, 'deleted', 'Missing FileMissing'],
    ['active, and nothing else is asked', { state: 'active' }, 'active', 'Healthy Active'],
  ])('disabled: %s', (_, spec, state, expected) => {
    expect(verdict(pairOf(desired(spec), observed({}, state)))).toBe(expected)
  })

  it('is Missing where GitHub has none', () => {
    expect(verdict(pairOf(desired(), observed({ workflow: undefined })))).toBe('Missing FileMissing')
  })

  it('names the job and the step that failed, and links the run', () => {
    const failure = { runId: 1234, attempt: 1, jobs: 3, job: 'deploy', step: 'upload' }
    const pair = pairOf(desired({ green: {} }), observed({ runs: observedRuns([failed()], { failure }) }))
    expect(assess(pair).message).toBe(
      'run 1234 failed in job "deploy", step "upload": https://github.test/run',
    )
  })

  it('says of a run that hangs for how long it does, and leaves it to a fallback', () => {
    const list = [
      run({ id: 2000, status: 'queued', createdAt: now - 2 * day }),
      run({ createdAt: now - 3 * day }),
    ]
    const wanted = desired({ green: stale }, { fallback: [pairOf(undefined, undefined).id] })
    const pair = pairOf(wanted, observed({ runs: observedRuns(list) }))
    expect(verdict(pair)).toBe('Degraded Stale (AttemptsExhausted)')
    expect(assess(pair).message).toBe(
      'run 2000 is queued for 2d already; at most 1d is declared: https://github.test/run',
    )
  })

  it('says of a failure of an earlier attempt nothing', () => {
    const failure = { runId: 1234, attempt: 1, jobs: 3, job: 'deploy', step: 'upload' }
    const runs = observedRuns([failed({ attempt: 2 })], { failure })
    expect(assess(pairOf(desired({ green: {} }), observed({ runs }))).message).toBe(
      'run 1234, attempt 2 failed: https://github.test/run',
    )
  })

  it.each<[string, Green | undefined, number | undefined, string | undefined]>([
    ['56 days without a commit', {}, 56, 'disables its schedule in 4 days'],
    [
      '56 days, though its runs are not judged',
      undefined,
      56,
      'active; GitHub disables its schedule in 4 days',
    ],
    ['59 days', {}, 59, 'disables its schedule in 1 day without'],
    ['61 days', {}, 61, 'at any time'],
    ['a week', {}, 7, undefined],
    ['no schedule, or a private repository', {}, undefined, undefined],
  ])('tells when GitHub will disable a schedule: %s', (_, green, days, expected) => {
    const lastActivity = days === undefined ? undefined : now - days * day
    const seen = observed({ runs: green && observedRuns([run()]), lastActivity })
    const { message } = assess(pairOf(desired({ ...(green && { green }) }), seen))
    if (expected === undefined) expect(message).not.toContain('GitHub')
    else expect(message).toContain(expected)
  })

  it('measures duration, attempts and flakes of green runs', () => {
    const list = [run({ id: 3 }), run({ id: 2, attempt: 2 }), failed({ id: 1 })]
    const pair = pairOf(desired({ green: {} }), observed({ runs: observedRuns(list) }))
    expect(assess(pair).measurements).toMatchObject({
      green: 1,
      runSeconds: 60,
      runAttempt: 1,
      flakyPercent: 50,
    })
  })
})

describe('a dispatch whose outcome is open', () => {
  const old = run({ createdAt: now - 2 * day })
  const open = (at: number, list: readonly WorkflowRun[], rest: Partial<ObservedRuns> = {}) =>
    assess(
      pairOf(desired({ green: stale }), observed({ runs: observedRuns(list, rest) }), {
        unconfirmed: [openDispatch(at)],
      }),
    )
  const ours = (fields: Partial<WorkflowRun> = {}) =>
    run({ id: 2000, event: 'workflow_dispatch', createdAt: now - 4000, ...fields })

  it.each<[string, number, readonly WorkflowRun[], readonly string[]]>([
    ['its run is there', now - 5000, [ours(), old], ['i1']],
    ['GitHub’s times are whole seconds', now - 5000, [ours({ createdAt: now - 6000 }), old], ['i1']],
    ['only an older run is there', now - 5000, [ours({ createdAt: now - 60_000 }), old], []],
    ['a run of another event is no answer', now - 5000, [ours({ event: 'push' }), old], []],
    ['nothing is there, and lists may lag', now - 60_000, [old], []],
    ['nothing is there after the longest lag', now - 121_000, [old], ['i1']],
  ])('%s', (_, at, list, expected) => {
    expect(open(at, list).resolvedIntents).toEqual(expected)
  })

  it('is on its way, and looked for again soon', () => {
    expect(open(now - 5000, [old])).toMatchObject({ status: 'Progressing', reason: 'DispatchUnconfirmed' })
    expect(open(now - 5000, [old]).recheckAfter).toBeDefined()
  })

  it('is seen by GitHub’s own clock', () => {
    const pair = pairOf(
      desired({ green: stale }),
      observed({ runs: observedRuns([ours({ createdAt: now + 85_000 }), old]), clockAhead: 90_000 }),
      { unconfirmed: [openDispatch(now - 5000)] },
    )
    expect(assess(pair).resolvedIntents).toEqual(['i1'])
  })

  it('does not share its run with another', () => {
    const pair = pairOf(desired({ green: stale }), observed({ runs: observedRuns([ours(), old]) }), {
      unconfirmed: [openDispatch(now - 5000, 'i1'), openDispatch(now - 4500, 'i2')],
    })
    expect(assess(pair).resolvedIntents).toEqual(['i1'])
  })
})

describe('a fallback', () => {
  const green: Green = { within: '24h', onStale: 'dispatch' }
  const backup = observed({ runs: observedRuns([run()]) })
  const off = observed({ runs: observedRuns([run()]) }, 'disabled_manually')

  it('is healthy while it stands by, and remembers what had run', () => {
    const pair = pairOf(desired({ green }), off, { posture: 'standby' })
    expect(verdict(pair)).toBe('Healthy StandingBy')
    expect(assess(pair).remember).toEqual({ disabledByUs: true, standbyRun: 1234 })
  })

  it('is dispatched when it is called upon, though it was green before', () => {
    const called = { owned: owned({ disabledByUs: true, standbyRun: 1234 }) }
    expect(verdict(pairOf(desired({ green }), backup, called))).toBe('Progressing CalledUpon -> dispatch')
  })

  it('is dispatched when it is called upon though its runs are not judged, and only once', () => {
    const stoodBy = { owned: owned({ disabledByUs: true, standbyRun: 1234 }) }
    const bare = desired({ dispatch: {} })
    expect(verdict(pairOf(bare, backup, stoodBy))).toBe('Progressing CalledUpon -> dispatch')
    const since = observed({ runs: observedRuns([run({ id: 2000, createdAt: now }), run()]) })
    expect(verdict(pairOf(bare, since, stoodBy))).toBe('Healthy Active')
    expect(verdict(pairOf(desired(), backup, stoodBy))).toBe('Healthy Active')
  })

  it('remembers no run where none were read', () => {
    const unread = observed({}, 'disabled_manually')
    expect(assess(pairOf(desired(), unread, { posture: 'standby' })).remember).toEqual({
      disabledByUs: true,
      standbyRun: null,
    })
  })

  it('is judged by what ran since, and forgets that it stood by', () => {
    const since = observed({ runs: observedRuns([run({ id: 2000, createdAt: now }), run()]) })
    const pair = pairOf(desired({ green }), since, {
      owned: owned({ disabledByUs: true, standbyRun: 1234 }),
    })
    expect(verdict(pair)).toBe('Healthy Green')
    expect(assess(pair).remember).toEqual({ disabledByUs: false, standbyRun: null })
  })

  it('is called at once where its primary has nothing to try', () => {
    const primary = desired({ green: {} }, { fallback: [pairOf(undefined, undefined).id] })
    expect(verdict(pairOf(primary, observed({ runs: observedRuns([failed()]) })))).toBe(
      'Degraded RunFailed (AttemptsExhausted)',
    )
  })
})

describe('how often a workflow is read', () => {
  const restOf = (age: number, spec = {}) => {
    const runs = observedRuns([run({ createdAt: now - age, updatedAt: now - age })])
    return assessWorkflow(pairOf(desired({ green: {}, ...spec }), observed({ runs })), { now, samples: [] })
      .restFor
  }

  it.each([
    ['at the usual interval after a run of this day', 23 * hour, undefined],
    ['each 15 minutes after a day without one', 25 * hour, 900_000],
    ['each 30 minutes after a week', 8 * day, 1_800_000],
  ])('is %s', (_, age, expected) => {
    expect(restOf(age)).toBe(expected)
  })

  it('is never stretched where something is wrong', () => {
    expect(restOf(8 * day, { green: { within: '24h' } })).toBeUndefined()
  })
})
