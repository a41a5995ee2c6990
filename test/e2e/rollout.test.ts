import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

/** Listens, or fails at its start. */
const server = `
import { createServer } from 'node:http'
if (process.env.HOW === 'exit') { process.stderr.write('Error: no database\\n', () => process.exit(1)) }
else createServer((_, response) => response.end(process.env.V)).listen(0, '127.0.0.1')
`
const manifest = (env: string) =>
  processManifest(
    'web',
    `script: ../services/web.mjs
mode: cluster
instances: 4
listenTimeout: 1s
minUptime: 2s
maxRestarts: 3
recovery: { backoff: { initial: 2s, max: 4s } }
env: { ${env} }`,
  )

let fleet: TestFleet
beforeEach(async () => {
  fleet = await TestFleet.create({ 'services/web.mjs': server, 'manifests/web.yaml': manifest('V: "1"') })
  expect((await fleet.reconcile([])).status).toBe(0)
})
afterEach(() => fleet.destroy())

const instances = async () => (await fleet.processes()).filter(({ name }) => name === 'web')
const versions = async () =>
  (await instances()).map(({ pm2_env }) => `${pm2_env.V} ${pm2_env.status}`).toSorted()
/** What tells one start of an instance from another. */
const startsOfOld = async () =>
  (await instances()).filter(({ pm2_env }) => pm2_env.V === '1').map(({ pid }) => pid)
const all = (version: string) => Array.from({ length: 4 }, () => `${version} online`)
const statusOf = async () => JSON.parse((await fleet.reconcile(['status', '-o', 'json'])).out).resources[0]
const plan = async () => JSON.parse((await fleet.reconcile(['--dry-run', '-o', 'json'])).out).resources[0]

describe('a version that fails at its start', () => {
  it('takes one instance of four, is told plainly, and is mended by the next manifest', async () => {
    await fleet.write('manifests/web.yaml', manifest('V: "2", HOW: exit'))
    const stuck = ['1 online', '1 online', '1 online', '2 errored']
    const first = await fleet.reconcile(['--timeout', '25s'])
    expect(first.status).toBe(1)
    expect(await versions()).toEqual(stuck)
    const old = await startsOfOld()
    expect(old).toHaveLength(3)
    const web = await statusOf()
    expect(web).toMatchObject({ health: 'Degraded', sync: 'OutOfSync' })
    expect(web.message).toMatch(/the rollout is stuck: of 4 instances 1 was updated.*3 go on as before/)
    expect(web.message).toContain('it said last: Error: no database')
    expect(web.conditions).toContainEqual(
      expect.objectContaining({ type: 'Healthy', status: 'False', reason: 'RolloutStuck' }),
    )

    // A dry run tells what would be done: the one that is down is started again, and no other is touched.
    expect(await plan()).toMatchObject({
      actions: [
        {
          type: 'revive',
          verb: 'update',
          summary: expect.stringContaining(
            'start again, 1 of 4 instances; 3 instances that were not updated wait',
          ),
        },
      ],
    })
    expect((await fleet.reconcile(['--timeout', '10s'])).status).toBe(1)
    expect(await versions()).toEqual(stuck)
    expect(await startsOfOld()).toEqual(old)

    await fleet.write('manifests/web.yaml', manifest('V: "3"'))
    expect((await fleet.reconcile([])).status).toBe(0)
    expect(await versions()).toEqual(all('3'))
    const done = await instances()
    expect((await fleet.reconcile([])).status).toBe(0)
    expect((await instances()).map(({ pid }) => pid)).toEqual(done.map(({ pid }) => pid))
  })

  it('is gone on with by a controller when the instance is well again, without a word to it', async () => {
    await fleet.watch()
    await fleet.write('manifests/web.yaml', manifest('V: "2", HOW: exit'))
    await eventually(async () => expect((await statusOf()).message).toContain('the rollout is stuck'))
    expect((await versions()).filter((one) => one === '1 online')).toHaveLength(3)
    await fleet.write('services/web.mjs', server.replace("'exit'", "'never'"))
    await eventually(async () => expect(await versions()).toEqual(all('2')), 60_000)
  })
})

describe('cut off in the middle of an update of several instances', () => {
  it('by the death of who made it, is finished by the next', async () => {
    await fleet.write('manifests/web.yaml', manifest('V: "2"'))
    const cut = fleet.start([])
    await eventually(async () => expect((await versions()).slice(-1)).toEqual(['2 online']))
    cut.signal('SIGKILL')
    await cut.ended
    expect(await versions()).toContain('1 online')
    expect((await fleet.reconcile([])).status).toBe(0)
    expect(await versions()).toEqual(all('2'))
    expect(await plan()).toMatchObject({ actions: [] })
  })

  it('by the death of the daemon, is finished under the next', async () => {
    await fleet.write('manifests/web.yaml', manifest('V: "2"'))
    const cut = fleet.start([])
    await eventually(async () => expect((await versions()).slice(-1)).toEqual(['2 online']))
    process.kill(Number(await fleet.read('p/pm2.pid')), 'SIGKILL')
    await cut.ended
    await sleep(100)
    expect((await fleet.reconcile([])).status).toBe(0)
    expect(await versions()).toEqual(all('2'))
  })
})
