import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { importNetlify } from '../../../src/reconcilers/function-set/import/netlify.ts'
import { foreignFunction } from '../../simulators/netlify/zip.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(() => stage.close())

function importFrom(inputs: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return importNetlify({
    inputs,
    cwd: stage.folder,
    env: { NETLIFY_API_URL: stage.simulator.url, NETLIFY_AUTH_TOKEN: 'test-token', ...env },
    clock: systemClock,
    allowedHosts: [],
    manifests: [],
    mayEvaluate: false,
    signal: AbortSignal.timeout(20_000),
  })
}

describe('import netlify', () => {
  it('makes a manifest of a site, and names what it could not carry over', async () => {
    stage = await FunctionStage.open({ repository: 'https://github.com/acme/site' })
    stage.site.seed({ functions: { other: { zip: Buffer.from('z') } } })
    await stage.addFunction('hello')
    const { resources, warnings, errors } = await importFrom(['acme-site'])
    expect(errors).toEqual([])
    expect(resources).toMatchObject([
      {
        id: 'FunctionSet/acme-site-functions',
        manifest: { spec: { site: 'acme-site', directory: `${stage.folder}/netlify/functions` } },
      },
    ])
    expect(warnings.map(({ code }) => code)).toEqual([
      'import-netlify-no-file',
      'import-netlify-not-published',
      'import-netlify-linked',
    ])
    expect(stage.simulator.writes()).toEqual([])
  })

  it('makes one of a linked folder, whose netlify.toml says where functions are', async () => {
    stage = await FunctionStage.open()
    await stage.write('netlify.toml', '[functions]\ndirectory = "api"\n')
    await stage.write('api/hello.mjs', 'export default async () => {}\n')
    await stage.write('.netlify/state.json', JSON.stringify({ siteId: stage.site.id }))
    const { resources, errors } = await importFrom(['.'])
    expect(errors).toEqual([])
    expect(resources[0]?.manifest).toMatchObject({
      spec: { site: 'acme-site', directory: `${stage.folder}/api` },
    })
  })

  it('takes a folder that is linked to no site where the site is named before it', async () => {
    stage = await FunctionStage.open()
    await stage.write('site/netlify.toml', '[functions]\ndirectory = "api"\n')
    await stage.write('site/api/hello.mjs', 'export default async () => {}\n')
    const { resources, errors } = await importFrom(['acme-site', 'site'])
    expect(errors).toEqual([])
    expect(resources.map(({ manifest }) => manifest.spec)).toEqual([
      { site: 'acme-site', directory: `${stage.folder}/site/api`, unmanaged: 'keep' },
    ])
    expect(await importFrom(['site'])).toMatchObject({
      resources: [],
      errors: [
        {
          code: 'UsageInvalid',
          message: 'site is linked to no site; name it before the folder: reconcile import netlify SITE site',
        },
      ],
    })
  })

  it('carries the schedules of netlify.toml over, and names those that it could not', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({
      functions: Object.fromEntries(
        ['hourly', 'daily', 'alone', 'other', 'same', 'changed'].map((name) => [
          name,
          { zip: foreignFunction(name, name) },
        ]),
      ),
      schedules: [
        { name: 'hourly', cron: '@hourly' },
        { name: 'alone', cron: '0 5 * * *' },
        { name: 'other', cron: '@daily' },
        { name: 'same', cron: '@weekly' },
        { name: 'changed', cron: '@weekly' },
      ],
    })
    for (const name of ['hourly', 'daily', 'alone', 'bad']) await stage.addFunction(name)
    for (const [name, cron] of [
      ['same', '@weekly'],
      ['changed', '@monthly'],
      ['wrong', '0 0 31 2 *'],
    ]) {
      await stage.write(
        `netlify/functions/${name}.mjs`,
        `export default async () => {}\nexport const config = { schedule: '${cron}' }\n`,
      )
    }
    await stage.write(
      'netlify.toml',
      [
        '[functions."hourly"]\nschedule = "@hourly"',
        '[functions."daily"]\nschedule = "0 4 * * *"',
        '[functions."bad"]\nschedule = "99 99 * * *"',
        '[functions."gone"]\nschedule = "@daily"',
        '[[scheduled.functions]]\nname = "daily"\n',
      ].join('\n'),
    )
    const { resources, warnings } = await importFrom(['acme-site'])
    expect(resources[0]?.manifest).toMatchObject({
      spec: { schedules: { hourly: '@hourly', daily: '0 4 * * *' } },
    })
    const told = warnings.filter(({ code }) => code === 'import-netlify-schedule')
    const toml = `${stage.folder}/netlify.toml`
    expect(told).toMatchObject([
      {
        message: expect.stringMatching(
          /^the schedule of bad in netlify\.toml was left out: .*; nothing is deployed while that is so$/,
        ),
        file: toml,
        line: 6,
      },
      {
        message:
          'the schedule of wrong in its source cannot be used: it can never fire; nothing is deployed while that is so',
      },
      {
        message: expect.stringMatching(
          /^the site runs alone at "0 5 \* \* \*", and netlify\.toml does not say/,
        ),
        file: 'acme-site',
      },
      {
        message:
          'the site runs changed at "@weekly", and its source says "@monthly", which counts from the next deploy on',
      },
      {
        message: '[scheduled] is a schedule in a form that Netlify does not read; it was left out',
        file: toml,
        line: 9,
      },
    ])
    expect(warnings.filter(({ code }) => code === 'import-netlify-toml-names')).toMatchObject([
      {
        message: 'netlify.toml has settings for the function gone, which has no file; they were left out',
        file: toml,
        line: 7,
      },
    ])
  })

  it('names variables, rules, edge functions, a lock and who may deploy, and carries none of it', async () => {
    stage = await FunctionStage.open({ refusesOtherDeploys: true })
    const value = { id: '1', context: 'all', value: 'hidden' }
    for (const key of ['B_KEY', 'A_KEY']) {
      stage.site.env.set(key, { key, is_secret: false, scopes: [], values: [value] })
    }
    stage.site.seed({ buildRules: { redirects: 2, headers: 1, edgeFunctions: 3 } }).isLocked = true
    await stage.addFunction('ready')
    await stage.write('netlify/functions/built.zip', 'PK')
    await stage.write('netlify/edge-functions/geo.ts', 'export default () => {}\n')
    const imported = await importFrom(['acme-site'])
    const told = imported.warnings.map(({ code, message }) => `${code}: ${message}`)
    expect(told).toEqual([
      expect.stringMatching(/^import-netlify-not-published: .*ready/),
      expect.stringMatching(/^import-netlify-passed-over: built\.zip/),
      expect.stringMatching(/^import-netlify-env: the site has the variables A_KEY, B_KEY;/),
      expect.stringMatching(/^import-netlify-not-carried: .*edge functions/),
      expect.stringMatching(/^import-netlify-not-carried: .*2 redirects/),
      expect.stringMatching(/^import-netlify-not-carried: .*1 header rules/),
      expect.stringMatching(/^import-netlify-not-carried: netlify\/edge-functions/),
      expect.stringMatching(/^import-netlify-git-only: /),
      expect.stringMatching(/^import-netlify-locked: /),
    ])
    expect(JSON.stringify(imported)).not.toContain('hidden')
    expect(stage.simulator.writes()).toEqual([])
    stage.simulator.faults.add({ kind: 'forbidden', on: 'getEnvVars' })
    const { resources, warnings } = await importFrom(['acme-site'])
    expect(resources).toHaveLength(1)
    expect(warnings).toContainEqual(
      expect.objectContaining({
        code: 'import-netlify-env',
        message: expect.stringContaining('could not be read'),
      }),
    )
  })

  it('makes nothing of another project where the folder of a site is not there', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    expect(await importFrom(['acme-site', './typo'])).toMatchObject({
      resources: [],
      errors: [{ file: './typo', code: 'NotFound', message: 'There is no folder ./typo' }],
    })
  })

  it('names what stands against the first deploy in the directory itself', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.write('netlify/functions/hello.ts', 'export default async () => {}\n')
    expect((await importFrom(['acme-site'])).warnings).toContainEqual({
      file: 'acme-site',
      line: undefined,
      code: 'import-netlify-names',
      message: 'hello.mjs and hello.ts are both the function hello; nothing is deployed while that is so',
    })
  })

  it('says what failed, and goes on with the rest', async () => {
    stage = await FunctionStage.open()
    const { resources, errors } = await importFrom(['nowhere', 'acme-site'])
    expect(resources).toHaveLength(1)
    expect(errors).toMatchObject([{ file: 'nowhere', code: 'NotFound' }])
    expect((await importFrom(['acme-site'], { NETLIFY_AUTH_TOKEN: '' })).errors).toMatchObject([
      { code: 'CredentialsMissing' },
    ])
  })
})

describe('logs', () => {
  it('are not Netlify’s API to give, and are said to be elsewhere', async () => {
    stage = await FunctionStage.open()
    const connection = await stage.connection()
    const lines = connection.logs?.(
      stage.desired(),
      { lines: 10, follow: false },
      AbortSignal.timeout(20_000),
    )
    await expect(lines?.[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'NoLogs',
      hint: expect.stringContaining('/logs/functions'),
    })
  })
})
