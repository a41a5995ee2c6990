import { afterEach, describe, expect, it } from 'vitest'
import { callVerb } from '../support/called.ts'
import { TestFleet } from '../support/fleet.ts'
import { type FunctionFleet, functionSource, manifest, setFunctionStage } from '../support/function-fleet.ts'

let stage: FunctionFleet
let rival: TestFleet | undefined

afterEach(async () => {
  await stage.simulator.close()
  await stage.fleet.destroy()
  await rival?.destroy()
  rival = undefined
})

async function run(fleet: TestFleet, args: readonly string[] = []) {
  return callVerb(fleet.folder, args, { env: stage.env })
}

describe('a site that is another’s', () => {
  it('is left alone by another fleet, which says whose it is', async () => {
    stage = await setFunctionStage(2)
    expect((await run(stage.fleet)).status).toBe(0)
    rival = await TestFleet.create({
      'manifests/fleet.yaml':
        'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: rivals }\nspec: {}\n',
      'manifests/site.yaml': manifest(),
      'package.json': '{}',
      'netlify/functions/theirs.mjs': functionSource('theirs'),
    })
    const writes = stage.simulator.writes().length
    const plan = await run(rival, ['plan', '-o', 'json'])
    expect(JSON.parse(plan.out)).toMatchObject({
      resources: [
        {
          actions: [],
          held: [{ reason: 'Conflict', message: expect.stringContaining('it belongs to fleet') }],
        },
      ],
    })
    const { status, out } = await run(rival)
    expect(status, out).toBe(1)
    expect(stage.simulator.writes()).toHaveLength(writes)
    expect(Object.keys(stage.site.published?.functions ?? {}).sort()).toEqual(['fn-000', 'fn-001', 'other'])
  }, 120_000)

  it('is one resource’s of two that name it by its name and by its id, pass after pass', async () => {
    stage = await setFunctionStage(1)
    const { fleet, site, simulator } = stage
    await fleet.write('more/second.mjs', functionSource('second'))
    await fleet.write(
      'manifests/second.yaml',
      manifest()
        .replace('name: site', 'name: second')
        .replace('site: acme-site', `site: ${site.id}`)
        .replace('../netlify/functions', '../more'),
    )
    expect((await run(fleet)).status).toBe(1)
    const functions = Object.keys(site.published?.functions ?? {}).sort()
    expect(functions).toEqual(['other', 'second'])
    const writes = simulator.writes().length
    simulator.age(61_000)
    const { out } = await run(fleet)
    expect(out).toContain('FunctionSet/second')
    expect((await run(fleet, ['status'])).out).toContain('one resource a site')
    expect(simulator.writes()).toHaveLength(writes)
    expect(Object.keys(site.published?.functions ?? {}).sort()).toEqual(functions)
  }, 120_000)
})
