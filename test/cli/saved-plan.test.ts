import { mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { callVerb } from '../support/called.ts'
import { removeFolder } from '../support/pm2.ts'

const scripts = (build: string) => JSON.stringify({ name: 'site', scripts: { build } }, undefined, 2)
const manifest = (build: string, more = '') =>
  `apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: site }\nspec:\n  package: ../package.json\n  scripts: { build: "${build}" }\n${more}`

let folder: string
const path = (name: string) => join(folder, name)
const write = async (name: string, text: string) => {
  await mkdir(dirname(path(name)), { recursive: true })
  await writeFile(path(name), text)
}
const read = (name: string) => readFile(path(name), 'utf8')
const call = (...args: string[]) => callVerb(folder, args)
const editPlan = async (
  edit: (plan: { saved: Record<string, unknown> } & Record<string, unknown>) => void,
) => {
  const plan = JSON.parse(await read('plan.json'))
  edit(plan)
  await write('plan.json', JSON.stringify(plan))
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-'))
  await write('package.json', scripts('node old.mjs'))
  await write('build.mjs', '')
  await write('manifests/site.yaml', manifest('node build.mjs'))
})
afterEach(() => removeFolder(folder))

describe('a plan', () => {
  test('that is saved is read by its owner alone, is printed as ever, and leaves no other trace', async () => {
    const printed = await call('plan')
    const saved = await call('plan', '--out', 'plan.json')
    expect(saved).toEqual({
      status: 0,
      out: printed.out,
      err: 'Saved. `reconcile apply plan.json` does it.\n',
    })
    expect((await stat(path('plan.json'))).mode & 0o777).toBe(0o600)
    await expect(read('.reconcile/state.db')).rejects.toThrow('ENOENT')
    expect(await read('package.json')).toBe(scripts('node old.mjs'))
  })

  test('takes the place of a plan that was saved before, and of nothing else', async () => {
    expect((await call('plan', '--out', 'plan.json')).status).toBe(0)
    expect((await call('plan', '--out', 'plan.json')).status).toBe(0)
    const refused = await call('plan', '--out', 'package.json')
    expect(refused.err).toContain('package.json: it is there, and is no saved plan')
    expect(refused.status).toBe(1)
    expect(await read('package.json')).toBe(scripts('node old.mjs'))
  })

  test('of broken manifests is not saved', async () => {
    await write('manifests/broken.yaml', 'kind: Process\n')
    const refused = await call('plan', '--out', 'plan.json')
    expect(refused).toMatchObject({ status: 1, err: expect.stringContaining('Cannot save the plan') })
    await expect(read('plan.json')).rejects.toThrow('ENOENT')
  })

  test('of the same is the same before the first pass, though secrets are read, and holds none of them', async () => {
    const secret = 'correct horse battery staple'
    await write(
      'manifests/fleet.yaml',
      'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: acme }\nspec: { github: { token: { fromEnv: GH } } }\n',
    )
    await write(
      'manifests/api.yaml',
      'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: api }\nspec: { script: ../build.mjs, env: { KEY: { fromEnv: KEY } } }\n',
    )
    const env = { KEY: secret, GH: `${secret} of GitHub` }
    const plan = async () => JSON.parse((await callVerb(folder, ['plan', '-o', 'json'], { env })).out)
    const [first, second] = [await plan(), await plan()]
    expect(second.fingerprint).toBe(first.fingerprint)
    await callVerb(folder, ['plan', '--out', 'plan.json'], { env })
    const text = await read('plan.json')
    expect(text).toContain('Process/api')
    for (const encoded of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)])
      expect(text).not.toContain(encoded)
    // Who has the file must not be able to try values out: another value gives the same.
    await callVerb(folder, ['plan', '--out', 'other.json'], { env: { ...env, KEY: 'another value' } })
    expect(JSON.parse(await read('other.json')).saved.basis).toEqual(JSON.parse(text).saved.basis)
  })
})

describe('apply', () => {
  test('does what the plan says, once: a second time it says what has changed', async () => {
    await call('plan', '--out', 'plan.json')
    const first = await call('apply', 'plan.json')
    expect(first.err).toBe('')
    expect(first.out).toContain('ScriptSet/site')
    expect(await read('package.json')).toContain('node build.mjs')
    const text = await read('package.json')
    const second = await call('apply', 'plan.json')
    expect(second.status).toBe(1)
    expect(second.err).toMatch(/^ScriptSet\/site: .*something else is to be done/)
    expect(second.err).toContain('[PlanOutdated]')
    expect(await read('package.json')).toBe(text)
  })

  test('with --dry-run says whether the plan holds, and changes nothing', async () => {
    await call('plan', '--out', 'plan.json')
    const dry = await call('apply', 'plan.json', '--dry-run')
    expect(dry.out).toContain('Dry run: nothing was changed.')
    expect(dry.status).toBe(0)
    expect(await read('package.json')).toBe(scripts('node old.mjs'))
    await expect(read('.reconcile/state.db')).rejects.toThrow('ENOENT')
    await write('package.json', scripts('node build.mjs'))
    expect(await call('apply', 'plan.json', '--dry-run')).toMatchObject({
      status: 1,
      err: expect.stringContaining('PlanOutdated'),
    })
  })

  test.each([
    {
      what: 'a manifest',
      change: () => write('manifests/site.yaml', manifest('node build.mjs --fast')),
      said: 'ScriptSet/site: its manifest, or a value that it refers to, has changed',
    },
    {
      what: 'the world',
      change: () => write('package.json', scripts('node else.mjs')),
      said: 'ScriptSet/site: something else is to be done',
    },
    {
      what: 'a resource, which came',
      change: () =>
        write('manifests/new.yaml', manifest('node build.mjs').replace('name: site', 'name: new')),
      said: 'ScriptSet/new: it is not in the plan',
    },
    {
      what: 'the state, which another pass wrote',
      change: async () => {
        await call()
        await write('package.json', scripts('node old.mjs'))
      },
      said: 'ScriptSet/site: the state knows something else of it',
    },
  ])('refuses where $what has changed, and says so', async ({ change, said }) => {
    await call('plan', '--out', 'plan.json')
    await change()
    const before = await read('package.json')
    const refused = await call('apply', 'plan.json')
    expect(refused.err).toContain(said)
    expect(refused.err).toContain('Nothing was done [PlanOutdated]')
    expect(refused.status).toBe(1)
    expect(await read('package.json')).toBe(before)
  })

  test('refuses a state that is not the one the plan was made from', async () => {
    await call()
    await write('package.json', scripts('node old.mjs'))
    await call('plan', '--out', 'plan.json')
    await removeFolder(path('.reconcile'))
    expect(await call('apply', 'plan.json')).toMatchObject({
      status: 1,
      err: expect.stringContaining('another is in its place [PlanOutdated]'),
    })
  })

  test.each([
    {
      what: 'was edited',
      edit: (plan: { saved: Record<string, unknown> }) => {
        const [basis] = Object.values(plan.saved.basis as Record<string, Record<string, string>>)
        if (basis) basis.actions = 'f'.repeat(32)
      },
      said: 'it was edited or damaged',
    },
    {
      what: 'another version made',
      edit: (plan: { saved: Record<string, unknown> }) => {
        plan.saved.programVersion = '9.9.9'
      },
      said: 'reconciled 9.9.9 made it, and this is 0.0.0-test [PlanOutdated]',
    },
    {
      what: 'lacks what is saved',
      edit: (plan: Record<string, unknown>) => {
        delete plan.saved
      },
      said: 'it is no saved plan [UsageInvalid]',
    },
  ])('refuses a plan that $what', async ({ edit, said }) => {
    await call('plan', '--out', 'plan.json')
    await editPlan(edit)
    const refused = await call('apply', 'plan.json')
    expect(refused.err).toContain(said)
    expect(refused.status).toBe(1)
    expect(await read('package.json')).toBe(scripts('node old.mjs'))
  })

  test.each([
    { args: ['gone.json'], said: 'Cannot read the plan' },
    { args: ['package.json'], said: 'it is no saved plan' },
    { args: ['plan.json', '-f', 'other'], said: 'it is for the manifests' },
    { args: ['plan.json', '--state', 'other.db'], said: 'it is for the state' },
    { args: ['plan.json', '--only', 'ScriptSet/site'], said: 'Cannot apply a part of a saved plan' },
  ])('with $args is refused before anything is touched', async ({ args, said }) => {
    await write('other/site.yaml', manifest('node build.mjs'))
    await call('plan', '--out', 'plan.json')
    const refused = await call('apply', ...args)
    expect(refused.err).toContain(said)
    expect(refused.status).toBe(1)
    await expect(read('.reconcile/state.db')).rejects.toThrow('ENOENT')
  })

  test('finds its folder and its part of the fleet by itself, wherever it is called', async () => {
    await write('other/package.json', scripts('node old.mjs'))
    const other = manifest('node new.mjs').replace('name: site', 'name: other').replace('../', '../other/')
    await write('manifests/other.yaml', other)
    await call('plan', '--only', 'ScriptSet/site', '--out', 'plan.json')
    const elsewhere = await callVerb(tmpdir(), ['apply', path('plan.json')])
    expect(elsewhere.err).toBe('')
    expect(await read('package.json')).toContain('node build.mjs')
    expect(await read('other/package.json')).toBe(scripts('node old.mjs'))
  })
})
