import { describe, expect, test } from 'vitest'
import { printDocument } from '../../src/cli/documents.ts'
import { withoutSecrets } from '../../src/cli/masked-call.ts'
import type { OutputFormat } from '../../src/cli/options.ts'
import { isOwnWord } from '../../src/cli/own-words.ts'
import { printPlan } from '../../src/cli/plan/print-plan.ts'
import type { Plan } from '../../src/core/plan.ts'
import { SecretMask } from '../../src/core/secret-mask.ts'
import { describeDocument } from '../../src/reports/describe-json.ts'
import { description, plan } from '../reports/samples.ts'
import { canary, formsIn } from '../support/canary.ts'

const hexKey = '4f1c9ad0b7e25836aa0194cd7be1f3025d6c8e71'

async function printed(
  made: Plan,
  options: { readonly secrets: readonly string[]; readonly output: OutputFormat; readonly columns?: number },
): Promise<string> {
  const mask = new SecretMask({ isOwnWord })
  mask.hold('test', options.secrets)
  let out = ''
  const { columns = 80 } = options
  const call = withoutSecrets({
    cwd: '/srv/acme',
    env: {},
    out: { write: (text) => (out += text), isTerminal: false, columns },
    err: { write: () => undefined, isTerminal: false, columns },
    signal: new AbortController().signal,
    version: '0.0.0-test',
    mask,
  })
  const common = {
    file: [],
    env: undefined,
    only: [],
    label: [],
    output: options.output,
    state: undefined,
    color: false,
    quiet: false,
    verbose: false,
    runCommands: false,
    allowHost: [],
    allowPath: [],
  }
  await printPlan(call, common, { plan: made, api: {} })
  return out
}

/** A plan in which a process repeats a secret wherever the outside has a say, after so many other characters. */
function planWith(secret: string, length: number): Plan {
  const filler = 'x'.repeat(length)
  const text = `${filler} --key=${secret}`
  return {
    ...plan,
    strays: [],
    warnings: [{ policy: 'Policy/a', id: undefined, message: text, position: undefined } as never],
    resources: plan.resources.map((resource) => ({
      ...resource,
      message: text,
      unknown: resource.unknown && { ...resource.unknown, message: text },
      holds: resource.holds.map((hold) => ({ ...hold, message: text })),
      actions: resource.actions.map((action) => ({
        ...action,
        summary: `${action.summary} ${text}`,
        changes: [
          { path: 'args', before: ['--listen', filler, `--key=${secret}`], after: [text], sensitive: false },
        ],
      })),
    })),
  }
}

describe('A secret that is not whole where it is printed', () => {
  const outputs = ['text', 'markdown', 'json', 'yaml'] as const
  test.each(outputs)(
    'is masked all the same, at whatever column it is wrapped or cut: %s',
    async (output) => {
      for (let length = 0; length < 330; length += output === 'text' ? 7 : 3)
        for (const secret of [hexKey, canary]) {
          const out = await printed(planWith(secret, length), { secrets: [secret], output })
          const whole = out.replace(/\s+/g, '')
          expect(whole).not.toContain(hexKey.slice(0, 12))
          expect(whole).not.toContain(hexKey.slice(-12))
          expect(formsIn(out)).toEqual([])
        }
    },
  )

  test('is masked at every width', async () => {
    for (let columns = 60; columns <= 200; columns += 5) {
      const out = await printed(planWith(hexKey, 20), { secrets: [hexKey], output: 'text', columns })
      expect(out.replace(/\s+/g, '')).not.toContain(hexKey.slice(0, 8))
    }
  })
})

describe.each(['json', 'yaml'] as const)('A secret in a document for programs: %s', (output) => {
  test('is masked where the document leaves out what is invisible in it', async () => {
    const secret = `${hexKey.slice(0, 20)}\u200b${hexKey.slice(20)}`
    expect(await printed(planWith(secret, 3), { secrets: [secret], output })).not.toContain(
      hexKey.slice(0, 12),
    )
  })

  test('is masked where the document was made without what is invisible before it is printed', async () => {
    const secret = `${hexKey.slice(0, 20)}\u001b[31m\u200b"${hexKey.slice(20)}`
    const resource = description.resource && {
      ...description.resource,
      annotations: { note: `its ${secret}` },
    }
    let out = ''
    const sink = { write: (text: string) => (out += text), isTerminal: false, columns: 80 }
    const { signal } = new AbortController()
    const call = withoutSecrets({
      cwd: '/srv/acme',
      env: {},
      out: sink,
      err: sink,
      signal,
      version: '0.0.0-test',
    })
    call.mask.hold('test', [secret])
    await printDocument(call, output, describeDocument({ ...description, resource }))
    expect(out).toContain('its ***')
    expect(out).not.toContain(hexKey.slice(0, 12))
    expect(out).not.toContain(hexKey.slice(-12))
  })

  test('is masked where only JSON makes a text of it', async () => {
    const mask = new SecretMask({ isOwnWord })
    mask.hold('test', [hexKey])
    let out = ''
    // A sink that masks nothing: that one knows no texts, only what was written.
    const sink = { write: (text: string) => (out += text), isTerminal: false, columns: 80 }
    const { signal } = new AbortController()
    const call = { cwd: '/srv/acme', env: {}, out: sink, err: sink, signal, version: '0.0.0-test', mask }
    await printDocument(call, output, { after: { toJSON: () => `--key=${hexKey}` } })
    expect(out).not.toContain(hexKey.slice(0, 12))
  })
})

describe('Our own words, ids and headings', () => {
  const secrets = [
    '**Deletes**\n\n- `Process/old-worker`',
    'Process/old-worker',
    '1 to create, 1 to update, 1 to run, 1 to delete',
    'eclared, create',
    'no longer declared, created by this fleet',
    'Dry run: nothing was changed.',
    '"sensitive": true',
    'reload without a gap',
    'to delete, 1 held\n\n### something',
  ]

  test.each(['text', 'markdown', 'json', 'yaml'] as const)(
    'are no secret, whatever is declared one: %s',
    async (output) => {
      const honest = await printed(plan, { secrets: [], output, columns: 120 })
      expect(honest).toContain('Process/old-worker')
      for (const secret of secrets)
        expect(await printed(plan, { secrets: [secret], output, columns: 120 }), secret).toBe(honest)
      expect(await printed(plan, { secrets, output, columns: 120 })).toBe(honest)
    },
  )

  test('stay where a secret lies across them and something of others', async () => {
    const honest = await printed(plan, { secrets: [], output: 'markdown' })
    const [across = ''] = /\*\*Deletes\*\*[\s\S]*?api-next\.json/.exec(honest) ?? []
    const out = await printed(plan, { secrets: [across], output: 'markdown' })
    for (const kept of ['**Deletes**', 'Process/old-worker', '**Restarts**', 'Process/api', '<details>'])
      expect(out).toContain(kept)
  })
})
