import { describe, expect, it } from 'vitest'
import type { Action } from '../../../src/core/action.ts'
import { resourceId } from '../../../src/core/resource.ts'
import { check, codesOf, makeFolder, processOf, put, read, render } from '../support.ts'

const policy = (name: string, ...spec: readonly string[]) =>
  [
    'apiVersion: reconcile.dev/v1',
    'kind: Policy',
    `metadata: { name: ${name} }`,
    'spec:',
    ...spec.map((line) => `  ${line}`),
    '',
  ].join('\n')

const memoryLimit = policy(
  'memory-limit',
  'for: resource',
  'kinds: [Process]',
  'rule: has(resource.spec.maxMemory) && byteSize(resource.spec.maxMemory) <= byteSize("1G")',
  'message: Declare maxMemory, at most 1G',
)
const probes = policy(
  'probes',
  'for: resource',
  'kinds: [Process]',
  'rule: has(resource.spec.health)',
  'message: Every process needs a probe',
)
const noFridays = policy(
  'no-friday-deletions',
  'for: action',
  'environments: [production]',
  'rule: action.verb != "delete" || now.getDayOfWeek("Europe/Berlin") != 5',
  'message: Nothing is deleted on a Friday',
)

const deletion: Action = {
  type: 'delete',
  verb: 'delete',
  summary: 'no longer declared',
  reason: '',
  changes: [],
  repeatable: true,
  removes: 1,
  isRecovery: false,
}
const start: Action = { ...deletion, type: 'start', verb: 'create', removes: 0 }
const old = resourceId('Process', 'old')

/** In Berlin these are a Thursday, the first minute of a Friday, and a Friday. */
const thursday = Date.UTC(2026, 10, 26, 12)
const firstMinute = Date.UTC(2026, 10, 26, 23, 0)
const friday = Date.UTC(2026, 10, 27, 12)

async function verdicts(folder: string, action: Action, now: number, environment?: string) {
  const { judge, diagnostics } = await read(folder, { environment })
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return judge?.deny({ id: old, action }, now).map(({ policy: by, message }) => `${by}: ${message}`) ?? []
}

describe('the rules that people want first', () => {
  it('no process over 1G', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': memoryLimit,
      'manifests/good.yaml': processOf('good', 'maxMemory: 1024M'),
      'manifests/big.yaml': processOf('big', 'maxMemory: 2G'),
      'manifests/open.yaml': processOf('open'),
    })
    const found = await check(folder)
    expect(render(found.diagnostics, folder)).toMatchInlineSnapshot(`
      "manifests/big.yaml:3:19 error policy-denied
        Policy/memory-limit denies Process/big: Declare maxMemory, at most 1G
        | metadata: { name: big }
        |                   ^^^
        The rule stands at manifests/policies.yaml:7:9.

      manifests/open.yaml:3:19 error policy-denied
        Policy/memory-limit denies Process/open: Declare maxMemory, at most 1G
        | metadata: { name: open }
        |                   ^^^^
        The rule stands at manifests/policies.yaml:7:9.
      "
    `)
  })

  it('every process has a probe', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': probes,
      'manifests/good.yaml': processOf('good', 'health: { tcp: { port: 80 } }'),
      'manifests/bare.yaml': processOf('bare'),
    })
    const { diagnostics } = await check(folder)
    expect(diagnostics.map(({ message }) => message)).toEqual([
      'Policy/probes denies Process/bare: Every process needs a probe',
    ])
  })

  it('no deletion in production on a Friday', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': noFridays,
      'manifests/api.yaml': processOf('api'),
      'manifests/environments/production/api.yaml': processOf('api', 'script: other'),
    })
    const denied = ['Policy/no-friday-deletions: Nothing is deleted on a Friday']
    expect(await verdicts(folder, deletion, friday, 'production')).toEqual(denied)
    expect(await verdicts(folder, deletion, firstMinute, 'production')).toEqual(denied)
    expect(await verdicts(folder, deletion, thursday, 'production')).toEqual([])
    expect(await verdicts(folder, start, friday, 'production')).toEqual([])
    expect(await verdicts(folder, deletion, friday)).toEqual([])
  })
})

describe('what a policy is for', () => {
  it('is chosen by kinds and labels, and a warning denies nothing', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': policy(
        'core',
        'for: resource',
        'labels: { tier: core }',
        'severity: warn',
        'rule: resource.spec.instances >= 2',
        'message: Core processes run at least twice',
      ),
      'manifests/api.yaml': processOf('api', 'instances: 1').replace(
        '{ name: api }',
        '{ name: api, labels: { tier: core } }',
      ),
      'manifests/web.yaml': processOf('web', 'instances: 1'),
    })
    const { diagnostics, resources } = await read(folder)
    expect(diagnostics.map(({ severity, code, message }) => ({ severity, code, message }))).toEqual([
      {
        severity: 'warning',
        code: 'policy-warned',
        message: 'Policy/core warns of Process/api: Core processes run at least twice',
      },
    ])
    expect(resources).toHaveLength(2)
  })

  it('takes what is no longer declared for selected, because its labels are not known', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': policy(
        'core',
        'for: action',
        'labels: { tier: core }',
        'rule: action.removes == 0',
        'message: Core processes stay',
      ),
      'manifests/api.yaml': processOf('api'),
    })
    expect(await verdicts(folder, deletion, friday)).toEqual(['Policy/core: Core processes stay'])
    const { judge } = await read(folder)
    expect(judge?.deny({ id: resourceId('Process', 'api'), action: deletion }, friday)).toEqual([])
  })

  it('can be all actions of a pass together, those of its kinds alone', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': policy(
        'few',
        'for: plan',
        'kinds: [Process]',
        'rule: plan.actions.filter(a, a.verb == "create" && !a.resource.declared).size() <= 2',
        'message: At most two at a time',
      ),
      'manifests/api.yaml': processOf('api'),
    })
    const { judge } = await read(folder)
    const created = (kind: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({ id: resourceId(kind, `p${index}`), action: start }))
    expect(judge?.denyTogether(created('Process', 2), friday)).toEqual([])
    expect(judge?.denyTogether(created('Process', 3), friday)).toMatchObject([
      { policy: 'Policy/few', id: undefined, message: 'At most two at a time' },
    ])
    expect(judge?.denyTogether(created('Workflow', 3), friday)).toEqual([])
  })

  it('sees references and never values', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': policy(
        'referred',
        'for: resource',
        'rule: resource.spec.env.all(k, type(resource.spec.env[k]) != string) && resource.spec.env.KEY.fromEnv == "KEY"',
        'message: Values of env are references',
      ),
      'manifests/api.yaml': processOf('api', 'env: { KEY: { fromEnv: KEY } }'),
    })
    const { diagnostics } = await read(folder, { env: { KEY: 'value of the key' } })
    expect(diagnostics).toEqual([])
    await put(`${folder}/manifests/api.yaml`, processOf('api', 'env: { KEY: literal }'))
    expect(codesOf(await read(folder))).toEqual(['policy-denied'])
  })

  it('can be patched by an environment', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': probes,
      'manifests/api.yaml': processOf('api'),
      'manifests/environments/staging/policies.yaml': policy('probes', 'severity: warn'),
    })
    expect(codesOf(await check(folder, { environment: 'staging' }))).toEqual(['policy-warned'])
    expect(codesOf(await read(folder))).toEqual(['policy-denied'])
  })
})

describe('a resource that is denied', () => {
  it('goes on as it was last good, and is held where it never was', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': memoryLimit,
      'manifests/api.yaml': processOf('api', 'maxMemory: 512M'),
    })
    const good = await read(folder)
    await put(`${folder}/manifests/api.yaml`, processOf('api', 'maxMemory: 2G'))
    await put(`${folder}/manifests/new.yaml`, processOf('new', 'maxMemory: 2G'))
    const { resources, missing, isComplete } = await read(folder, {
      lastGood: { load: async () => good.texts },
    })
    expect(resources).toMatchObject([{ id: 'Process/api', spec: { maxMemory: '512M' } }])
    expect(missing).toEqual(['Process/new'])
    expect(isComplete).toBe(false)
  })

  it('is not let through where its file alone is named', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': `${probes}---\n${processOf('web')}`,
      'manifests/api.yaml': processOf('api'),
    })
    const paths = ['manifests/api.yaml']
    expect((await check(folder, { paths })).diagnostics.map(({ message }) => message)).toEqual([
      'Policy/probes denies Process/api: Every process needs a probe',
    ])
    const { resources, missing } = await read(folder, { paths })
    expect({ resources, missing }).toEqual({ resources: [], missing: ['Process/api'] })
  })

  it('is not let through by a policy in another style beside it', async () => {
    const json = {
      apiVersion: 'reconcile.dev/v1',
      kind: 'Policy',
      metadata: { name: 'probes' },
      spec: { for: 'resource', rule: 'has(resource.spec.health)', message: 'Every process needs a probe' },
    }
    const styles = {
      'JSON in one line': JSON.stringify(json),
      'JSON in lines': JSON.stringify(json, null, 2),
      indented: probes.replaceAll(/^(?=.)/gm, '  '),
      'with a tag': probes.replace('kind:', 'kind: !!str'),
      'with the kind in a line of its own': probes.replace('kind: ', 'kind:\n  '),
    }
    for (const [style, text] of Object.entries(styles)) {
      const folder = await makeFolder({
        'manifests/policies.yaml': text,
        'manifests/api.yaml': processOf('api'),
      })
      const { resources, missing } = await read(folder, { paths: ['manifests/api.yaml'] })
      expect({ resources, missing }, style).toEqual({ resources: [], missing: ['Process/api'] })
    }
  })
})

describe('a policy that is broken', () => {
  const faulty = {
    'that is no CEL': 'rule: "resource.kind =="',
    'that misspells a variable': 'rule: resorce.kind == "Process"',
    'that misspells a part of one': 'rule: resource.knd == "Process"',
    'that compares what cannot be': 'rule: resource.kind == 1',
    'that calls what does not exist': 'rule: nope(resource.kind)',
    'that is neither true nor false': 'rule: resource.kind',
    'that misspells a field, which nothing would ever have': 'rule: "!has(resource.spec.maxMemoy)"',
    'that has a wrong pattern': 'rule: resource.name.matches("(a")',
    'that has a pattern with a look-around': 'rule: resource.name.matches("a(?!b)")',
    'in a block of lines':
      'rule: |\n    has(resource.spec.script) &&\n      resource.spec.script.startsWth("/")',
    'in folded lines': 'rule: >-\n    has(resource.spec.script)\n    && resource.spec.nope == 1',
    'in quotes with escapes': 'rule: "\\"a\\" == resource.kind && nope"',
    'in single quotes': "rule: 'resource.kind == \"it''s\" && nope'",
  }
  it('is told with the place in its rule', async () => {
    const told: string[] = []
    for (const [name, rule] of Object.entries(faulty)) {
      const folder = await makeFolder({
        'manifests/api.yaml': processOf('api'),
        'manifests/p.yaml': policy('x', 'for: resource', rule, 'message: no'),
      })
      told.push(`# ${name}\n${render((await check(folder)).diagnostics, folder)}`)
    }
    await expect(told.join('\n')).toMatchFileSnapshot('goldens/broken-rules.txt')
  })

  it('names kinds and environments that exist', async () => {
    const folder = await makeFolder({
      'manifests/api.yaml': processOf('api'),
      'manifests/environments/production/api.yaml': processOf('api', 'script: other'),
      'manifests/p.yaml': policy(
        'x',
        'for: action',
        'kinds: [Proces]',
        'environments: [prodction]',
        'rule: "true"',
        'message: no',
      ),
    })
    const { diagnostics } = await check(folder)
    expect(
      diagnostics.map(({ code, hint, position }) => `${position.line}:${position.column} ${code} ${hint}`),
    ).toEqual([
      '6:11 unknown-kind Did you mean `Process`?',
      '7:18 policy-environment Did you mean `production`?',
    ])
  })

  it('lets nothing pass where nothing older is known, and is what it was where it is', async () => {
    const folder = await makeFolder({
      'manifests/policies.yaml': noFridays.replace('  environments: [production]\n', ''),
      'manifests/api.yaml': processOf('api'),
    })
    const good = await read(folder)
    for (const text of [
      policy('no-friday-deletions', 'for: action', 'rule: nope', 'message: no'),
      policy('no-friday-deletions', 'for: nothing'),
      'kind: Policy\nmetadata: { name: no-friday-deletions }\n  spec: [\n',
      'kind: Policy\n  spec: [\n',
    ]) {
      await put(`${folder}/manifests/policies.yaml`, text)
      const now = await read(folder)
      expect(now.judge?.deny({ id: old, action: start }, thursday)).toMatchObject([
        { message: 'it is broken, so that nobody knows what it allows; mend it' },
      ])
      const later = await read(folder, { lastGood: { load: async () => good.texts } })
      expect(later.isComplete).toBe(false)
      expect(later.judge?.deny({ id: old, action: start }, thursday)).toEqual([])
      expect(later.judge?.deny({ id: old, action: deletion }, friday)).toHaveLength(1)
    }
    await put(
      `${folder}/manifests/policies.yaml`,
      policy('x', 'for: action', 'severity: warn', 'rule: nope', 'message: no'),
    )
    expect((await read(folder)).judge).toBeUndefined()
  })

  it('lets nothing pass, in whatever style it is written or begun', async () => {
    const rule = { for: 'action', rule: 'action.verb != "create"', message: 'Nothing new' }
    const head = { apiVersion: 'reconcile.dev/v1', kind: 'Policy', metadata: { name: 'freeze' } }
    const json = JSON.stringify({ ...head, spec: rule })
    const lines = JSON.stringify({ ...head, spec: rule }, null, 2)
    const block = policy('freeze', 'for: action', `rule: '${rule.rule}'`, 'message: Nothing new')
    const cut = (text: string) => text.replace('metadata: {', 'metadata: {{')
    const soft = policy('soft', 'for: action', 'severity: warn', 'rule: "true"', 'message: no')
    const texts: Readonly<Record<string, string | Buffer>> = {
      'JSON in one line, cut off': json.slice(0, -2),
      'JSON in lines, with a bracket too few': lines.slice(0, -2),
      'flow style, with a quote too many': '{ kind: Policy, metadata: { name: "x } }',
      'a kind without its colon': block.replace('kind:', 'kind'),
      'a kind with a tag': cut(block.replace('kind:', 'kind: !!str')),
      'a kind in a line of its own': cut(block.replace('kind: ', 'kind:\n  ')),
      'a kind in small letters': block.replace('Policy', 'policy'),
      'no kind at all': block.replace(/kind:.*\n/, ''),
      'indented, and broken': cut(block.replaceAll(/^/gm, '  ')),
      'a control character': `${block}# \x07\n`,
      'Latin 1': Buffer.from(`${json} # caf\xe9`, 'latin1'),
      'UTF-16': Buffer.from(json, 'utf16le'),
      'behind one that only warns': `${soft}---\n${json.slice(0, -2)}`,
    }
    for (const [why, text] of Object.entries(texts)) {
      const folder = await makeFolder({
        'manifests/api.yaml': processOf('api'),
        'manifests/policy.yaml': text,
      })
      for (const paths of [[], ['manifests/api.yaml']]) {
        const { judge, isComplete, resources } = await read(folder, { paths })
        const way = `${why}${paths.length > 0 ? ', beside the file that is named' : ''}`
        expect({ isComplete, count: resources.length }, way).toEqual({ isComplete: false, count: 1 })
        expect(judge?.deny({ id: old, action: start }, thursday), way).toMatchObject([
          { message: 'it is broken, so that nobody knows what it allows; mend it' },
        ])
      }
    }
  })

  it('is not seen in what is none', async () => {
    const texts = {
      'fields with such a name': `${processOf('b', 'managementPolicy: Observe')}  args: [\n`,
      'a comment': `# what kind of policy this is\n${processOf('b')}  args: [\n`,
    }
    for (const [what, text] of Object.entries(texts)) {
      const folder = await makeFolder({
        'manifests/api.yaml': processOf('api'),
        'manifests/b.yaml': text,
      })
      const { judge, isComplete } = await read(folder)
      expect({ isComplete, judge }, what).toEqual({ isComplete: false, judge: undefined })
    }
  })

  it('denies what it gives no answer for, and says which question is missing', async () => {
    const folder = await makeFolder({
      'manifests/api.yaml': processOf('api'),
      'manifests/p.yaml': policy(
        'limit',
        'for: resource',
        'rule: |',
        '  resource.kind == "Process" &&',
        '    byteSize(resource.spec.maxMemory) <= byteSize("1G")',
        'message: no',
      ),
    })
    expect(render((await check(folder)).diagnostics, folder)).toMatchInlineSnapshot(`
      "manifests/api.yaml:3:19 error policy-not-evaluated
        Policy/limit denies Process/api, because its rule gives no answer: there is no "maxMemory"
        | metadata: { name: api }
        |                   ^^^
        The rule stands at manifests/p.yaml:8:30. Where it may be missing, ask first: \`has(resource.spec.maxMemory) && ...\`.
      "
    `)
  })

  it('repeats no value of what it failed on', async () => {
    const value = 'hunter2-hunter2'
    for (const rule of [
      'byteSize(resource.spec.env.A) > 1',
      'int(resource.spec.env.A) > 1',
      'bool(resource.spec.env.A)',
      'duration(resource.spec.env.A) > duration("1d")',
      'timestamp(resource.spec.env.A) < now',
      '"a".matches(resource.spec.env.A + "(")',
      'now.getDayOfWeek(resource.spec.env.A) == 1',
      '[1][int(resource.spec.env.B)] == 1',
    ]) {
      const folder = await makeFolder({
        'manifests/api.yaml': processOf('api', `env: { A: ${value}, B: "77777" }`),
        'manifests/p.yaml': policy('x', 'for: resource', `rule: '${rule}'`, 'message: no'),
      })
      const { diagnostics } = await check(folder)
      expect(codesOf({ diagnostics }), rule).toEqual(['policy-not-evaluated'])
      expect(JSON.stringify(diagnostics), rule).not.toContain(value)
    }
  })
})

describe('a rule that would take for ever', () => {
  it('is cut off and denies', async () => {
    const list = `[${Array.from({ length: 100 }, (_, index) => index).join(', ')}]`
    const nested = ['a', 'b', 'c', 'd', 'e', 'f'].reduce(
      (inner, name) => `${list}.all(${name}, ${inner})`,
      'true',
    )
    const many = Array.from({ length: 50 }, (_, index) => processOf(`p${index}`))
    const folder = await makeFolder({
      'manifests/many.yaml': many.join('---\n'),
      'manifests/p.yaml': policy('endless', 'for: resource', `rule: '${nested}'`, 'message: no'),
    })
    const begun = performance.now()
    const { diagnostics } = await check(folder)
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(diagnostics).toHaveLength(50)
    expect(diagnostics[0]?.message).toBe(
      'Policy/endless denies Process/p0, because its rule gives no answer: the rule takes longer than 1 s',
    )
  })

  it('is not made of a pattern', async () => {
    const folder = await makeFolder({
      'manifests/api.yaml': processOf('api', `env: { A: "${'a'.repeat(5000)}!" }`),
      'manifests/p.yaml': policy(
        'pattern',
        'for: resource',
        `rule: '!resource.spec.env.A.matches("^(a+)+$") && !matches(resource.spec.env.A, "(a|aa)+$")'`,
        'message: no',
      ),
    })
    const begun = performance.now()
    expect((await check(folder)).diagnostics).toEqual([])
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})

it('sizes and durations are read as in manifests', async () => {
  for (const rule of [
    'byteSize("1G") == 1073741824 && byteSize("512M") < byteSize("1G") && byteSize("1K") == 1024',
    'duration("1d") == duration("24h") && duration("1h30m") > duration("30s") && duration("1.5s") > duration("500ms")',
    'timestamp("2026-11-24T12:00:00Z") - now == duration("1d")',
  ]) {
    const folder = await makeFolder({
      'manifests/api.yaml': processOf('api'),
      'manifests/p.yaml': policy('x', 'for: resource', `rule: '${rule}'`, 'message: no'),
    })
    expect((await check(folder)).diagnostics, rule).toEqual([])
  }
})
