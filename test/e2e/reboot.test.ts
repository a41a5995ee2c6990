import { afterEach, expect, test } from 'vitest'
import { TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'
import { eventually, killProcessesOf } from '../support/pm2.ts'

let fleet: TestFleet
afterEach(async () => {
  await killProcessesOf(fleet.pm2Home)
  await fleet.destroy()
})

const idle = 'setInterval(() => undefined, 1000)\n'
const slow = ['s0', 's1', 's2', 's3']
const quick = ['w0', 'w1', 'w2', 'w3', 'w4', 'w5']

const listed = async () => {
  const all = (await fleet.processes()).map(({ name }) => name)
  return all.filter((name) => !name.startsWith('reconciled-')).sort()
}

/** How many processes PM2 has started of each name, from a place in its log on. */
async function startsSince(from: number): Promise<Readonly<Record<string, number>>> {
  const text = (await fleet.read('p/pm2.log')).slice(from)
  const started = new Set(
    [...text.matchAll(/App \[([^:\]]+):(\d+)\] starting/g)].map(([, name, id]) => `${name} ${id}`),
  )
  const names = [...started].map((each) => each.split(' ')[0] ?? '')
  return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]))
}

test('when the machine starts again nothing runs twice', async () => {
  fleet = await TestFleet.create({
    'services/idle.mjs': idle,
    'services/slow.mjs': `setTimeout(() => process.send('ready'), 1500)\n${idle}`,
    ...Object.fromEntries([
      ...slow.map((name) => [
        `manifests/${name}.yaml`,
        processManifest(name, 'script: ../services/slow.mjs\nwaitReady: true'),
      ]),
      ...quick.map((name) => [
        `manifests/${name}.yaml`,
        processManifest(name, 'script: ../services/idle.mjs'),
      ]),
    ]),
  })
  const all = [...slow, ...quick].sort()
  expect((await fleet.reconcile(['start'])).status).toBe(0)
  await eventually('all run', async () => String(await listed()) === String(all), 60_000)
  expect((await fleet.pm2(['save'])).status).toBe(0)

  await killProcessesOf(fleet.pm2Home)
  const from = (await fleet.read('p/pm2.log')).length
  expect((await fleet.pm2(['resurrect'])).status).toBe(0)
  await eventually('all is as it was', async () => String(await listed()) === String(all), 60_000)
  const starts = await startsSince(from)
  expect(Object.keys(starts).length).toBeGreaterThanOrEqual(all.length)
  expect(Object.entries(starts).filter(([, count]) => count !== 1)).toEqual([])
}, 180_000)

test('what was deleted and comes back from an old dump is told of, and left alone', async () => {
  fleet = await TestFleet.create({
    'services/idle.mjs': idle,
    'manifests/kept.yaml': processManifest('kept', 'script: ../services/idle.mjs'),
    'manifests/gone.yaml': processManifest('gone', 'script: ../services/idle.mjs'),
  })
  expect((await fleet.reconcile([])).status).toBe(0)
  expect((await fleet.pm2(['save'])).status).toBe(0)
  await fleet.remove('manifests/gone.yaml')
  expect((await fleet.reconcile([])).status).toBe(0)
  expect(await listed()).toEqual(['kept'])
  await killProcessesOf(fleet.pm2Home)
  expect((await fleet.pm2(['resurrect'])).status).toBe(0)
  expect(await listed()).toEqual(['gone', 'kept'])
  const strays = async () => JSON.parse((await fleet.reconcile(['plan', '-o', 'json'])).out).strays
  await eventually('it is told of', async () => (await strays()) !== undefined, 60_000)
  expect(await strays()).toEqual([{ id: 'Process/gone', externalName: 'gone' }])
  expect((await fleet.reconcile([])).out).toContain('gone (Process/gone)')
  expect((await fleet.reconcile(['events'])).out).toContain('Stray')
  expect(await listed()).toEqual(['gone', 'kept'])
}, 180_000)
