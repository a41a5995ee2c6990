import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, TestFleet } from '../support/fleet.ts'
import { Mailbox } from '../support/mailbox.ts'
import { Sink } from '../support/sink.ts'

/** Sets of scripts that fail, and are well again, all at once: no process has to be started for it. */
const sets = Array.from({ length: 100 }, (_, index) => `set-${index}`)
const setManifest = (name: string) =>
  `apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: ${name} }\nspec: { package: ../packages/${name}/package.json, required: [build] }\n`
async function writePackages(script: string): Promise<void> {
  for (const name of sets)
    await fleet.write(`packages/${name}/package.json`, `{ "scripts": { "${script}": "true" } }\n`)
}
const receiver = (name: string, block: string) =>
  `apiVersion: reconcile.dev/v1\nkind: Receiver\nmetadata: { name: ${name} }\nspec: { ${block} }\n`

const secrets = {
  DISCORD_PATH: 'discordtokenthatnobodyknows',
  ROUTING_KEY: 'routingkeythatnobodyknows0000000',
  NTFY_TOPIC: 'topicthatnobodyknows',
  SMTP_PASSWORD: 'a-password-that-nobody-knows',
}
const names = ['discord', 'ntfy', 'pagerduty', 'email'] as const

let fleet: TestFleet
let discord: Sink
let ntfy: Sink
let pagerduty: Sink
let mailbox: Mailbox
let env: Record<string, string>
beforeEach(async () => {
  discord = await Sink.open()
  ntfy = await Sink.open()
  pagerduty = await Sink.open()
  // As the vendors answer: nothing, and what was taken.
  discord.status(204)
  pagerduty.answer = (_, response) =>
    response.writeHead(202).end('{"status":"success","message":"Event processed","dedup_key":"x"}')
  mailbox = await Mailbox.open(secrets.SMTP_PASSWORD, {
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
  })
  const mailHost = `127.0.0.1:${mailbox.port}`
  env = {
    ...secrets,
    DISCORD_URL: `http://${discord.host}/api/webhooks/1/${secrets.DISCORD_PATH}`,
    RECONCILE_ALLOW_HOST: [discord.host, ntfy.host, pagerduty.host, mailHost].join(','),
  }
  fleet = await TestFleet.create({
    'manifests/fleet.yaml': 'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: acme }\n',
    'manifests/receivers.yaml': [
      receiver('discord', 'discord: { url: { fromEnv: DISCORD_URL } }'),
      receiver('ntfy', `ntfy: { server: "http://${ntfy.host}", topic: { fromEnv: NTFY_TOPIC } }`),
      receiver(
        'pagerduty',
        `pagerduty: { url: "http://${pagerduty.host}", routingKey: { fromEnv: ROUTING_KEY } }`,
      ),
      receiver(
        'email',
        `email: { host: "127.0.0.1", port: ${mailbox.port}, security: none, from: alerts@example.com, to: [ops@example.com] }`,
      ),
    ].join('---\n'),
    'manifests/sets.yaml': sets.map(setManifest).join('---\n'),
  })
  await writePackages('build')
})
afterEach(async () => {
  await fleet.destroy()
  for (const sink of [discord, ntfy, pagerduty]) await sink.close()
  await mailbox.close()
})

const bodiesOf = (sink: Sink) => sink.received.map(({ body }) => JSON.parse(body))
/** How often each was told. */
const counts = () => [
  discord.received.length,
  ntfy.received.length,
  pagerduty.received.length,
  mailbox.mails.length,
]
const subjects = () => mailbox.mails.map((mail) => /^Subject: (.*)$/m.exec(mail)?.[1]?.trim())

function expectNoSecretIn(...texts: readonly string[]): void {
  for (const text of texts) for (const secret of Object.values(secrets)) expect(text).not.toContain(secret)
}

describe('a receiver of a manifest', () => {
  it.each(names)('%s takes a test message in the form that its vendor asks for', async (name) => {
    const { status, out, err } = await fleet.reconcile(['alert', 'test', `Receiver/${name}`], { env })
    expect(status, out + err).toBe(0)
    expect(out).toMatch(new RegExp(`^Receiver/${name} took the test message in `))
    expectNoSecretIn(out, err)
    // An incident that a test opens is closed again: nobody else would.
    const times = name === 'pagerduty' ? 2 : 1
    expect(counts()).toEqual(names.map((each) => (each === name ? times : 0)))
    const title = 'Test from fleet acme'
    if (name === 'discord') {
      expect(discord.received[0]?.path).toBe(`/api/webhooks/1/${secrets.DISCORD_PATH}`)
      expect(bodiesOf(discord)[0]).toMatchObject({
        content: expect.stringContaining(`**${title}**`),
        allowed_mentions: { parse: [] },
      })
    }
    if (name === 'ntfy') {
      expect(ntfy.received[0]?.path).toBe('/')
      expect(bodiesOf(ntfy)[0]).toMatchObject({ topic: secrets.NTFY_TOPIC, title })
    }
    if (name === 'pagerduty') {
      expect(pagerduty.received[0]?.path).toBe('/v2/enqueue')
      expect(bodiesOf(pagerduty)[0]).toMatchObject({
        routing_key: secrets.ROUTING_KEY,
        event_action: 'trigger',
        payload: { summary: title, source: 'reconcile/acme' },
      })
      const [opened, closed] = bodiesOf(pagerduty)
      expect(closed).toMatchObject({ event_action: 'resolve', dedup_key: opened.dedup_key })
    }
    if (name === 'email') {
      expect(subjects()).toEqual([title])
      expect(mailbox.mails[0]).toMatch(/^To: ops@example\.com/m)
    }
  })
})

describe('a storm', () => {
  it('of a hundred resources is one message at each, after the usual wait, and one at its end', async () => {
    await fleet.write(
      'manifests/alert.yaml',
      // Only how soon the end is told is not as usual: five minutes are long for a test.
      `apiVersion: reconcile.dev/v1\nkind: Alert\nmetadata: { name: on-call }\nspec: { receivers: [${names.map((name) => `Receiver/${name}`).join(', ')}], groupInterval: 5s }\n`,
    )
    const watch = await fleet.watch([], { env })
    const isScore = (score: number) =>
      eventually(async () => {
        const { out } = await fleet.reconcile(['health', '-o', 'json'])
        expect(JSON.parse(out).health).toMatchObject({ score })
      })
    await isScore(100)
    await writePackages('renamed')
    // Whoever asks for a pass has all of them looked at now.
    await fleet.reconcile(['--no-wait'], { env })
    await isScore(0)
    await eventually(() => expect(counts()).toEqual([1, 1, 1, 1]), 150_000)
    expect(bodiesOf(discord)[0].content).toContain('FIRING')
    expect(bodiesOf(discord)[0].content.length).toBeLessThanOrEqual(2000)
    expect(Buffer.byteLength(ntfy.received[0]?.body ?? '')).toBeLessThan(4096)
    expect(bodiesOf(ntfy)[0]).toMatchObject({ priority: 5, tags: ['rotating_light'] })
    const [trigger] = bodiesOf(pagerduty)
    expect(trigger).toMatchObject({ event_action: 'trigger', payload: { severity: 'critical' } })
    expect(trigger.payload.custom_details.firing).toBeGreaterThanOrEqual(sets.length)
    expect(subjects()[0]).toContain('[FIRING] fleet acme')

    await writePackages('build')
    await fleet.reconcile(['--no-wait'], { env })
    await isScore(100)
    const resolved = () => bodiesOf(pagerduty).filter(({ event_action }) => event_action === 'resolve')
    await eventually(() => expect(resolved()).toHaveLength(1), 150_000)
    await eventually(() => expect(counts()).toEqual([2, 2, 2, 2]))
    // What was opened is closed, under its own key.
    expect(resolved()[0].dedup_key).toBe(trigger.dedup_key)
    expect(bodiesOf(discord)[1].content).toContain('RESOLVED')
    expect(bodiesOf(ntfy)[1].tags).toEqual(['white_check_mark'])
    expect(subjects()[1]).toContain('[RESOLVED] fleet acme')

    watch.signal('SIGTERM')
    expect(await watch.ended).toBe(0)
    expect(counts()).toEqual([2, 2, 2, 2])
    expectNoSecretIn(watch.log(), await fleet.read('.reconcile/state.db'))
  }, 400_000)
})
