import { describe, expect, test } from 'vitest'
import type { Action } from '../../src/core/action.ts'
import type { RecoveryState } from '../../src/core/ledger.ts'
import { backoffAfter, nextCorrectionAt } from '../../src/engine/backoff.ts'
import type { Outcome } from '../../src/engine/outcome.ts'
import { nextRecovery, recoveryOf, withoutFuture } from '../../src/engine/recovery.ts'
import { defaultControls, model, modelId } from '../support/modelled-fleet.ts'
import { actionOf, findingOf, noon, outcomeOf, ownedOf, removal, revive, stateOf } from './finding-fixture.ts'

const id = modelId('a')
const context = { now: noon, chance: 0 }
const stableFor = defaultControls.recovery.stableFor
const policy = defaultControls.recovery.backoff

function finding(
  recovery: Partial<RecoveryState>,
  change: Parameters<typeof findingOf>[2] = {},
): ReturnType<typeof findingOf> {
  return findingOf(id, model('a'), { state: stateOf(id, { recovery }), ...change })
}

describe('the pace of attempts', () => {
  test.each([
    { attempt: 1, wait: 5_000, reason: 'the first waits the initial time' },
    { attempt: 2, wait: 10_000, reason: 'each doubles' },
    { attempt: 6, wait: 160_000, reason: 'each doubles' },
    { attempt: 7, wait: 300_000, reason: 'up to the longest' },
    { attempt: 2000, wait: 300_000, reason: 'and never over it, however many' },
  ])('attempt $attempt: $reason', ({ attempt, wait }) => {
    expect(backoffAfter(attempt, policy, 0)).toBe(wait)
    expect(backoffAfter(attempt, policy, 1)).toBe(wait * 0.9)
  })

  test('a rival who undoes our correction each second is never fought harder the longer he stays', () => {
    const corrections: number[] = []
    for (let now = noon; now < noon + 6 * 3_600_000; now += 1000) {
      if (nextCorrectionAt(corrections, policy, now) <= now) corrections.push(now)
    }
    const gaps = corrections.slice(1).map((at, index) => at - (corrections[index] ?? 0))
    for (const [index, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(gaps[index - 1] ?? 0)
    expect(gaps.at(-1)).toBe(policy.max)
  })
})

describe('the count of attempts', () => {
  const outcomes: readonly {
    readonly title: string
    readonly action: Action
    readonly outcome: Partial<Outcome>
    readonly attempts: number
    readonly wait: number | undefined
    readonly corrections: number
  }[] = [
    {
      title: 'a revival that exited 0 is an attempt',
      action: revive,
      outcome: {},
      attempts: 3,
      wait: 20_000,
      corrections: 0,
    },
    {
      title: 'a failed update is an attempt',
      action: actionOf(),
      outcome: { result: 'failed', next: 'retry' },
      attempts: 3,
      wait: 20_000,
      corrections: 0,
    },
    {
      title: 'an unknown outcome is an attempt',
      action: actionOf(),
      outcome: { result: 'unknown', next: 'retry' },
      attempts: 3,
      wait: 20_000,
      corrections: 0,
    },
    {
      title: 'what time will cure is no attempt, and waits all the same',
      action: revive,
      outcome: { result: 'failed', next: 'time' },
      attempts: 2,
      wait: 5_000,
      corrections: 0,
    },
    {
      title: 'what was not even tried on the thing is no attempt, and the domain says how long it is held',
      action: actionOf(),
      outcome: { result: 'failed', next: 'person', isAttempt: false },
      attempts: 2,
      wait: undefined,
      corrections: 0,
    },
    {
      title: 'a correction that worked is counted as a correction',
      action: actionOf(),
      outcome: {},
      attempts: 2,
      wait: undefined,
      corrections: 1,
    },
    {
      title: 'what followed a change of what is declared is none: nobody undid anything',
      action: actionOf({ isUncontested: true }),
      outcome: {},
      attempts: 2,
      wait: undefined,
      corrections: 0,
    },
    {
      title: 'what was not sent changes nothing',
      action: revive,
      outcome: { result: 'superseded' },
      attempts: 2,
      wait: undefined,
      corrections: 0,
    },
  ]
  test.each(outcomes)('$title', ({ action, outcome, attempts, wait, corrections }) => {
    const ownership = ownedOf(id)
    const given = finding({ attempts: 2 }, { health: 'Degraded', actions: [action], ownership })
    const after = nextRecovery(given, [outcomeOf(id, { action, ...outcome })], context)
    expect(after.attempts).toBe(attempts)
    expect(after.nextAttemptAt).toBe(wait === undefined ? undefined : noon + wait)
    expect(after.corrections).toHaveLength(corrections)
  })

  test('what was not tried on the thing leaves the wait of the attempt before it as it is', () => {
    const given = finding({ attempts: 1, nextAttemptAt: noon + 4000 }, { actions: [actionOf()] })
    const outcome = outcomeOf(id, { action: actionOf(), result: 'failed', next: 'person', isAttempt: false })
    expect(nextRecovery(given, [outcome], context)).toMatchObject({ attempts: 1, nextAttemptAt: noon + 4000 })
  })

  test.each([
    { title: 'what was never there', change: { ownership: undefined } },
    {
      title: 'what is declared otherwise than before',
      change: { specHash: 'spec-2', ownership: ownedOf(id) },
    },
  ])('bringing about $title is no correction', ({ change }) => {
    const given = finding({}, { health: 'Degraded', actions: [actionOf()], ...change })
    expect(nextRecovery(given, [outcomeOf(id)], context).corrections).toEqual([])
  })

  const endings: readonly {
    readonly title: string
    readonly recovery: Partial<RecoveryState>
    readonly change?: Parameters<typeof findingOf>[2]
    readonly attempts: number
    readonly healthySince: number | undefined
  }[] = [
    { title: 'health begins now', recovery: { attempts: 2 }, attempts: 2, healthySince: noon },
    {
      title: 'not stable yet',
      recovery: { attempts: 2, healthySince: noon - stableFor + 1 },
      attempts: 2,
      healthySince: noon - stableFor + 1,
    },
    {
      title: 'stable: forgotten',
      recovery: { attempts: 2, healthySince: noon - stableFor },
      attempts: 0,
      healthySince: noon - stableFor,
    },
    {
      title: 'unhealthy again: the health starts over',
      recovery: { attempts: 2, healthySince: noon - stableFor },
      change: { health: 'Degraded' },
      attempts: 2,
      healthySince: undefined,
    },
    {
      title: 'unreadable is not healthy',
      recovery: { attempts: 2, healthySince: noon - stableFor },
      change: { health: 'Unknown' },
      attempts: 2,
      healthySince: undefined,
    },
    {
      title: 'healthy with something left to do is not stable',
      recovery: { attempts: 2, healthySince: noon - stableFor },
      change: { actions: [actionOf()] },
      attempts: 2,
      healthySince: undefined,
    },
    {
      title: 'a clock that was set back does not make it wait for an hour',
      recovery: { attempts: 2, healthySince: noon + 3_600_000 },
      attempts: 2,
      healthySince: noon,
    },
    {
      title: 'a new spec begins anew',
      recovery: { attempts: 4, specHash: 'spec-0', healthySince: noon - stableFor },
      attempts: 0,
      healthySince: noon,
    },
    {
      title: 'a person who resumed it begins anew, and says nothing of its health',
      recovery: { attempts: 4, lastAttemptAt: noon - 9000, healthySince: noon - 5000 },
      change: { resumedAt: noon - 1000 },
      attempts: 0,
      healthySince: noon - 5000,
    },
    {
      title: 'attempts after it was resumed count',
      recovery: { attempts: 1, lastAttemptAt: noon - 500, heardResumeAt: noon - 1000 },
      change: { resumedAt: noon - 1000 },
      attempts: 1,
      healthySince: noon,
    },
    {
      title: 'attempts after it was resumed count, though the record of that was dropped',
      recovery: { attempts: 1, lastAttemptAt: noon - 500, heardResumeAt: noon - 1000 },
      change: { resumedAt: undefined },
      attempts: 1,
      healthySince: noon,
    },
  ]
  test.each(endings)('$title', ({ recovery, change, attempts, healthySince }) => {
    const after = nextRecovery(finding(recovery, change), [], context)
    expect(after.attempts).toBe(attempts)
    expect(after.healthySince).toBe(healthySince)
  })

  test('an attempt whose outcome nobody lived to write counts once, not at each reading', () => {
    const intent = {
      intentId: 'i1',
      id,
      actionType: 'revive',
      verb: 'run',
      summary: 'revive it',
      externalName: 'a',
      repeatable: true,
      at: noon - 1000,
    }
    const first = finding(
      { attempts: 1, lastAttemptAt: noon - 60_000 },
      { unconfirmed: [intent], health: 'Degraded' },
    )
    const after = nextRecovery(first, [], context)
    expect(after.attempts).toBe(2)
    const second = { ...first, state: stateOf(id, { recovery: after }) }
    expect(nextRecovery(second, [], context).attempts).toBe(2)
  })

  const cutOff = (verb: string, at: number) => ({
    intentId: `${verb} ${at}`,
    id,
    actionType: verb,
    verb,
    summary: `${verb} it`,
    externalName: 'a',
    repeatable: true,
    at,
  })
  const owned = ownedOf(id)

  test.each([
    {
      title: 'an update that nobody lived to write counts towards the pace at which a rival is met',
      change: { unconfirmed: [cutOff('update', noon - 1000)], owned },
      corrections: [noon - 2000, noon - 1000],
    },
    {
      title: 'so do several, in the order of their times',
      change: { unconfirmed: [cutOff('create', noon - 500), cutOff('update', noon - 1000)], owned },
      corrections: [noon - 2000, noon - 1000, noon - 500],
    },
    {
      title: 'so does one after the clock was set back, to before it was ours',
      change: {
        unconfirmed: [cutOff('update', noon - 1000)],
        owned: ownedOf(id, { since: noon + 3_600_000 }),
      },
      corrections: [noon - 2000, noon - 1000],
    },
    {
      title: 'a revival undoes nobody’s work',
      change: { unconfirmed: [cutOff('run', noon - 1000)], owned },
      corrections: [noon - 2000],
    },
    {
      title: 'the create that wrote our row does not, either',
      change: { unconfirmed: [cutOff('create', noon - 1000)], owned: ownedOf(id, { since: noon - 1000 }) },
      corrections: [noon - 2000],
    },
    {
      title: 'nor what brings about what was declared otherwise until now',
      change: { unconfirmed: [cutOff('update', noon - 1000)], owned, specHash: 'spec-2' },
      corrections: [],
    },
    {
      title: 'nor a deletion that was cut off',
      change: { unconfirmed: [cutOff('delete', noon - 1000)], owned },
      corrections: [noon - 2000],
    },
  ])('$title', ({ change, corrections }) => {
    expect(recoveryOf(finding({ corrections: [noon - 2000] }, change)).corrections).toEqual(corrections)
  })

  test('an attempt that nobody lived to write ends the health before it', () => {
    const intent = {
      intentId: 'i1',
      id,
      actionType: 'revive',
      verb: 'run',
      summary: 'revive it',
      externalName: 'a',
      repeatable: true,
      at: noon - 1000,
    }
    const stale = finding({ attempts: 1, healthySince: noon - 10 * stableFor }, { unconfirmed: [intent] })
    expect(nextRecovery(stale, [], context)).toMatchObject({ attempts: 2, healthySince: noon })
  })

  test('deleting is tried for ever, ever more slowly', () => {
    let state = stateOf(id, { recovery: { specHash: '' } })
    const waits: number[] = []
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const gone = findingOf(id, undefined, { state, actions: [removal] })
      const recovery = nextRecovery(gone, [outcomeOf(id, { action: removal, result: 'failed' })], context)
      waits.push((recovery.nextAttemptAt ?? 0) - noon)
      state = stateOf(id, { recovery })
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300].map((seconds) => seconds * 1000))
  })

  test('a manifest that is gone for a moment takes no attempts with it', () => {
    const state = stateOf(id, { recovery: { attempts: 3, lastAttemptAt: noon - 9000 } })
    const gone = findingOf(id, undefined, { state, actions: [removal] })
    const recovery = nextRecovery(gone, [], context)
    const back = findingOf(id, model('a'), { state: { ...state, recovery }, health: 'Degraded' })
    expect(nextRecovery(back, [], context).attempts).toBe(3)
  })

  test('nor does one that is gone while an attempt is still unwritten', () => {
    const state = stateOf(id, { recovery: { attempts: 2, lastAttemptAt: noon - 9000 } })
    const unwritten = {
      intentId: 'i1',
      id,
      actionType: 'revive',
      verb: 'run',
      summary: 'revive it',
      externalName: 'a',
      repeatable: true,
      at: noon - 1000,
    }
    const gone = findingOf(id, undefined, { state, actions: [removal], unconfirmed: [unwritten] })
    const recovery = nextRecovery(gone, [], context)
    const change = { state: { ...state, recovery }, health: 'Degraded' as const, unconfirmed: [unwritten] }
    expect(nextRecovery(findingOf(id, model('a'), change), [], context).attempts).toBe(3)
  })

  test('a deletion that was cut off is no attempt of what is declared again', () => {
    const cutOff = {
      intentId: 'i1',
      id,
      actionType: 'delete',
      verb: 'delete',
      summary: 'delete it',
      externalName: 'a',
      repeatable: true,
      at: noon - 1000,
    }
    const gone = findingOf(id, undefined, { actions: [removal], unconfirmed: [cutOff] })
    expect(nextRecovery(gone, [], context).attempts).toBe(1)
    expect(nextRecovery(finding({}, { unconfirmed: [cutOff] }), [], context).attempts).toBe(0)
  })

  test('a person who resumes it is heard although the clock was set back since the last attempt', () => {
    const ahead = stateOf(id, {
      recovery: { attempts: 5, lastAttemptAt: noon + 3_600_000, corrections: [noon + 1] },
    })
    const state = withoutFuture(ahead, noon)
    const resumed = findingOf(id, model('a'), { state, resumedAt: noon - 1000, health: 'Degraded' })
    expect(nextRecovery(resumed, [], context).attempts).toBe(0)
    const unresumed = findingOf(id, model('a'), { state, health: 'Degraded' })
    expect(nextRecovery(unresumed, [], context)).toMatchObject({ attempts: 5 })
  })

  test('loses no wait where the clock was set back since the last attempt, and waits no longer', () => {
    const hour = 3_600_000
    const ahead = stateOf(id, {
      recovery: {
        attempts: 2,
        lastAttemptAt: noon + hour,
        nextAttemptAt: noon + hour + 10_000,
        corrections: [noon + hour - 7_000, noon + hour - 1_000],
      },
    })
    expect(withoutFuture(ahead, noon)?.recovery).toMatchObject({
      attempts: 2,
      lastAttemptAt: noon,
      nextAttemptAt: noon + 10_000,
      corrections: [noon - 7_000, noon - 1_000],
    })
  })

  test('loses no wait that began after the clock was set back, for what was corrected before', () => {
    const since = { attempts: 2, lastAttemptAt: noon - 100, nextAttemptAt: noon + 900 }
    const mixed = stateOf(id, { recovery: { ...since, corrections: [noon + 3_600_000, noon - 100] } })
    expect(withoutFuture(mixed, noon)?.recovery).toMatchObject({ ...since, corrections: [noon - 100, noon] })
  })

  test('a person who resumed it before the clock was set back is heard at once, and not again in an hour', () => {
    const resumedAt = noon + 3_600_000
    const before = stateOf(id, { recovery: { attempts: 5, lastAttemptAt: noon - 9000 } })
    const seen = findingOf(id, model('a'), {
      state: before,
      resumedAt,
      isResumeAhead: true,
      health: 'Degraded',
    })
    const heard = nextRecovery(seen, [], context)
    expect(heard.attempts).toBe(0)
    const cutOff = {
      intentId: 'i1',
      id,
      actionType: 'revive',
      verb: 'run',
      summary: 'revive it',
      externalName: 'a',
      repeatable: true,
      at: noon + 1000,
    }
    const tried = { ...seen, state: stateOf(id, { recovery: heard }), unconfirmed: [cutOff] }
    const counted = nextRecovery(tried, [], { now: noon + 2000, chance: 0 })
    expect(counted.attempts).toBe(1)
    const later = findingOf(id, model('a'), {
      state: stateOf(id, { recovery: counted }),
      resumedAt,
      health: 'Degraded',
    })
    expect(nextRecovery(later, [], { now: resumedAt + 1, chance: 0 }).attempts).toBe(1)
  })

  test('a person who resumes it while an attempt is on its way means that one too', () => {
    const failing = finding({ attempts: 4 }, { health: 'Degraded', actions: [revive] })
    const begunAt = noon - 3000
    const recovery = nextRecovery(
      failing,
      [outcomeOf(id, { action: revive, result: 'failed', begunAt })],
      context,
    )
    const state = stateOf(id, { recovery })
    const resumed = findingOf(id, model('a'), { state, resumedAt: noon - 1000, health: 'Degraded' })
    expect(nextRecovery(resumed, [], context).attempts).toBe(0)
  })

  test('a person who resumes it while a correction is on its way is heard, at once and never again', () => {
    const resumedAt = noon - 1000
    const decided = finding({ attempts: 3, lastAttemptAt: noon - 60_000 }, { actions: [actionOf()] })
    const corrected = outcomeOf(id, { begunAt: noon - 2000, at: noon })
    const ended = nextRecovery(decided, [corrected], context)
    const seen = findingOf(id, model('a'), {
      state: stateOf(id, { recovery: ended }),
      resumedAt,
      health: 'Degraded',
    })
    const heard = nextRecovery(seen, [], context)
    expect(heard.attempts).toBe(0)

    const failed = outcomeOf(id, { action: revive, result: 'failed', begunAt: noon + 60_000 })
    const tried = findingOf(id, model('a'), { ...seen, state: stateOf(id, { recovery: heard }) })
    const later = nextRecovery(tried, [failed], { now: noon + 60_000, chance: 0 })
    // The times of what was tried are gone, as they are after a calm or a clock that was set back.
    const forgetful = stateOf(id, { recovery: { ...later, lastAttemptAt: undefined, corrections: [] } })
    const next = findingOf(id, model('a'), { state: forgetful, resumedAt, health: 'Degraded' })
    expect(nextRecovery(next, [], { now: noon + 7_200_000, chance: 0 }).attempts).toBe(1)
  })

  test('what the vendor puts off for a time is no attempt, waits ever longer, and hears a resume once', () => {
    const postponed = (at: number) =>
      outcomeOf(id, { action: revive, result: 'failed', next: 'time', begunAt: at })
    const resumedAt = noon - 1000
    let state = stateOf(id, { recovery: { attempts: 4, lastAttemptAt: noon - 9000 } })
    const waits: number[] = []
    for (let count = 0; count < 4; count += 1) {
      const held = findingOf(id, model('a'), { state, resumedAt, health: 'Degraded', actions: [revive] })
      const recovery = nextRecovery(held, [postponed(noon)], context)
      expect(recovery.attempts).toBe(0)
      waits.push((recovery.nextAttemptAt ?? 0) - noon)
      state = stateOf(id, { recovery })
    }
    expect(waits).toEqual([5000, 10_000, 20_000, 40_000])
    const kept = findingOf(id, model('a'), { state, resumedAt, health: 'Degraded' })
    expect(recoveryOf(kept).nextAttemptAt).toBe(noon + 40_000)
    const healthy = findingOf(id, model('a'), { state, resumedAt })
    expect(nextRecovery(healthy, [], context).deferrals).toBeUndefined()
  })

  test('what the vendor puts off meanwhile does not bring the next attempt forward', () => {
    const nextAttemptAt = noon + 20_000
    const waiting = finding({ attempts: 3, nextAttemptAt }, { actions: [actionOf()] })
    const postponed = outcomeOf(id, { action: actionOf(), result: 'failed', next: 'time' })
    expect(nextRecovery(waiting, [postponed], context).nextAttemptAt).toBe(nextAttemptAt)
    const jumped = finding({ attempts: 3, nextAttemptAt: noon + 3_600_000 }, { actions: [actionOf()] })
    expect(nextRecovery(jumped, [postponed], context).nextAttemptAt).toBe(noon + 5_000)
  })

  test('the state of another spec is not believed', () => {
    expect(recoveryOf(finding({ attempts: 3, specHash: 'spec-0' })).attempts).toBe(0)
  })
})
