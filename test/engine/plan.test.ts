import { expect, test } from 'vitest'
import type { Resource } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'
import { fingerprintOf } from '../../src/engine/basis.ts'
import { draftPass, runPass } from '../../src/engine/pass.ts'
import { Slots } from '../../src/engine/slots.ts'
import { declare, model, modelledFleet } from '../support/modelled-fleet.ts'

const never = new AbortController().signal

test('a plan names the fields that were not read, of what is there and is not ignored', async () => {
  const fleet = modelledFleet()
  const request = (...args: Parameters<typeof declare>) => ({
    declaration: declare(...args),
    selection: undefined,
    allowedDeletions: undefined,
  })
  await fleet.time.run(
    runPass(fleet.world, request([model('a'), model('b')]), { slots: new Slots(() => 1) }, never),
  )
  const tokens = {
    fields: {},
    env: { TOKEN: Secret.unread('fromCommand x'), PIN: Secret.read('fromEnv PIN', '1', 'd') },
  }
  const draft = draftPass(
    fleet.world,
    request([model('a', tokens), model('b', tokens, { ignore: ['/env'] }), model('c', tokens)]),
    never,
  )
  const { plan } = await fleet.time.run(draft)
  expect(plan.resources.map(({ id, unread }) => [id, unread])).toEqual([
    ['Model/a', ['env.TOKEN']],
    ['Model/b', []],
    // It is made with whatever they are.
    ['Model/c', []],
  ])
})

test('what a plan rests on is made when somebody asks for it, once', async () => {
  const fleet = modelledFleet()
  const request = { declaration: declare([model('a'), model('b')]), selection: undefined }
  const draft = await fleet.time.run(
    draftPass(fleet.world, { ...request, allowedDeletions: undefined }, never),
  )
  let looks = 0
  for (const reconciler of fleet.world.reconcilers.values()) {
    const { fields } = reconciler
    Object.assign(reconciler, {
      fields: (resource: Resource) => {
        looks += 1
        return fields(resource)
      },
    })
  }
  const { plan } = draft
  expect(plan.resources).toHaveLength(2)
  expect(looks).toBe(0)
  const { fingerprint } = plan
  expect([...plan.basis.keys()]).toEqual(['Model/a', 'Model/b'])
  expect(fingerprint).toBe(fingerprintOf(plan.basis))
  expect(plan.fingerprint).toBe(fingerprint)
  expect(looks).toBe(2)
})
