import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, freePort, lives, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

const server = `
import { createServer } from 'node:http'
createServer((request, response) => response.end(request.url === '/healthz' ? 'ok' : process.env.GREETING))
  .listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'))
`
const idle = 'setInterval(() => undefined, 1000)\n'

describe('a fleet from nothing', () => {
  let fleet: TestFleet
  let port: number

  beforeAll(async () => {
    port = await freePort()
    fleet = await TestFleet.create({
      'services/web.mjs': server,
      'services/idle.mjs': idle,
      'manifests/web.yaml': processManifest(
        'web',
        `script: ../services/web.mjs\nenv: { PORT: "${port}", GREETING: hello }\nhealth:\n  http: { port: ${port}, path: /healthz }\n  interval: 1s`,
      ),
      'manifests/worker.yaml': processManifest(
        'worker',
        'script: ../services/idle.mjs\ndependsOn: [Process/web]',
      ),
      'manifests/job.yaml': processManifest(
        'job',
        'script: ../services/idle.mjs\ncron: "0 3 * * *"\nautorestart: false',
      ),
    })
  })
  afterAll(() => fleet.destroy())

  it('is previewed without leaving a trace', async () => {
    const run = await fleet.reconcile(['--dry-run', '--detailed-exitcode'])
    expect(run.err).toBe('')
    expect(run.out).toContain('+ Process/web')
    expect(run.out).toContain('Dry run: nothing was changed.')
    expect(run.status).toBe(2)
    await expect(fleet.read('.reconcile/state.db')).rejects.toThrow('ENOENT')
    await expect(fleet.read('p/pm2.pid')).rejects.toThrow('ENOENT')
  })

  it('is brought up by one pass, and is then as declared', async () => {
    const run = await fleet.reconcile([])
    expect(run.out + run.err).toContain('Healthy')
    expect(run.status).toBe(0)
    const processes = await fleet.processes()
    expect(processes.map(({ name, pm2_env }) => [name, pm2_env.status]).sort()).toEqual([
      ['job', 'stopped'],
      ['web', 'online'],
      ['worker', 'online'],
    ])
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    expect(await answer.text()).toBe('hello')
  })

  it('is left alone by a second pass', async () => {
    const before = lives(await fleet.processes())
    const run = await fleet.reconcile([])
    expect(run.status).toBe(0)
    expect(lives(await fleet.processes())).toEqual(before)
    const dry = await fleet.reconcile(['--dry-run', '--detailed-exitcode'])
    expect(dry.status).toBe(0)
    expect(dry.out).toContain('3 unchanged')
  })

  it('sees what was deleted by hand and brings it back, and nothing else', async () => {
    await fleet.pm2(['delete', 'worker'])
    const dry = await fleet.reconcile(['plan', '--detailed-exitcode'])
    expect(dry.status).toBe(2)
    expect(dry.out).toContain('Process/worker')
    const before = (await fleet.processes()).filter(({ name }) => name !== 'worker')
    expect((await fleet.reconcile([])).status).toBe(0)
    const after = await fleet.processes()
    expect(after.find(({ name }) => name === 'worker')?.pm2_env.status).toBe('online')
    expect(lives(after.filter(({ name }) => name !== 'worker'))).toEqual(lives(before))
  })

  it('changes what runs when a manifest changes', async () => {
    const text = await fleet.read('manifests/web.yaml')
    await fleet.write('manifests/web.yaml', text.replace('GREETING: hello', 'GREETING: good evening'))
    const plan = await fleet.reconcile(['plan', '-o', 'json'])
    const web = JSON.parse(plan.out).resources.find(
      (resource: { id: string }) => resource.id === 'Process/web',
    )
    expect(web.actions[0].changes).toEqual([
      { path: 'env.GREETING', before: 'hello', after: 'good evening', sensitive: false },
    ])
    expect((await fleet.reconcile([])).status).toBe(0)
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    expect(await answer.text()).toBe('good evening')
  })

  it('keeps everything where a manifest is broken, and says where', async () => {
    const good = await fleet.read('manifests/worker.yaml')
    const before = lives(await fleet.processes())
    await fleet.write('manifests/worker.yaml', good.replace('script:', 'scirpt:'))
    const run = await fleet.reconcile([])
    expect(run.status).toBe(1)
    expect(run.err).toMatch(/manifests\/worker\.yaml:5:3/)
    expect(lives(await fleet.processes())).toEqual(before)
    await fleet.write('manifests/worker.yaml', good)
  })

  it('deletes what it created and is no longer declared, and touches nobody else', async () => {
    await fleet.write('services/other.mjs', idle)
    await fleet.pm2(['start', 'services/other.mjs', '--name', 'other'])
    const job = await fleet.read('manifests/job.yaml')
    await fleet.write('manifests/job.yaml', job.replaceAll('name: job', 'name: job2'))
    expect((await fleet.reconcile([])).status).toBe(0)
    const names = (await fleet.processes()).map(({ name }) => name).sort()
    expect(names).toEqual(['job2', 'other', 'web', 'worker'])
  })

  it('ends what ran under the name before where a process is given another one, though both want one port', async () => {
    const text = await fleet.read('manifests/web.yaml')
    await fleet.write('manifests/web.yaml', text.replace('spec:', 'spec:\n  name: shop'))
    const plan = await fleet.reconcile(['plan', '-o', 'json'])
    const planned = JSON.parse(plan.out).resources.map(
      (resource: { id: string; actions: { verb: string }[] }) => [resource.id, resource.actions[0]?.verb],
    )
    expect(planned).toContainEqual(['Process/web', 'create'])
    expect(planned).toContainEqual(['Process/web@web', 'delete'])
    const run = await fleet.reconcile([])
    expect(run.out + run.err).toContain('was Process/web')
    expect(run.status).toBe(0)
    const names = (await fleet.processes()).map(({ name }) => name).sort()
    expect(names).toEqual(['job2', 'other', 'shop', 'worker'])
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('good evening')
    expect((await fleet.reconcile(['events', 'Process/web'])).out).toContain('Renamed')
    await fleet.write('manifests/web.yaml', text)
    expect((await fleet.reconcile([])).status).toBe(0)
    expect((await fleet.processes()).map(({ name }) => name).sort()).toEqual([
      'job2',
      'other',
      'web',
      'worker',
    ])
  })

  it('adopts what already runs as declared without restarting it, and never deletes it', async () => {
    const before = lives((await fleet.processes()).filter(({ name }) => name === 'other'))
    await fleet.write(
      'manifests/other.yaml',
      processManifest('other', 'script: ../services/other.mjs\ncwd: ..'),
    )
    expect((await fleet.reconcile([])).status).toBe(0)
    expect(lives((await fleet.processes()).filter(({ name }) => name === 'other'))).toEqual(before)
    await fleet.write('manifests/other.yaml', '# nothing any more\n')
    const emptied = await fleet.reconcile([])
    expect(emptied.err).toContain('what it declared before stays')
    expect(emptied.status).toBe(1)
    await fleet.remove('manifests/other.yaml')
    expect((await fleet.reconcile([])).status).toBe(0)
    expect(lives((await fleet.processes()).filter(({ name }) => name === 'other'))).toEqual(before)
  })

  it('holds what is something else under a declared name', async () => {
    await fleet.write('manifests/other.yaml', processManifest('other', 'script: ../services/web.mjs'))
    const before = lives((await fleet.processes()).filter(({ name }) => name === 'other'))
    const run = await fleet.reconcile(['--timeout', '5s'])
    expect(run.status).toBe(1)
    expect(run.out).toContain('adopt: true')
    expect(lives((await fleet.processes()).filter(({ name }) => name === 'other'))).toEqual(before)
  })

  it('holds more deletions than the fleet allows', async () => {
    for (let n = 0; n < 6; n++) {
      await fleet.write(
        `manifests/extra/${n}.yaml`,
        processManifest(`extra-${n}`, 'script: ../../services/idle.mjs'),
      )
    }
    await fleet.remove('manifests/other.yaml')
    expect((await fleet.reconcile([])).status).toBe(0)
    for (let n = 0; n < 6; n++) await fleet.remove(`manifests/extra/${n}.yaml`)
    const held = await fleet.reconcile([])
    expect(held.status).toBe(1)
    expect(held.out).toContain('--allow-deletions 6')
    expect((await fleet.processes()).filter(({ name }) => name.startsWith('extra-'))).toHaveLength(6)
    expect((await fleet.reconcile(['--allow-deletions', '6'])).status).toBe(0)
    expect((await fleet.processes()).filter(({ name }) => name.startsWith('extra-'))).toHaveLength(0)
  })

  it('is described by what the store knows', async () => {
    const status = await fleet.reconcile(['status', '-o', 'json'])
    const { resources, health } = JSON.parse(status.out)
    expect(health).toMatchObject({ score: 100, state: 'Healthy' })
    expect(resources.map((resource: { id: string }) => resource.id)).toEqual([
      'Process/job2',
      'Process/web',
      'Process/worker',
    ])
    const described = await fleet.reconcile(['describe', 'Process/web'])
    expect(described.status).toBe(0)
    expect(described.out).toContain('Process/web')
    expect((await fleet.reconcile(['describe', 'Process/nobody'])).status).toBe(1)
    const events = await fleet.reconcile(['events', 'Process/web'])
    expect(events.out).toContain('Created')
  })

  it('tells of what a lost state leaves behind, and leaves it alone', async () => {
    await fleet.write('manifests/left.yaml', processManifest('left', 'script: ../services/idle.mjs'))
    expect((await fleet.reconcile([])).status).toBe(0)
    await fleet.remove('manifests/left.yaml')
    for (const end of ['', '-wal', '-shm'])
      await fleet.remove(`.reconcile/state.db${end}`).catch(() => undefined)
    const before = lives(await fleet.processes())
    const plan = await fleet.reconcile(['plan', '-o', 'json'])
    expect(JSON.parse(plan.out).strays).toEqual([{ id: 'Process/left', externalName: 'left' }])
    const run = await fleet.reconcile([])
    expect(run.out).toContain('left (Process/left)')
    expect(run.status).toBe(0)
    const status = await fleet.reconcile(['status'])
    expect(status.out).toContain('left (Process/left)')
    expect((await fleet.reconcile(['events'])).out).toContain('Stray')
    expect(lives(await fleet.processes())).toEqual(before)
    await fleet.pm2(['delete', 'left'])
  })
})

describe('watch', () => {
  let fleet: TestFleet
  let port: number

  beforeAll(async () => {
    port = await freePort()
    fleet = await TestFleet.create({
      'services/web.mjs': server,
      'manifests/web.yaml': processManifest(
        'web',
        `script: ../services/web.mjs\nenv: { PORT: "${port}", GREETING: one }\nhealth:\n  tcp: { port: ${port} }\n  interval: 1s`,
      ),
    })
  })
  afterAll(() => fleet.destroy())

  it('heals, follows edits, survives bad ones and ends cleanly, leaving the processes running', async () => {
    const watch = await fleet.watch()
    await eventually(async () => expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('one'))

    await fleet.pm2(['delete', 'web'])
    await eventually(async () => expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('one'))

    const text = await fleet.read('manifests/web.yaml')
    await fleet.write('manifests/web.yaml', text.replace('GREETING: one', 'GREETING: two'))
    await eventually(async () => expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('two'))

    const before = lives(await fleet.processes())
    const from = watch.log().length
    await fleet.write('manifests/web.yaml', `${text}\n  bad: [`)
    await watch.logged('web.yaml', from)
    expect(lives(await fleet.processes())).toEqual(before)
    await fleet.write('manifests/web.yaml', text.replace('GREETING: one', 'GREETING: two'))

    const asked = await fleet.reconcile([])
    expect(asked.status).toBe(0)
    expect(asked.out + asked.err).toContain(String(watch.pid))

    watch.signal('SIGTERM')
    expect(await watch.ended).toBe(0)
    expect(lives(await fleet.processes())).toEqual(before)
  })

  it('heals what is deleted, and brings an edit about, within a second', async () => {
    const answer = () =>
      fetch(`http://127.0.0.1:${port}/`)
        .then((response) => response.text())
        .catch(() => undefined)
    const watch = await fleet.watch()
    await watch.logged('controller started')
    await eventually(async () => expect(await answer()).toBe('two'))
    const text = await fleet.read('manifests/web.yaml')

    /** Milliseconds from the last answer before a deletion to the first after it. */
    const heal = async (): Promise<number> => {
      let last = performance.now()
      let isGone = false
      const deleting = fleet.pm2(['delete', 'web'])
      for (;;) {
        const asked = performance.now()
        if ((await answer()) === undefined) isGone = true
        else if (isGone) break
        else last = asked
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      const took = performance.now() - last
      await deleting
      return took
    }
    /** Milliseconds from the save to the first answer that shows it. */
    const edit = async (greeting: string): Promise<number> => {
      const saved = performance.now()
      await fleet.write('manifests/web.yaml', text.replace('GREETING: two', `GREETING: ${greeting}`))
      while ((await answer()) !== greeting) await new Promise((resolve) => setTimeout(resolve, 5))
      return performance.now() - saved
    }
    // What else this machine does meanwhile is nobody's fault: the best of some rounds counts.
    const heals = [await heal(), await heal(), await heal()]
    const edits = [await edit('three'), await edit('four'), await edit('five')]
    expect(Math.min(...heals)).toBeLessThan(1000)
    expect(Math.min(...edits)).toBeLessThan(1000)
    // A terminal tells everybody in it, and npm what it started once more: both mean one end.
    for (const wait of [0, 5, 50]) {
      await new Promise((resolve) => setTimeout(resolve, wait))
      watch.signal('SIGTERM')
    }
    expect(await watch.ended).toBe(0)
    expect(watch.log()).toContain('controller ended')
  })
})
