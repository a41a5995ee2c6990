import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { importNetlify } from '../../../src/reconcilers/function-set/import/netlify.ts'
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
