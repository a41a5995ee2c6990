import { describe, expect, test } from 'vitest'
import type { Declaration } from '../../src/core/declaration.ts'
import type { Judge, ProposedAction, Verdict } from '../../src/core/policy.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import { resourceId } from '../../src/core/resource.ts'
import { Controller } from '../../src/engine/controller.ts'
import { warningsOf } from '../../src/engine/deny.ts'
import { guard } from '../../src/engine/guard.ts'
import { draftPass } from '../../src/engine/pass.ts'
import { settle } from '../../src/engine/settle.ts'
import { declare, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'
import { actionOf, findingOf, inputOf, noon, ownedOf, removal, viewOf } from './finding-fixture.ts'

const policy = resourceId('Policy', 'freeze')
const verdict = (id: ResourceId | undefined): Verdict => ({
  policy,
  id,
  message: 'not now',
  position: undefined,
})

/** Judges by the verb of an action, and by how many there are. */
function judgeOf(rules: {
  readonly denied?: (proposed: ProposedAction) => boolean
  readonly most?: number
  readonly fingerprint?: string
}): Judge {
  const { denied = () => false, most = Number.POSITIVE_INFINITY, fingerprint = 'a' } = rules
  return {
    fingerprint,
    deny: (proposed) => (denied(proposed) ? [verdict(proposed.id)] : []),
    denyTogether: (proposed) => (proposed.length > most ? [verdict(undefined)] : []),
    warn: (proposed) => proposed.map(({ id }) => verdict(id)),
  }
}

const drifted = (name: string, change: Parameters<typeof findingOf>[2] = {}) =>
  findingOf(modelId(name), model(name), { actions: [actionOf()], ...change })
const hold = { reason: 'PolicyDenied', message: 'Policy/freeze denies it: not now', until: undefined }

describe('a denied action', () => {
  test('is held and says why, and the rest goes on', () => {
    const judge = judgeOf({ denied: ({ id }) => id === modelId('a') })
    const [a, b] = guard([drifted('a'), drifted('b')], inputOf({ judge }))
    expect(a?.holds).toEqual([hold])
    expect(b?.holds).toEqual([])
  })

  test('is one hold, however many actions of the resource are denied', () => {
    const actions = [actionOf(), actionOf({ type: 'reload' })]
    const [a] = guard([drifted('a', { actions })], inputOf({ judge: judgeOf({ denied: () => true }) }))
    expect(a?.holds).toEqual([hold])
  })

  test('is held too where what is declared no more would go, or the fleet is taken down', () => {
    const judge = judgeOf({ denied: () => true })
    const gone = findingOf(modelId('gone'), undefined, {
      actions: [removal],
      owned: ownedOf(modelId('gone')),
    })
    const down = drifted('down', { isTakenDown: true })
    const found = guard([gone, down], inputOf({ judge }))
    expect(found.map(({ holds }) => holds)).toEqual([[hold], [hold]])
  })

  test('counts for no limit of deletions, and what is not denied goes', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const inventory = new Map(names.map((name) => [modelId(name), ownedOf(modelId(name))]))
    const gone = names.map((name) =>
      findingOf(modelId(name), undefined, { actions: [removal], owned: ownedOf(modelId(name)) }),
    )
    const judge = judgeOf({ denied: ({ id }) => id !== modelId('a') })
    const found = guard(gone, inputOf({ judge, view: viewOf({ inventory }) }))
    expect(found.filter(({ holds }) => holds.length === 0).map(({ id }) => id)).toEqual([modelId('a')])
    expect(found.flatMap(({ holds }) => holds.map(({ reason }) => reason))).not.toContain('DeletionLimit')
  })
})

describe('actions that are denied together', () => {
  test('are all held, and those that something else holds are no part of them', () => {
    const blocked = actionOf({ blocked: { reason: 'ScriptMissing', message: 'a.mjs does not exist' } })
    const findings = [drifted('a'), drifted('b'), drifted('c', { actions: [blocked] })]
    expect(
      guard(findings, inputOf({ judge: judgeOf({ most: 2 }) })).map(({ holds }) => holds.length),
    ).toEqual([0, 0, 1])
    const held = guard(findings, inputOf({ judge: judgeOf({ most: 1 }) }))
    expect(held.map(({ holds }) => holds.map(({ reason }) => reason))).toEqual([
      ['PolicyDenied'],
      ['PolicyDenied'],
      ['ScriptMissing'],
    ])
  })
})

test('what is only warned of is told of what would be done', () => {
  const judge = judgeOf({ denied: ({ id }) => id === modelId('a') })
  const found = guard([drifted('a'), drifted('b')], inputOf({ judge }))
  expect(warningsOf(found, judge, noon)).toEqual([verdict(modelId('b'))])
})

describe('every pass', () => {
  const denying = (declaration: Declaration, fingerprint = 'a'): Declaration => ({
    ...declaration,
    judge: judgeOf({ denied: ({ id }) => id === modelId('a'), fingerprint }),
  })
  const everything = new AbortController().signal

  test('leaves a denied action undone, tells why, and is not for ever', async () => {
    const fleet = modelledFleet()
    const declaration = denying(declare([model('a'), model('b')]))
    const asked = { declaration, selection: undefined, allowedDeletions: undefined }
    const draft = await fleet.time.run(draftPass(fleet.world, asked, everything))
    expect(draft.plan.resources.map(({ id, holds }) => [id, holds.map(({ reason }) => reason)])).toEqual([
      [modelId('a'), ['PolicyDenied']],
      [modelId('b'), []],
    ])
    const result = await fleet.time.run(
      settle(fleet.world, { ...asked, wait: true, timeout: 60_000 }, everything),
    )
    expect(result.outcomes.map(({ id }) => id)).toEqual([modelId('b')])
    expect(result.pending.size).toBe(0)
    expect(result.states.get(modelId('a'))?.status).toMatchObject({
      health: 'Missing',
      reason: 'PolicyDenied',
    })
  })

  test('of a controller does what a policy allows as soon as the policy is gone', async () => {
    const fleet = modelledFleet()
    let declaration = denying(declare([model('a'), model('b')]))
    const controller = new Controller(fleet.world, { read: async () => declaration })
    const end = new AbortController()
    const ended = controller.run(end.signal).catch(() => undefined)
    const health = async (name: string) =>
      (await fleet.ledger.load()).states.get(modelId(name))?.status.health
    try {
      await fleet.time.pass(5_000)
      expect([await health('a'), await health('b')]).toEqual(['Missing', 'Healthy'])
      declaration = declare([model('a'), model('b')])
      await fleet.time.run(controller.reread())
      await fleet.time.pass(5_000)
      expect(await health('a')).toBe('Healthy')
    } finally {
      end.abort(new Error('the test is over'))
      await fleet.time.run(ended)
    }
  })
})
