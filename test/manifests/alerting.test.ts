import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { check, makeFolder, read } from './support.ts'

const head = (kind: string, name: string) =>
  `apiVersion: reconcile.dev/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec:\n`
const receiver = (name: string, spec: string) => `${head('Receiver', name)}  ${spec}\n`
const alert = (name: string, ...lines: readonly string[]) =>
  `${head('Alert', name)}${lines.map((line) => `  ${line}\n`).join('')}`
const api = `${head('Process', 'api')}  script: /bin/true\n`

async function faultsOf(files: Readonly<Record<string, string>>, hosts: readonly string[] = []) {
  const folder = await makeFolder({ 'manifests/api.yaml': api, ...files })
  const { diagnostics } = await check(folder, { allow: { hosts, paths: [] } })
  return diagnostics.map(({ code, position, message, hint }) => ({
    code,
    at: `${position.line}:${position.column}`,
    message,
    hint,
  }))
}

describe('an alert and its receivers', () => {
  it('are read with defaults, and their secrets as secrets', async () => {
    const folder = await makeFolder({
      'manifests/api.yaml': api,
      'manifests/alerts.yaml': [
        receiver('ops', 'webhook: { url: https://ops.example.com/, secret: { fromEnv: KEY } }'),
        receiver('chat', 'slack: { url: { fromEnv: NOT_SET } }'),
        alert('all', 'receivers: [Receiver/ops]'),
      ].join('---\n'),
    })
    const key = 'a signing key that nobody knows'
    const { alerting, resources, diagnostics } = await read(folder, { env: { KEY: key } })
    expect(diagnostics).toEqual([])
    expect(resources.map(({ id }) => id)).toEqual(['Process/api'])
    expect(alerting.alerts).toMatchObject([
      {
        name: 'all',
        receivers: ['ops'],
        groupWait: 30_000,
        groupInterval: 300_000,
        repeatInterval: 14_400_000,
      },
    ])
    expect(alerting.alerts[0]?.on).not.toContain('Unknown')
    const [chat, ops] = alerting.receivers
    expect(chat?.unusable).toBe('fromEnv NOT_SET: the environment variable is not set where reconcile runs')
    expect(ops?.unusable).toBeUndefined()
    expect(inspect(alerting, { depth: 9 }) + JSON.stringify(alerting)).not.toContain(key)
  })

  it('that do not fit each other are told with place and suggestion', async () => {
    const faults = await faultsOf({
      'manifests/alerts.yaml': [
        receiver('ops', 'slack: { url: { fromEnv: URL } }'),
        receiver('ops', 'slack: { url: { fromEnv: URL } }'),
        alert('all', 'receivers: [Receiver/opps]', 'kinds: [Proces]', 'title: "{{ flet }}"', 'groupWait: 2d'),
        alert('fleet', 'receivers: [Receiver/ops]', 'on: [ControllerError]', 'labels: { tier: core }'),
      ].join('---\n'),
      'manifests/web.yaml': `${head('Process', 'web')}  script: /bin/true\n  dependsOn: [Receiver/ops]\n`,
    })
    expect(faults).toMatchObject([
      { code: 'duplicate-id', at: '9:19' },
      { code: 'unknown-reference', at: '17:15', hint: 'Did you mean Receiver/ops?' },
      { code: 'unknown-kind', hint: 'Did you mean `Process`?' },
      { code: 'alert-placeholder', hint: 'Did you mean `{{ fleet }}`?' },
      { code: 'duration-out-of-bounds' },
      { code: 'alert-selects-nothing' },
      { code: 'unknown-reference', at: '6:15' },
    ])
  })

  it('of which one is broken leave the resources as they are', async () => {
    const folder = await makeFolder({
      'manifests/api.yaml': api,
      'manifests/alerts.yaml': receiver('ops', 'slack: { url: plain }'),
    })
    const { alerting, resources, missing, isComplete } = await read(folder)
    expect(alerting.receivers).toEqual([])
    expect(resources).toHaveLength(1)
    expect({ missing, isComplete }).toEqual({ missing: [], isComplete: false })
  })
})

describe('a receiver', () => {
  it.each([
    ['has one block', '{}', 'receiver-block-count'],
    [
      'has no second block',
      '{ slack: { url: { fromEnv: A } }, discord: { url: { fromEnv: B } } }',
      'receiver-block-count',
    ],
    ['holds no secret in a default', '{ slack: { url: { fromEnv: A, default: "x" } } }', 'receiver-default'],
    ['takes its secrets as references', '{ pagerduty: { routingKey: abc } }', 'wrong-type'],
    [
      'has a password for its name',
      '{ email: { host: a.example, username: u, from: a@b.c, to: [d@e.f] } }',
      'receiver-credentials',
    ],
  ])('%s', async (_, spec, code) => {
    const faults = await faultsOf({ 'manifests/r.yaml': receiver('r', spec).replace('spec:\n ', 'spec:') })
    expect(faults.map((fault) => fault.code)).toEqual([code])
  })

  it.each([
    ['into this machine', 'webhook: { url: "https://localhost:8443/" }', 'localhost:8443'],
    ['into a private network', 'webhook: { url: "https://10.1.2.3/" }', '10.1.2.3'],
    ['unencrypted', 'alertmanager: { url: "http://alerts.example.com:9093" }', 'alerts.example.com:9093'],
    [
      'with a token to a stranger',
      'ntfy: { server: "https://ntfy.example.com", topic: a, token: { fromEnv: T } }',
      'ntfy.example.com',
    ],
    [
      'with a secret topic to a stranger',
      'ntfy: { server: "https://ntfy.example.com", topic: { fromEnv: T } }',
      'ntfy.example.com',
    ],
    [
      'with a key to a stranger',
      'pagerduty: { url: "https://pager.example.com", routingKey: { fromEnv: K } }',
      'pager.example.com',
    ],
    [
      'by mail with a password',
      'email: { host: a.example, username: u, password: { fromEnv: P }, from: a@b.c, to: [d@e.f] }',
      'a.example:587',
    ],
    [
      'by mail unencrypted',
      'email: { host: a.example, port: 25, security: none, from: a@b.c, to: [d@e.f] }',
      'a.example:25',
    ],
  ])('sends nothing %s unless a person allowed the host', async (_, spec, host) => {
    const files = { 'manifests/r.yaml': receiver('r', spec) }
    const faults = await faultsOf(files)
    expect(faults).toMatchObject([
      { code: 'host-not-allowed', hint: `Allow it with \`--allow-host ${host}\`.` },
    ])
    expect(await faultsOf(files, [host])).toEqual([])
  })

  it('sends a token to where the environment says, and not to where a file or a command says', async () => {
    const spec = (url: string) => receiver('r', `webhook: { url: ${url}, token: { fromEnv: T } }`)
    expect(await faultsOf({ 'manifests/r.yaml': spec('{ fromEnv: URL }') })).toEqual([])
    for (const url of ['{ fromFile: url }', '{ fromCommand: [echo, "https://example.com"] }']) {
      expect(await faultsOf({ 'manifests/r.yaml': spec(url) })).toMatchObject([{ code: 'host-not-allowed' }])
    }
  })
})

it('every manifest of the documentation passes its check', async () => {
  const text = await readFile(fileURLToPath(new URL('../../docs/alerts.md', import.meta.url)), 'utf8')
  const documents = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, body = '']) => body)
  expect(documents).toHaveLength(8)
  const hosts = ['ops.example.com', 'localhost:9093']
  for (const document of documents) {
    const name = document.includes('kind: Alert\n') ? 'an alert' : 'a receiver'
    const others = name === 'an alert' ? ['ops', 'phone'] : []
    const files = Object.fromEntries(
      others.map((other) => [`manifests/${other}.yaml`, receiver(other, 'slack: { url: { fromEnv: A } }')]),
    )
    expect([document, await faultsOf({ ...files, 'manifests/it.yaml': document }, hosts)]).toEqual([
      document,
      [],
    ])
  }
})
