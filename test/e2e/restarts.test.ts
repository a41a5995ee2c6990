import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

/** A worker that ends as it is asked, as those of PM2's cluster should. */
const worker = `
setInterval(() => undefined, 1000)
process.on('SIGINT', () => process.exit(0))
`

let fleet: TestFleet
afterEach(() => fleet.destroy())

const restartsOf = async (name: string) =>
  (await fleet.processes())
    .filter((entry) => entry.name === name)
    .map(({ pm2_env }) => pm2_env.restart_time as number)

const healthOf = async (name: string) => {
  const { resources } = JSON.parse((await fleet.reconcile(['status', '-o', 'json'])).out)
  return resources.find(({ id }: { id: string }) => id === `Process/${name}`)?.health
}

describe('restarts that were asked for', () => {
  it.each(['cluster', 'fork'])(
    'are made once an instance by a changed manifest, and are no crashes (%s)',
    async (mode) => {
      const manifest = (level: string) =>
        processManifest(
          'web',
          `script: ../services/worker.mjs\nmode: ${mode}\ninstances: 4\nenv: { LEVEL: "${level}" }`,
        )
      fleet = await TestFleet.create({
        'services/worker.mjs': worker,
        'manifests/web.yaml': manifest('1'),
      })
      expect((await fleet.reconcile([])).status).toBe(0)
      // Far enough from the last reading for another sample.
      await sleep(11_000)
      await fleet.write('manifests/web.yaml', manifest('2'))
      const changed = await fleet.reconcile([])
      expect(changed.status).toBe(0)
      expect(await restartsOf('web')).toEqual([1, 1, 1, 1])
      const [web] = JSON.parse((await fleet.reconcile(['status', '-o', 'json'])).out).resources
      expect(web).toMatchObject({ health: 'Healthy', attempts: 0 })
    },
  )

  it('are none of those that our own state would cause by lying in what PM2 watches', async () => {
    fleet = await TestFleet.create({
      'services/worker.mjs': worker,
      // PM2's own folder lies in a test's; nobody keeps it in what it watches.
      'manifests/web.yaml': processManifest(
        'web',
        'script: ../services/worker.mjs\ncwd: ..\nwatch: true\nwatchIgnore: [logs, p]',
      ),
    })
    expect((await fleet.reconcile([])).status).toBe(0)
    for (let pass = 0; pass < 3; pass += 1) {
      // Longer than a watcher needs to see a change and to act on it.
      await sleep(1500)
      expect((await fleet.reconcile([])).status).toBe(0)
    }
    await sleep(1500)
    expect(await restartsOf('web')).toEqual([0])
    await fleet.write('services/worker.mjs', `${worker}\n`)
    await eventually(async () => expect(await restartsOf('web')).toEqual([1]))
  })

  it('by a person, as a reload of a cluster, are left alone by a watch', async () => {
    fleet = await TestFleet.create({
      'services/worker.mjs': worker,
      'manifests/web.yaml': processManifest(
        'web',
        'script: ../services/worker.mjs\nmode: cluster\ninstances: 4',
      ),
    })
    await fleet.watch()
    await eventually(async () => expect(await healthOf('web')).toBe('Healthy'))
    expect((await fleet.pm2(['reload', 'web'])).status).toBe(0)
    // A kick would come at once, and one more after the first back-off.
    await sleep(6_000)
    expect(await restartsOf('web')).toEqual([1, 1, 1, 1])
    await eventually(async () => expect(await healthOf('web')).toBe('Healthy'))
    expect((await fleet.reconcile(['events'])).out).not.toContain('Degraded')
  })

  it('by a person one after the other start no fallback and use up no attempts', async () => {
    fleet = await TestFleet.create({
      'services/worker.mjs': worker,
      'manifests/api.yaml': processManifest(
        'api',
        'script: ../services/worker.mjs\nfallback: [Process/spare]\nfallbackAfter: 1',
      ),
      'manifests/spare.yaml': processManifest('spare', 'script: ../services/worker.mjs'),
    })
    await fleet.watch()
    await eventually(async () => expect(await healthOf('api')).toBe('Healthy'))
    for (let restart = 1; restart <= 8; restart += 1) {
      expect((await fleet.pm2(['restart', 'api'])).status).toBe(0)
      await eventually(async () => expect(await healthOf('api')).toBe('Healthy'))
      expect(await restartsOf('api')).toEqual([restart])
    }
    expect(await restartsOf('spare')).toEqual([])
  })
})
