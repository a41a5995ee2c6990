import { describe, expect, test } from 'vitest'
import type { HoldReason } from '../../src/core/hold.ts'
import type { LedgerView, RecoveryState } from '../../src/core/ledger.ts'
import type { Controls, ResourceId } from '../../src/core/resource.ts'
import type { LastAction } from '../../src/core/status.ts'
import { type Finding, isActionable } from '../../src/engine/finding.ts'
import { guard } from '../../src/engine/guard.ts'
import type { GuardInput } from '../../src/engine/guard-input.ts'
import { defaultControls, defaultFleet, model, modelId } from '../support/modelled-fleet.ts'
import {
  actionOf,
  findingOf,
  inputOf,
  noon,
  ownedOf,
  removal,
  revive,
  stateOf,
  viewOf,
} from './finding-fixture.ts'

const minute = 60_000

function drifted(controls: Partial<Controls> = {}, change: Parameters<typeof findingOf>[2] = {}): Finding {
  const id = modelId('a')
  return findingOf(id, model('a', {}, controls), { actions: [actionOf()], ...change })
}

function holdOf(finding: Finding, input: Partial<GuardInput> = {}, others: readonly Finding[] = []) {
  return guard([finding, ...others], inputOf(input))[0]?.holds[0]
}

const lastAction = (outcome: LastAction['outcome']): LastAction => ({
  type: 'update',
  summary: 'update it',
  at: noon - 1000,
  outcome,
  message: undefined,
})

describe('holds by what people said', () => {
  const by = { reason: 'release', by: 'ann' }
  const cases: readonly {
    readonly title: string
    readonly controls?: Partial<Controls>
    readonly view?: Partial<LedgerView>
    readonly hold: HoldReason | undefined
  }[] = [
    { title: 'nothing holds what nobody holds', hold: undefined },
    { title: 'the fleet was taken down', view: { isDown: true }, hold: 'FleetDown' },
    {
      title: 'suspended by its manifest',
      controls: { suspend: { ...by, until: undefined } },
      hold: 'Suspended',
    },
    {
      title: 'suspended by its manifest until later',
      controls: { suspend: { ...by, until: noon + 1 } },
      hold: 'Suspended',
    },
    {
      title: 'a suspension whose time is over suspends nothing',
      controls: { suspend: { ...by, until: noon } },
      hold: undefined,
    },
    {
      title: 'suspended by command',
      view: { suspensions: new Map([[modelId('a'), { ...by, until: undefined }]]) },
      hold: 'Suspended',
    },
    {
      title: 'the command is over, the manifest still suspends',
      controls: { suspend: { ...by, until: undefined } },
      view: { suspensions: new Map([[modelId('a'), { ...by, until: noon - 1 }]]) },
      hold: 'Suspended',
    },
    { title: 'only to be observed', controls: { managementPolicy: 'Observe' }, hold: 'ObserveOnly' },
  ]
  test.each(cases)('$title', ({ controls, view, hold }) => {
    expect(holdOf(drifted(controls), { view: viewOf(view) })?.reason).toBe(hold)
  })

  test('what its domain blocks is held with the words of the domain', () => {
    const blocked = { reason: 'ScriptMissing' as const, message: 'a.mjs does not exist' }
    const hold = holdOf(drifted({}, { actions: [actionOf({ blocked })] }))
    expect(hold).toEqual({ ...blocked, until: undefined })
  })
})

describe('holds by dependencies', () => {
  const db = modelId('db')
  const needsDb: Partial<Controls> = { dependsOn: [db] }
  const dependency = (change: Parameters<typeof findingOf>[2]) => findingOf(db, model('db'), change)
  const cases: readonly {
    readonly title: string
    readonly others?: readonly Finding[]
    readonly input?: Partial<GuardInput>
    readonly hold: HoldReason | undefined
  }[] = [
    { title: 'healthy and in sync: ready', others: [dependency({})], hold: undefined },
    {
      title: 'healthy, but about to be restarted',
      others: [dependency({ actions: [actionOf()] })],
      hold: 'DependencyNotReady',
    },
    { title: 'not healthy yet', others: [dependency({ health: 'Progressing' })], hold: 'DependencyNotReady' },
    { title: 'not readable', others: [dependency({ health: 'Unknown' })], hold: 'DependencyNotReady' },
    { title: 'read as context counts as well', others: [dependency({ isContext: true })], hold: undefined },
    {
      title: 'not in this pass, last seen healthy',
      input: { view: viewOf({ states: new Map([[db, stateOf(db)]]) }) },
      hold: undefined,
    },
    {
      title: 'not in this pass, last seen drifted',
      input: { view: viewOf({ states: new Map([[db, stateOf(db, { status: { sync: 'OutOfSync' } })]]) }) },
      hold: 'DependencyNotReady',
    },
    {
      title: 'not in this pass, last seen healthy, and acted upon right now',
      input: { view: viewOf({ states: new Map([[db, stateOf(db)]]) }), isBusy: (id) => id === db },
      hold: 'DependencyNotReady',
    },
    { title: 'never seen', hold: 'DependencyNotReady' },
    { title: 'its manifest is broken', input: { missing: [db] }, hold: 'DependencyBroken' },
  ]
  test.each(cases)('$title', ({ others, input, hold }) => {
    expect(holdOf(drifted(needsDb), input, others)?.reason).toBe(hold)
  })
})

describe('holds by attempts', () => {
  const cases: readonly {
    readonly title: string
    readonly recovery: Partial<RecoveryState>
    readonly last?: LastAction['outcome']
    readonly isAttempt?: boolean
    readonly isRecovery?: boolean
    readonly hold: HoldReason | undefined
  }[] = [
    { title: 'the first revival is free', recovery: {}, isRecovery: true, hold: undefined },
    {
      title: 'a revival waits out its back-off',
      recovery: { attempts: 1, nextAttemptAt: noon + 5000 },
      isRecovery: true,
      last: 'succeeded',
      hold: 'BackOff',
    },
    {
      title: 'a back-off that is over holds nothing',
      recovery: { attempts: 1, nextAttemptAt: noon },
      isRecovery: true,
      hold: undefined,
    },
    {
      title: 'all attempts are used up',
      recovery: { attempts: 5 },
      isRecovery: true,
      last: 'succeeded',
      hold: 'AttemptsExhausted',
    },
    {
      title: 'a failed update waits like a revival',
      recovery: { attempts: 1, nextAttemptAt: noon + 5000 },
      last: 'failed',
      hold: 'BackOff',
    },
    {
      title: 'what failed for a reason that time cures waits without an attempt',
      recovery: { attempts: 0, nextAttemptAt: noon + 5000 },
      last: 'failed',
      hold: 'BackOff',
    },
    {
      title: 'what failed without an attempt is not held, though all are used up: its domain holds it',
      recovery: { attempts: 5, nextAttemptAt: noon + 5000 },
      last: 'failed',
      isAttempt: false,
      hold: undefined,
    },
    {
      title: 'a revival after it waits all the same',
      recovery: { attempts: 1, nextAttemptAt: noon + 5000 },
      last: 'failed',
      isAttempt: false,
      isRecovery: true,
      hold: 'BackOff',
    },
    {
      title: 'what has an unknown outcome waits too',
      recovery: { attempts: 1, nextAttemptAt: noon + 5000 },
      last: 'unknown',
      hold: 'BackOff',
    },
    {
      title: 'drift of what was revived with success is corrected at once',
      recovery: { attempts: 1, nextAttemptAt: noon + 5000 },
      last: 'succeeded',
      hold: undefined,
    },
    {
      title: 'a new spec begins anew',
      recovery: { attempts: 5, nextAttemptAt: noon + 5000, specHash: 'spec-0' },
      last: 'failed',
      isRecovery: true,
      hold: undefined,
    },
    {
      title: 'a wait longer than the longest back-off comes from a clock that was set back',
      recovery: { attempts: 1, nextAttemptAt: noon + 60 * minute },
      isRecovery: true,
      hold: undefined,
    },
    {
      title: 'three corrections of one drift are free',
      recovery: { corrections: [noon - 30, noon - 20] },
      last: 'succeeded',
      hold: undefined,
    },
    {
      title: 'the fourth comes at the pace of the back-off',
      recovery: { corrections: [noon - 3000, noon - 2000, noon - 1000] },
      last: 'succeeded',
      hold: 'BackOff',
    },
    {
      title: 'from five on a rival is named',
      recovery: { corrections: [1, 2, 3, 4, 5].map((second) => noon - 6000 + second * 1000) },
      last: 'succeeded',
      hold: 'Contended',
    },
    {
      title: 'after a long calm the same drift is corrected at once',
      recovery: { corrections: [1, 2, 3, 4, 5].map((second) => noon - 20 * minute + second * 1000) },
      last: 'succeeded',
      hold: undefined,
    },
  ]
  test.each(cases)('$title', ({ recovery, last, isAttempt, isRecovery = false, hold }) => {
    const id = modelId('a')
    const state = stateOf(id, {
      recovery,
      status: last ? { lastAction: { ...lastAction(last), isAttempt } } : {},
    })
    const finding = drifted({}, { state, actions: [isRecovery ? revive : actionOf()] })
    expect(holdOf(finding)?.reason).toBe(hold)
  })

  test.each([
    { maxAttempts: 1, message: 'the one attempt is used up; it needs a person' },
    { maxAttempts: 3, message: 'all 3 attempts are used up; it needs a person' },
  ])('says that a person is needed after $maxAttempts', ({ maxAttempts, message }) => {
    const { recovery } = defaultControls
    const state = stateOf(modelId('a'), { recovery: { attempts: maxAttempts } })
    const controls = { recovery: { ...recovery, maxAttempts } }
    expect(holdOf(drifted(controls, { state, actions: [revive] }))?.message).toContain(message)
  })

  test('what nobody undid is not held for a rival, whatever was corrected before', () => {
    const id = modelId('a')
    const recovery = { corrections: [1, 2, 3, 4, 5].map((second) => noon - 6000 + second * 1000) }
    const state = stateOf(id, { recovery, status: { lastAction: lastAction('succeeded') } })
    const uncontested = actionOf({ isUncontested: true })
    expect(holdOf(drifted({}, { state, actions: [uncontested] }))).toBeUndefined()
    expect(holdOf(drifted({}, { state, actions: [uncontested, actionOf()] }))?.reason).toBe('Contended')
  })

  test('an attempt that nobody lived to write counts and waits', () => {
    const unconfirmed = [
      {
        intentId: 'i1',
        id: modelId('a'),
        actionType: 'revive',
        verb: 'run',
        summary: 'revive it',
        externalName: 'a',
        repeatable: true,
        at: noon - 1000,
      },
    ]
    const state = stateOf(modelId('a'), { recovery: { attempts: 1, lastAttemptAt: noon - 9000 } })
    const hold = holdOf(drifted({}, { state, unconfirmed, actions: [revive] }))
    expect(hold).toMatchObject({ reason: 'BackOff', until: noon - 1000 + 10_000 })
  })

  test('a contention names what keeps changing', () => {
    const corrections = [1, 2, 3, 4, 5].map((second) => noon - 6000 + second * 1000)
    const state = stateOf(modelId('a'), { recovery: { corrections } })
    const changes = [{ path: 'env.PORT', sensitive: false }]
    const hold = holdOf(drifted({}, { state, actions: [actionOf({ changes })] }))
    expect(hold?.message).toContain('env.PORT')
  })

  test('what must not be repeated is held until its last outcome is seen', () => {
    const intent = {
      intentId: 'i1',
      id: modelId('a'),
      actionType: 'dispatch',
      verb: 'create',
      summary: 'dispatch it',
      externalName: 'a',
      repeatable: false,
      at: noon - 3_600_000,
    }
    const finding = drifted({}, { unconfirmed: [intent], actions: [actionOf({ repeatable: false })] })
    expect(holdOf(finding)?.reason).toBe('UnconfirmedOutcome')
    const resolved = { ...finding.assessment, resolvedIntents: ['i1'] }
    expect(holdOf({ ...finding, assessment: resolved })?.reason).toBeUndefined()
  })
})

describe('the deletion limit', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, index) => modelId(`gone-${index}`))
  const gone = (id: ResourceId) => findingOf(id, undefined, { actions: [removal] })
  const cases: readonly {
    readonly title: string
    readonly going: number
    readonly owned: number
    readonly others?: number
    readonly allowed?: number
    readonly held: boolean
  }[] = [
    { title: 'two of two: below three no share counts', going: 2, owned: 2, held: false },
    { title: 'three of twelve: exactly the share', going: 3, owned: 12, held: false },
    { title: 'three of eleven: over the share', going: 3, owned: 11, held: true },
    { title: 'five of a hundred', going: 5, owned: 100, held: false },
    { title: 'six of a hundred: over the count', going: 6, owned: 100, held: true },
    { title: 'six, and six allowed', going: 6, owned: 100, allowed: 6, held: false },
    { title: 'six, and five allowed', going: 6, owned: 100, allowed: 5, held: true },
    { title: 'one here and five elsewhere in the fleet', going: 1, owned: 100, others: 5, held: true },
    {
      title: 'none allowed in words changes nothing below the limit',
      going: 1,
      owned: 9,
      allowed: 0,
      held: false,
    },
  ]
  test.each(cases)('$title', ({ going, owned, others = 0, allowed, held }) => {
    const all = [
      ...ids(going),
      ...Array.from({ length: owned - going }, (_, index) => modelId(`kept-${index}`)),
    ]
    const view = viewOf({ inventory: new Map(all.map((id) => [id, ownedOf(id)])) })
    const input = inputOf({ view, otherRemovals: others, allowedDeletions: allowed })
    const findings = guard(ids(going).map(gone), input)
    expect(findings.map((finding) => finding.holds[0]?.reason)).toEqual(
      ids(going).map(() => (held ? 'DeletionLimit' : undefined)),
    )
  })

  test('counts what is to go and could not be read', () => {
    const unread = ids(3).map((id) =>
      findingOf(id, undefined, { unknown: { code: 'PageMissing', message: 'x' }, owned: ownedOf(id) }),
    )
    const going = ['x', 'y', 'z'].map((name) => gone(modelId(name)))
    const findings = guard([...unread, ...going], inputOf())
    expect(findings.slice(3).map((finding) => finding.holds[0]?.reason)).toEqual(
      Array(3).fill('DeletionLimit'),
    )
  })

  test('counts what is being made and is to go when it is there', () => {
    const coming = findingOf(modelId('z'), undefined, { owned: ownedOf(modelId('z')), stance: 'absent' })
    const going = ['a', 'b'].map((name) => findingOf(modelId(name), undefined, { actions: [removal] }))
    const inventory = new Map(
      ['a', 'b', 'c', 'd', 'z'].map((name) => [modelId(name), ownedOf(modelId(name))]),
    )
    const holdsWhile = (isBusy: boolean) =>
      guard([...going, coming], {
        view: viewOf({ inventory }),
        fleet: { ...defaultFleet, deletions: { max: 2, percent: 100 } },
        missing: [],
        isComplete: true,
        isAnythingDeclared: true,
        allowedDeletions: undefined,
        isBusy: () => isBusy,
        otherRemovals: 0,
        now: noon,
      })[0]?.holds[0]?.reason
    expect(holdsWhile(false)).toBeUndefined()
    expect(holdsWhile(true)).toBe('DeletionLimit')
  })

  test('counts what waits after a deletion that failed: it goes as soon as its wait is over', () => {
    const waiting = ids(2).map((id) =>
      findingOf(id, undefined, {
        actions: [removal],
        state: stateOf(id, { recovery: { specHash: '', attempts: 1, nextAttemptAt: noon + 5_000 } }),
      }),
    )
    const view = viewOf({ inventory: new Map([...ids(2), modelId('x')].map((id) => [id, ownedOf(id)])) })
    const findings = guard([...waiting, gone(modelId('x'))], inputOf({ view }))
    expect(findings.map((finding) => finding.holds[0]?.reason)).toEqual([
      'BackOff',
      'BackOff',
      'DeletionLimit',
    ])
  })

  test('counts what is suspended until a time, which goes as soon as that has come, and not what waits for a person', () => {
    const suspendedUntil = (until: number | undefined) => {
      const suspension = { by: 'ops', reason: 'looking at it', at: noon - 1000, until }
      const view = viewOf({
        inventory: new Map([...ids(3), modelId('x')].map((id) => [id, ownedOf(id)])),
        suspensions: new Map(ids(2).map((id) => [id, suspension])),
      })
      const going = [...ids(2), modelId('x')].map(gone)
      return guard(going, inputOf({ view })).map(({ holds }) => holds[0]?.reason)
    }
    expect(suspendedUntil(noon + 2_000)).toEqual(['Suspended', 'Suspended', 'DeletionLimit'])
    expect(suspendedUntil(undefined)).toEqual(['Suspended', 'Suspended', undefined])
  })

  test('counts each thing that an action drops, not each action', () => {
    const finding = drifted({}, { actions: [actionOf({ removes: 6 })] })
    expect(holdOf(finding)?.reason).toBe('DeletionLimit')
  })

  test('does not count what is held anyway, and leaves what deletes nothing alone', () => {
    const view = viewOf({ inventory: new Map(ids(20).map((id) => [id, ownedOf(id)])) })
    const suspended = drifted(
      { suspend: { reason: 'x', by: undefined, until: undefined } },
      { actions: [actionOf({ removes: 9 })] },
    )
    const [first, second] = guard([suspended, gone(modelId('gone-0'))], inputOf({ view }))
    expect(first?.holds.map((hold) => hold.reason)).toEqual(['Suspended'])
    expect(second && isActionable(second)).toBe(true)
  })
})

describe('deleting what is no longer declared', () => {
  const gone = (change: Parameters<typeof findingOf>[2] = {}) =>
    findingOf(modelId('gone'), undefined, { actions: [removal], ...change })
  const owned = { inventory: new Map([[modelId('gone'), ownedOf(modelId('gone'))]]) }
  const suspension = { reason: 'wait', by: 'ann', until: undefined }
  const cases: readonly {
    readonly title: string
    readonly input?: Partial<GuardInput>
    readonly view?: Partial<LedgerView>
    readonly finding?: Parameters<typeof findingOf>[2]
    readonly hold: HoldReason | undefined
  }[] = [
    { title: 'happens', hold: undefined },
    {
      title: 'waits while the domain says that it must not be',
      finding: { actions: [{ ...removal, blocked: { reason: 'NotAllowed', message: 'locked' } }] },
      hold: 'NotAllowed',
    },
    { title: 'waits while a manifest is broken', input: { isComplete: false }, hold: 'ManifestsIncomplete' },
    { title: 'waits while the fleet is down', view: { isDown: true }, hold: 'FleetDown' },
    {
      title: 'waits while the fleet is down, whatever is allowed in words',
      input: { allowedDeletions: 9 },
      view: { isDown: true },
      hold: 'FleetDown',
    },
    {
      title: 'waits while nothing at all is declared',
      input: { isAnythingDeclared: false },
      hold: 'ManifestsIncomplete',
    },
    {
      title: 'happens with nothing declared where it is allowed in words',
      input: { isAnythingDeclared: false, allowedDeletions: 1 },
      hold: undefined,
    },
    {
      title: 'waits with nothing declared where fewer are allowed, whatever the limit of the fleet',
      input: { isAnythingDeclared: false, allowedDeletions: 0 },
      hold: 'DeletionLimit',
    },
    {
      title: 'waits while a person suspends it',
      view: { suspensions: new Map([[modelId('gone'), suspension]]) },
      hold: 'Suspended',
    },
    {
      title: 'waits after it failed',
      finding: {
        state: stateOf(modelId('gone'), {
          recovery: { specHash: '', attempts: 1, nextAttemptAt: noon + 5000 },
        }),
      },
      hold: 'BackOff',
    },
    {
      title: 'does not wait for the back-off of the days when it was declared',
      finding: {
        state: stateOf(modelId('gone'), { recovery: { attempts: 3, nextAttemptAt: noon + 5000 } }),
      },
      hold: undefined,
    },
  ]
  test.each(cases)('$title', ({ input, view, finding, hold }) => {
    expect(holdOf(gone(finding), { ...input, view: viewOf({ ...owned, ...view }) })?.reason).toBe(hold)
  })
})

test('what could not be read and what is only context is not judged', () => {
  const unknown = drifted({}, { unknown: { code: 'X', message: 'y' } })
  const context = drifted({ managementPolicy: 'Observe' }, { isContext: true })
  for (const finding of guard([unknown, context], inputOf())) {
    expect(finding.holds).toEqual([])
    expect(isActionable(finding)).toBe(false)
  }
})
