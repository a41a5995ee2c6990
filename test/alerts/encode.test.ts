import { describe, expect, it } from 'vitest'
import { encode } from '../../src/alerts/encode.ts'
import type { Notice, Target, Trouble } from '../../src/core/alert.ts'
import { resourceId } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'

const noon = Date.UTC(2026, 10, 24, 12)
const secret = (text: string) => Secret.read('fromEnv TEST', text, 'digest')

const trouble = (name: string, message: string, own: Partial<Trouble> = {}): Trouble => ({
  type: 'Degraded',
  id: resourceId('Process', name),
  severity: 'warning',
  message,
  since: noon,
  ...own,
})

const firing: Notice = {
  id: 'notice1',
  receiver: 'ops',
  alert: 'on-call',
  groupId: 'all',
  groupName: '',
  status: 'firing',
  firing: [
    trouble('api', 'exit code 1', { type: 'RecoveryExhausted', severity: 'critical' }),
    trouble('api', 'exit code 1'),
    trouble('web', 'probe: <!channel> & *bold* {{ fleet }} @everyone'),
  ],
  resolved: [trouble('db', '')],
  withdrawn: [],
  at: noon,
  since: noon - 60_000,
  attempts: 0,
  nextAttemptAt: noon,
}
const resolved: Notice = { ...firing, status: 'resolved', firing: [], resolved: firing.firing }
const withdrawn: Notice = { ...resolved, resolved: [], withdrawn: firing.firing }

function bodyOf(target: Target, notice: Notice, own: { title?: string; text?: string } = {}) {
  const message = encode(
    notice,
    { name: 'ops', target, unusable: undefined },
    {
      alert: { title: undefined, text: undefined, repeatInterval: 3_600_000, ...own },
      sender: { fleet: 'acme', environment: 'production' },
      now: noon,
    },
  )
  return message.type === 'http'
    ? { url: message.url, headers: message.headers, body: JSON.parse(message.body) }
    : { url: '', headers: {}, body: message }
}

describe('the form of a receiver', () => {
  it('is text with nothing that Slack takes for a command', () => {
    const { url, body } = bodyOf({ type: 'slack', url: secret('https://hooks.example/T/B/x') }, firing)
    expect(url).toBe('https://hooks.example/T/B/x')
    expect(body.text.split('\n')).toEqual([
      '*[FIRING] fleet acme (production): 2 resources, RecoveryExhausted, Degraded*',
      'Process/api: RecoveryExhausted, Degraded: exit code 1',
      'Process/web: Degraded: probe: &lt;!channel&gt; &amp; *bold* {{ fleet }} @everyone',
      'Ended since the last message: Process/db (Degraded).',
    ])
  })

  it('names what ended while something else goes on, and counts the rest', () => {
    const target: Target = { type: 'slack', url: secret('https://hooks.example/T/B/x') }
    const ended = Array.from({ length: 90 }, (_, n) => trouble(`db-${n}`, 'back'))
    const { body } = bodyOf(target, { ...firing, resolved: ended })
    const last = body.text.split('\n').at(-1)
    expect(last).toMatch(/^Ended since the last message: Process\/db-0 \(Degraded\), .*, and \d+ more\.$/)
    expect(last.length).toBeLessThan(400)
    // A text of their own says what its author wrote, and nothing else.
    expect(bodyOf(target, firing, { text: '{{ list }}' }).body.text).not.toContain('Ended')
  })

  it('is text that mentions nobody in Discord, of 2,000 characters at most', () => {
    const target: Target = { type: 'discord', url: secret('https://discord.example/x') }
    const { body } = bodyOf(target, firing)
    expect(body.content).toContain('**\\[FIRING\\] fleet acme')
    expect(body.content).toContain('\\*bold\\*')
    expect(body.allowed_mentions).toEqual({ parse: [] })
    expect(bodyOf(target, firing, { text: 'x'.repeat(5000) }).body.content).toHaveLength(2000)
  })

  it('is a push of the right priority for ntfy', () => {
    const target: Target = {
      type: 'ntfy',
      server: 'https://ntfy.sh',
      topic: secret('acme-ops'),
      token: secret('tk_1'),
    }
    expect(bodyOf(target, firing)).toMatchObject({
      url: 'https://ntfy.sh/',
      headers: { authorization: 'Bearer tk_1' },
      body: { topic: 'acme-ops', priority: 5, tags: ['rotating_light'] },
    })
    expect(bodyOf(target, resolved).body).toMatchObject({ priority: 3, tags: ['white_check_mark'] })
    const wide = Array.from({ length: 20 }, (_, n) => trouble(`p${n}`, '語'.repeat(300)))
    const { message } = bodyOf(target, { ...firing, firing: wide }).body
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(3500)
  })

  it('is one incident for PagerDuty, from its trigger to its end', () => {
    const target: Target = {
      type: 'pagerduty',
      url: 'https://events.pagerduty.com',
      routingKey: secret('key'),
    }
    const begin = bodyOf(target, firing)
    const end = bodyOf(target, resolved)
    expect(begin.url).toBe('https://events.pagerduty.com/v2/enqueue')
    expect(begin.body).toMatchObject({
      routing_key: 'key',
      event_action: 'trigger',
      payload: { severity: 'critical', source: 'reconcile/acme' },
    })
    expect(end.body.event_action).toBe('resolve')
    expect(end.body.dedup_key).toBe(begin.body.dedup_key)
  })

  it('is one thread of mail, whose subject has one line', () => {
    const target: Target = {
      type: 'email',
      host: 'smtp.example.com',
      port: 587,
      security: 'starttls',
      username: undefined,
      password: undefined,
      from: 'alerts@example.com',
      to: ['ops@example.com'],
    }
    const begin = bodyOf(target, firing, { title: '{{ status }} {{ resources }}\u0000 {{ nothing }}' }).body
    const end = bodyOf(target, { ...resolved, id: 'notice2' }).body
    expect(begin.subject).toBe('FIRING Process/api, Process/web  {{ nothing }}')
    expect(begin.inReplyTo).toBe(end.inReplyTo)
    expect(begin.messageId).not.toBe(end.messageId)
  })

  it('is signed with the time for a webhook, and counts what it does not list', () => {
    const target: Target = {
      type: 'webhook',
      url: 'https://ops.example.com/',
      secret: secret('sixteen characters'),
      token: undefined,
    }
    const many = Array.from({ length: 700 }, (_, n) => trouble(`p${n}`, 'x'))
    const { headers, body } = bodyOf(target, { ...firing, firing: many })
    expect(headers).toMatchObject({ 'webhook-id': 'notice1', 'webhook-timestamp': String(noon / 1000) })
    expect(headers['webhook-signature' as keyof typeof headers]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/)
    expect(body.firing).toHaveLength(500)
    expect(body.counts).toEqual({ firing: 700, resolved: 1, withdrawn: 0 })
    expect(JSON.stringify(body)).not.toContain('sixteen')
  })
})

describe('a template', () => {
  it('fills placeholders once, and evaluates nothing', () => {
    const odd = [trouble('api', '{{ time }} $(exit) {{ constructor }} $& $1')]
    const { body } = bodyOf(
      { type: 'slack', url: 'https://x.example' },
      { ...firing, firing: odd, resolved: [] },
      {
        title: '{{status}}: {{ count }} in {{ fleet }}/{{ environment }}',
        text: '{{ list }} {{ toString }}',
      },
    )
    expect(body.text).toBe(
      '*FIRING: 1 in acme/production*\nProcess/api: Degraded: {{ time }} $(exit) {{ constructor }} $&amp; $1 {{ toString }}',
    )
  })
})

it('of many troubles with long messages says how many more there are, within what each chat takes', () => {
  const many = Array.from({ length: 100 }, (_, at) =>
    trouble(`p${at}`, `ended with exit code 1; ${'x'.repeat(120)}`),
  )
  const storm: Notice = { ...firing, firing: many, resolved: [] }
  const url = secret('https://chat.example/hook')
  const slack = bodyOf({ type: 'slack', url }, storm).body as { readonly text: string }
  const discord = bodyOf({ type: 'discord', url }, storm).body as { readonly content: string }
  for (const text of [slack.text, discord.content]) {
    expect(text.length).toBeLessThanOrEqual(2000)
    expect(text).toMatch(/\nand \d\d more$/)
  }
})

describe('what is reported no longer though nobody saw it end', () => {
  const chat: Target = { type: 'slack', url: secret('https://hooks.example/T/B/x') }
  const pager: Target = { type: 'pagerduty', url: 'https://events.example', routingKey: secret('key') }
  const prometheus: Target = {
    type: 'alertmanager',
    url: 'https://am.example',
    username: undefined,
    password: undefined,
    token: undefined,
  }
  const phone: Target = { type: 'ntfy', server: 'https://ntfy.example', topic: 'x', token: undefined }

  it('is never called resolved', () => {
    expect(bodyOf(chat, withdrawn).body.text.split('\n')).toEqual([
      '*[WITHDRAWN] fleet acme (production): 2 resources, RecoveryExhausted, Degraded*',
      'The manifests changed, and this is reported no longer. Nobody saw it end:',
      'Process/api: RecoveryExhausted, Degraded',
      'Process/web: Degraded',
    ])
    expect(bodyOf(chat, withdrawn, { text: '{{ status }} {{ severity }} {{ list }}' }).body.text).toContain(
      'WITHDRAWN critical Process/api: RecoveryExhausted',
    )
    expect(bodyOf(phone, withdrawn).body.tags).toEqual(['no_bell'])
  })

  it.each([
    ['what goes on', firing],
    ['what ended', resolved],
  ])('is named beside %s', (_, notice) => {
    const { body } = bodyOf(chat, { ...notice, withdrawn: [trouble('job', 'late')] })
    expect(body.text).not.toContain('WITHDRAWN')
    expect(body.text.split('\n').at(-1)).toBe(
      'Reported no longer because the manifests changed, and not seen to end: Process/job (Degraded).',
    )
  })

  it('leaves no incident and no alert open', () => {
    const begin = bodyOf(pager, firing).body
    const end = bodyOf(pager, withdrawn).body
    expect([end.event_action, end.dedup_key]).toEqual(['resolve', begin.dedup_key])
    for (const { endsAt } of bodyOf(prometheus, withdrawn).body) expect(Date.parse(endsAt)).toBe(noon)
    expect(bodyOf(prometheus, withdrawn).body).toHaveLength(3)
  })
})
