import { rm } from 'node:fs/promises'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { Alertmanager } from '../support/alertmanager.ts'
import { eventually, TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'
import { type Received, Sink } from '../support/sink.ts'

/** Runs once and ends: badly as long as the file `broken` lies beside it. */
const job = `
import { existsSync } from 'node:fs'
process.exit(existsSync(new URL('broken', import.meta.url)) ? 1 : 0)
`
const jobManifest = (name: string) =>
  processManifest(
    name,
    'script: ../services/job.mjs\nautorestart: false\nrecovery: { maxAttempts: 1, backoff: { initial: 100ms, max: 100ms } }',
  )
const receiver = (name: string, block: string) =>
  `apiVersion: reconcile.dev/v1\nkind: Receiver\nmetadata: { name: ${name} }\nspec:\n  ${block}\n`
const alert = (name: string, spec: string) =>
  `apiVersion: reconcile.dev/v1\nkind: Alert\nmetadata: { name: ${name} }\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`
const signingKey = `whsec_${Buffer.from('a key that only this test knows!').toString('base64')}`

interface Message {
  readonly status: string
  readonly title: string
  readonly firing: readonly { readonly resource: string | null; readonly trouble: string }[]
  readonly resolved: readonly { readonly resource: string | null; readonly trouble: string }[]
}
const messagesOf = (sink: Sink): readonly Message[] =>
  sink.received.map(({ body }: Received) => JSON.parse(body) as Message)

let fleet: TestFleet
const sinks: Sink[] = []
afterEach(async () => {
  await fleet.destroy()
  for (const sink of sinks.splice(0)) await sink.close()
})
async function openSink(): Promise<Sink> {
  const sink = await Sink.open()
  sinks.push(sink)
  return sink
}

describe('a storm', () => {
  it('of a hundred resources is one message a receiver, and one at its end', async () => {
    const [hook, slack] = [await openSink(), await openSink()]
    const secrets = {
      HOOK_KEY: signingKey,
      SLACK_URL: `http://${slack.host}/services/T000/B000/verysecretpartofanaddress`,
      RECONCILE_ALLOW_HOST: `${hook.host},${slack.host}`,
    }
    fleet = await TestFleet.create({
      'services/job.mjs': job,
      'services/broken': '',
      'manifests/receivers.yaml': [
        receiver('hook', `webhook: { url: "${hook.url}", secret: { fromEnv: HOOK_KEY } }`),
        receiver('chat', 'slack: { url: { fromEnv: SLACK_URL } }'),
      ].join('---\n'),
      'manifests/alert.yaml': alert(
        'on-call',
        'receivers: [Receiver/hook, Receiver/chat]\ngroupWait: 25s\ngroupInterval: 1h',
      ),
    })
    for (let n = 0; n < 100; n++) await fleet.write(`manifests/p${n}.yaml`, jobManifest(`p${n}`))
    const watch = await fleet.watch([], { env: secrets })
    const isOver = (status: string) =>
      eventually(() => {
        for (const sink of [hook, slack]) expect(sink.received.length).toBeGreaterThan(0)
        expect(messagesOf(hook).at(-1)?.status).toBe(status)
      }, 150_000)
    await isOver('firing')
    const [first] = messagesOf(hook)
    expect(first?.title).toContain('[FIRING] fleet default')
    const toldOf = new Set(first?.firing.map(({ resource }) => resource))
    expect(toldOf.size).toBeGreaterThanOrEqual(100)
    expect(slack.received[0]?.body).toMatch(/and \d+ more/)

    await rm(fleet.path('services/broken'))
    expect((await fleet.reconcile(['resume', '--all'])).status).toBe(0)
    await isOver('resolved')
    await eventually(() => expect(slack.received).toHaveLength(2))
    expect(messagesOf(hook).map(({ status }) => status)).toEqual(['firing', 'resolved'])
    expect(slack.received).toHaveLength(2)

    for (const { headers, body } of hook.received) {
      expect(new Webhook(signingKey).verify(body, headers as Record<string, string>)).toMatchObject({
        formatVersion: '1',
      })
      const other = new Webhook(`whsec_${Buffer.from('another key, of someone else....').toString('base64')}`)
      expect(() => other.verify(body, headers as Record<string, string>)).toThrow()
    }

    // Nothing secret in what is said or kept.
    const { out: events } = await fleet.reconcile(['events', 'Receiver/hook', '-o', 'json'])
    expect(JSON.parse(events).events.map(({ reason }: { reason: string }) => reason)).toEqual([
      'AlertSent',
      'AlertSent',
    ])
    watch.signal('SIGTERM')
    expect(await watch.ended).toBe(0)
    const { out: plan } = await fleet.reconcile(['--dry-run', '-o', 'json'], { env: secrets })
    const kept = await fleet.read('.reconcile/state.db')
    expect(kept).toContain('AlertSent')
    for (const text of [watch.log(), events, plan, kept]) {
      expect(text).not.toContain('verysecretpart')
      expect(text).not.toContain(signingKey)
      expect(text).not.toContain(signingKey.slice('whsec_'.length))
    }
    expect(hook.received).toHaveLength(2)
  })
})

describe('a one-shot pass', () => {
  it('tells at its end, not again in the next, and goes on with what it could not tell', async () => {
    const [good, bad] = [await openSink(), await openSink()]
    bad.status(500)
    const env = { RECONCILE_ALLOW_HOST: `${good.host},${bad.host}` }
    fleet = await TestFleet.create({
      'services/job.mjs': job,
      'services/broken': '',
      'manifests/one.yaml': jobManifest('one'),
      'manifests/alerting.yaml': [
        receiver('good', `webhook: { url: "${good.url}" }`),
        receiver('bad', `webhook: { url: "${bad.url}" }`),
        alert('all', 'receivers: [Receiver/good, Receiver/bad]'),
      ].join('---\n'),
    })
    // Whatever only looks sends nothing.
    for (const args of [['check'], ['--dry-run'], ['plan'], ['status']]) await fleet.reconcile(args, { env })
    expect([...good.received, ...bad.received]).toEqual([])

    const first = await fleet.reconcile([], { env })
    expect(first.status).toBe(1)
    expect(first.err).toContain('warning: not told yet: Receiver/bad')
    expect(messagesOf(good).map(({ status }) => status)).toEqual(['firing'])
    expect(bad.received.length).toBeGreaterThan(0)
    const ids = new Set(bad.received.map(({ headers }) => headers['webhook-id']))
    expect(ids.size).toBe(1)

    // Killed between sending and writing down is told as it is: the same message comes again, and is known by its id.
    bad.status(200)
    const before = bad.received.length
    await eventually(async () => {
      await fleet.reconcile([], { env })
      expect(bad.received).toHaveLength(before + 1)
    }, 60_000)
    expect(ids).toContain(bad.received.at(-1)?.headers['webhook-id'])
    expect(good.received).toHaveLength(1)

    await rm(fleet.path('services/broken'))
    await fleet.reconcile(['resume', 'Process/one'], { env })
    expect((await fleet.reconcile([], { env })).status).toBe(0)
    expect(messagesOf(good).map(({ status }) => status)).toEqual(['firing', 'resolved'])
    expect(messagesOf(bad).at(-1)).toMatchObject({ status: 'resolved' })
  })
})

describe('a receiver that does not answer', () => {
  it('holds up neither the result of a pass nor the next pass, and is told once', async () => {
    const sink = await openSink()
    const waiting: (() => void)[] = []
    sink.answer = (_, response) => {
      waiting.push(() => response.end('ok'))
    }
    const env = { RECONCILE_ALLOW_HOST: sink.host }
    fleet = await TestFleet.create({
      'services/job.mjs': job,
      'services/broken': '',
      'manifests/one.yaml': jobManifest('one'),
      'manifests/alerting.yaml': [
        receiver('slow', `webhook: { url: "${sink.url}" }`),
        alert('all', 'receivers: [Receiver/slow]\non: [Degraded]'),
      ].join('---\n'),
    })
    const first = fleet.start([], { env })
    await eventually(() => expect(sink.received).toHaveLength(1))
    // Its result is there, and it still waits for an answer.
    expect(first.log()).toContain('Process/one')
    const second = await fleet.reconcile(['--timeout', '1s', '--only', 'Process/one'], { env })
    expect(second.err).not.toContain('LeaseHeld')
    expect(second.out).toContain('Process/one')
    for (const answer of waiting) answer()
    expect(await first.ended).toBe(1)
    expect(sink.received).toHaveLength(1)
    expect(first.log()).not.toContain('not told yet')
    // Told is told, whoever comes next.
    await fleet.reconcile([], { env })
    expect(sink.received).toHaveLength(1)
    const { out } = await fleet.reconcile(['events', 'Receiver/slow', '-o', 'json'])
    expect(JSON.parse(out).events.map(({ reason }: { reason: string }) => reason)).toEqual(['AlertSent'])
  })
})

describe('a controller that is killed', () => {
  it('between sending and writing down tells once more, under the same id, and no more', async () => {
    const sink = await openSink()
    const env = { RECONCILE_ALLOW_HOST: sink.host }
    fleet = await TestFleet.create({
      'services/job.mjs': job,
      'services/broken': '',
      'manifests/one.yaml': jobManifest('one'),
      'manifests/alerting.yaml': [
        receiver('ops', `webhook: { url: "${sink.url}" }`),
        alert('all', 'receivers: [Receiver/ops]\non: [RecoveryExhausted]\ngroupWait: 0s'),
      ].join('---\n'),
    })
    const first = await fleet.watch([], { env })
    // It has been sent, and is never answered: what happens to it is not known.
    sink.answer = (request) => {
      first.signal('SIGKILL')
      request.socket.destroy()
    }
    await first.ended
    expect(sink.received).toHaveLength(1)

    sink.status(200)
    const second = await fleet.watch([], { env })
    await second.logged('alert sent')
    second.signal('SIGTERM')
    await second.ended
    const toAll = () => sink.received.filter(({ body }) => JSON.parse(body).alert === 'all')
    expect(toAll()).toHaveLength(2)
    // A third one, which proves by something new that it has looked at the old.
    await fleet.write('manifests/other.yaml', alert('other', 'receivers: [Receiver/ops]\ngroupWait: 0s'))
    await fleet.watch([], { env })
    await eventually(() => expect(sink.received.length).toBeGreaterThan(2), 60_000)
    expect(toAll()).toHaveLength(2)
    expect(new Set(toAll().map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  })
})

describe('a real Alertmanager', () => {
  it('takes one alert a resource and trouble, and tells of its end', async () => {
    const sink = await openSink()
    const manager = await Alertmanager.open(sink.url)
    try {
      const env = { RECONCILE_ALLOW_HOST: `localhost:${manager.port}` }
      fleet = await TestFleet.create({
        'services/job.mjs': job,
        'services/broken': '',
        'manifests/one.yaml': jobManifest('one'),
        'manifests/two.yaml': jobManifest('two'),
        'manifests/fleet.yaml': 'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: acme }\n',
        'manifests/alerting.yaml': [
          receiver('manager', `alertmanager: { url: "http://localhost:${manager.port}/" }`),
          alert('all', 'receivers: [Receiver/manager]\non: [Degraded, HealthBelowTarget]'),
        ].join('---\n'),
      })
      expect((await fleet.reconcile(['alert', 'test', 'Receiver/manager'], { env })).status).toBe(0)
      expect((await manager.alerts()).map(({ labels }) => labels.alertname)).toEqual(['ReconcileTest'])

      expect((await fleet.reconcile([], { env })).err).toBe('')
      const firing = (await manager.alerts()).filter(({ labels }) => labels.alert === 'all')
      expect(firing.map(({ labels }) => `${labels.alertname} ${labels.resource}`).sort()).toEqual([
        'Degraded Process/one',
        'Degraded Process/two',
        'HealthBelowTarget undefined',
      ])
      expect(firing.find(({ labels }) => labels.name === 'one')).toMatchObject({
        labels: { fleet: 'acme', kind: 'Process', severity: 'warning' },
        annotations: { summary: 'Process/one: Degraded' },
      })

      await rm(fleet.path('services/broken'))
      await fleet.reconcile(['resume', '--all'], { env })
      expect((await fleet.reconcile([], { env })).status).toBe(0)
      expect((await manager.alerts()).filter(({ labels }) => labels.alert === 'all')).toEqual([])
      // What Alertmanager in turn told its own receiver.
      await eventually(() => {
        const last = sink.received.map(({ body }) => JSON.parse(body)).at(-1)
        const ours = last.alerts.filter(
          ({ labels }: { labels: { alert?: string } }) => labels.alert === 'all',
        )
        expect(ours.map(({ status }: { status: string }) => status)).toEqual([
          'resolved',
          'resolved',
          'resolved',
        ])
      }, 60_000)
    } finally {
      await manager.close()
    }
  })
})

describe('alert test', () => {
  it('sends one message, says what became of it, and names what is misspelt', async () => {
    const sink = await openSink()
    const env = { RECONCILE_ALLOW_HOST: sink.host }
    fleet = await TestFleet.create({
      'services/job.mjs': job,
      'manifests/one.yaml': jobManifest('one'),
      'manifests/alerting.yaml': [
        receiver('ops', `webhook: { url: "${sink.url}" }`),
        receiver('chat', 'slack: { url: { fromEnv: NOT_SET_ANYWHERE } }'),
      ].join('---\n'),
    })
    const sent = await fleet.reconcile(['alert', 'test', 'Receiver/ops'], { env })
    expect(sent).toMatchObject({ status: 0, err: '' })
    expect(sent.out).toMatch(/^Receiver\/ops took the test message in /)
    expect(messagesOf(sink)).toMatchObject([{ status: 'test', title: 'Test from fleet default' }])
    sink.status(403)
    const refused = await fleet.reconcile(['alert', 'test', 'Receiver/ops'], { env })
    expect(refused).toMatchObject({ status: 1, out: 'Receiver/ops was not told: it answered with 403.\n' })
    const unset = await fleet.reconcile(['alert', 'test', 'Receiver/chat'], { env })
    expect(unset.status).toBe(1)
    expect(unset.err).toContain(
      'fromEnv NOT_SET_ANYWHERE: the environment variable is not set where reconcile runs',
    )
    const misspelt = await fleet.reconcile(['alert', 'test', 'Receiver/opps'], { env })
    expect(misspelt.status).toBe(1)
    expect(misspelt.err).toContain('Did you mean Receiver/ops?')
  })
})
