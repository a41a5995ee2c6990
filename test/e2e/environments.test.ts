import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'
import type { Pm2Entry } from '../support/pm2-list.ts'

const idle = 'setInterval(() => undefined, 1000)\n'

/** One state, one PM2, two environments: what each has of the other is nothing. */
let fleet: TestFleet

const overlay = (name: string, ...spec: readonly string[]) =>
  ['apiVersion: reconcile.dev/v1', 'kind: Process', `metadata: { name: ${name} }`, 'spec:', ...spec, ''].join(
    '\n',
  )

beforeAll(async () => {
  fleet = await TestFleet.create({
    'services/idle.mjs': idle,
    'manifests/api.yaml': processManifest('api', 'script: ../services/idle.mjs'),
    'manifests/environments/staging/api.yaml': overlay('api', '  name: api-staging'),
    'manifests/environments/staging/extra.yaml': overlay('extra', '  script: ../../../services/idle.mjs'),
    'manifests/environments/production/api.yaml': overlay('api', '  name: api-production'),
  })
})

afterAll(async () => {
  await fleet.destroy()
})

const namesOf = (processes: readonly Pm2Entry[]) => processes.map(({ name }) => name).sort()
const livesOf = (processes: readonly Pm2Entry[]) => processes.map(({ name, pid }) => `${name} ${pid}`).sort()
const staging = ['--env', 'staging']
const production = ['--env', 'production']

async function jsonOf(...args: readonly string[]) {
  const run = await fleet.reconcile([...args, '-o', 'json'])
  return JSON.parse(run.out)
}
const idsOf = (document: { readonly resources: readonly { readonly id: string }[] }) =>
  document.resources.map(({ id }) => id).sort()

describe('two environments on one state', () => {
  it('take a word of a person for the second one, and nothing happens without it', async () => {
    expect((await fleet.reconcile(staging)).status).toBe(0)
    const before = livesOf(await fleet.processes())
    for (const args of [production, ['plan', ...production]]) {
      const refused = await fleet.reconcile(args)
      expect(refused.status).toBe(1)
      expect(refused.err).toContain('the environment staging, not the environment production')
      expect(refused.err).toContain('--rebind')
    }
    expect(livesOf(await fleet.processes())).toEqual(before)
    const added = await fleet.reconcile([...production, '--rebind'])
    expect(added.status, added.out + added.err).toBe(0)
    expect(namesOf(await fleet.processes())).toEqual(['api-production', 'api-staging', 'extra'])
    expect(livesOf(await fleet.processes())).toEqual(expect.arrayContaining(before))
  })

  it('are each in sync from then on, by turns and without another word', async () => {
    const before = livesOf(await fleet.processes())
    for (const environment of [staging, production, staging]) {
      const planned = await fleet.reconcile(['plan', '--detailed-exitcode', ...environment])
      expect(planned.status, planned.out + planned.err).toBe(0)
      const pass = await fleet.reconcile(environment)
      expect(pass.status, pass.out + pass.err).toBe(0)
    }
    expect(livesOf(await fleet.processes())).toEqual(before)
  })

  it('know, show and score what is their own alone', async () => {
    expect(idsOf(await jsonOf('status', ...staging))).toEqual(['Process/api', 'Process/extra'])
    expect(await jsonOf('status', ...production)).toMatchObject({
      environment: 'production',
      health: { score: 100 },
      resources: [{ id: 'Process/api', sync: 'Synced', health: 'Healthy' }],
    })
    for (const args of [['status'], ['plan'], ['events'], ['report']]) {
      const { out, err } = await fleet.reconcile([...args, ...production])
      expect(out + err).not.toMatch(/extra|staging/)
    }
    expect((await fleet.reconcile(['describe', 'Process/extra', ...production])).status).toBe(1)
  })

  it('are named where none or another is asked for', async () => {
    for (const args of [['status'], ['health'], ['describe', 'Process/api']]) {
      const { err } = await fleet.reconcile(args)
      expect(err).toContain(
        'the environment production and the environment staging, not no environment: of these manifests it knows nothing',
      )
      const unknown = await fleet.reconcile([...args, '--env', 'prodution'])
      expect(unknown.status).toBe(1)
      expect(unknown.err).toContain('production')
      expect(unknown.out).toBe('')
    }
    expect((await fleet.reconcile(['status', ...production])).err).toBe('')
  })

  it('prune what is their own alone', async () => {
    await fleet.remove('manifests/environments/staging/extra.yaml')
    expect((await fleet.reconcile(production)).status).toBe(0)
    expect(namesOf(await fleet.processes())).toEqual(['api-production', 'api-staging', 'extra'])
    expect((await fleet.reconcile(staging)).status).toBe(0)
    expect(namesOf(await fleet.processes())).toEqual(['api-production', 'api-staging'])
  })

  it('do not move a thing that the other has: it is a conflict, and stays as it is', async () => {
    const before = livesOf(await fleet.processes())
    await fleet.write('manifests/environments/staging/api.yaml', overlay('api', '  name: api-production'))
    const run = await fleet.reconcile(staging)
    expect(run.status).toBe(1)
    expect(run.out + run.err).toContain('production')
    expect(livesOf(await fleet.processes())).toEqual(
      expect.arrayContaining(before.filter((one) => one.startsWith('api-production'))),
    )
    await fleet.write('manifests/environments/staging/api.yaml', overlay('api', '  name: api-staging'))
    expect((await fleet.reconcile(staging)).status).toBe(0)
  })

  it('go down by themselves', async () => {
    const down = await fleet.reconcile(['down', '--yes', ...staging])
    expect(down.status, down.out + down.err).toBe(0)
    expect(namesOf(await fleet.processes())).toEqual(['api-production'])
    const pass = await fleet.reconcile(production)
    expect(pass.status, pass.out + pass.err).toBe(0)
  })
})
