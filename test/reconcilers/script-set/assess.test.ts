import { chmod } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { PackageFolder } from './package-folder.ts'

let folder: PackageFolder | undefined
afterEach(async () => {
  await folder?.remove()
  folder = undefined
})

const scripts = {
  build: 'node build.js',
  broken: 'node gone.js',
  start: 'npm run broken',
  lazy: 'node build.js || true',
}

async function open(): Promise<PackageFolder> {
  folder = await PackageFolder.make({ name: 'x', scripts })
  await folder.write('build.js', '')
  return folder
}

describe('the health of a set', () => {
  it('is lowered by every script that does not resolve, where all are to', async () => {
    const { assessment } = await (await open()).look()
    expect(assessment).toMatchObject({
      status: 'Degraded',
      reason: 'Unresolved',
      message: '1 script does not resolve: broken (the file gone.js does not exist)',
    })
  })

  it('rests on the required scripts and what they run, where only these are to resolve', async () => {
    const site = await open()
    expect((await site.look({ resolve: 'required', required: ['build'] })).assessment).toMatchObject({
      status: 'Healthy',
      message: '1 required script resolves, 1 error in other scripts, 1 warning',
    })
    expect((await site.look({ resolve: 'required', required: ['start'] })).assessment).toMatchObject({
      status: 'Degraded',
      message: expect.stringContaining('broken (the file gone.js does not exist)'),
    })
  })

  it('wants required scripts to be there whatever is to resolve', async () => {
    const { assessment } = await (await open()).look({ resolve: 'none', required: ['deploy', 'build'] })
    expect(assessment).toMatchObject({
      status: 'Degraded',
      reason: 'RequiredScriptMissing',
      message: 'required and missing: deploy',
    })
  })

  it('wants a way out to exist before it is needed', async () => {
    const spec = { resolve: 'required' as const, fallbacks: { build: ['build:safe'] } }
    expect((await (await open()).look(spec)).assessment).toMatchObject({
      status: 'Degraded',
      reason: 'FallbackMissing',
      message: 'named as a fallback and missing: build:safe',
    })
  })

  it('wants every script that the manifest names to exist, whatever is to resolve', async () => {
    const site = await open()
    const spec = {
      resolve: 'none' as const,
      fallbacks: { typo: ['build'] },
      retries: { nosuch: 2, build: 1 },
    }
    expect((await site.look(spec)).assessment).toMatchObject({
      status: 'Degraded',
      reason: 'NamedScriptMissing',
      message: 'named in fallbacks or retries and missing: typo, nosuch',
    })
    expect((await site.look({ resolve: 'none', fallbacks: { build: ['gone'] } })).assessment).toMatchObject({
      status: 'Degraded',
      reason: 'FallbackMissing',
    })
  })

  it('is lowered by declared texts that may not be restored, whatever is to resolve', async () => {
    const site = await open()
    const spec = { resolve: 'none' as const, scripts: { build: 'node other.js', more: 'true' } }
    expect((await site.look(spec)).assessment?.status).toBe('Healthy')
    await chmod(site.path('package.json'), 0o444)
    expect((await site.look(spec)).assessment).toMatchObject({
      status: 'Degraded',
      reason: 'NotRestored',
      message: 'not as declared: build, more',
    })
    const asItIs = { resolve: 'none' as const, scripts: { build: scripts.build } }
    expect((await site.look(asItIs)).assessment?.status).toBe('Healthy')
    expect((await site.look(spec, { managementPolicy: 'Observe' })).assessment?.status).toBe('Healthy')
  })

  it.each([
    [['build'], '1 required script exists'],
    [['build', 'lazy'], '2 required scripts exist'],
  ])('says of %j what was looked at', async (required, message) => {
    const { assessment } = await (await open()).look({ resolve: 'none', required })
    expect(assessment?.message).toMatch(new RegExp(`^${message}`))
  })

  it('tells findings as children, the worst first, whether or not they count', async () => {
    const { assessment } = await (await open()).look({ resolve: 'none', required: ['build', 'deploy'] })
    expect(assessment?.children.map(({ name, health, message }) => [name, health, message])).toEqual([
      ['deploy', 'Missing', 'does not exist'],
      ['broken', 'Degraded', 'error: the file gone.js does not exist'],
      ['lazy', 'Healthy', 'warning: `node build.js` cannot fail: `|| true` hides its exit code'],
      ['build', 'Healthy', 'resolves'],
    ])
    expect(assessment?.children[1]?.details).toMatchObject({ level: 'error', lowersHealth: false })
  })

  it('lists what the manifest names although hundreds of others are worse, and says what it leaves out', async () => {
    const many = Array.from({ length: 700 }, (_, index) => [
      `a${String(index).padStart(3, '0')}`,
      'node gone.js',
    ])
    const site = await open()
    await site.write(
      'package.json',
      JSON.stringify({
        scripts: { ...Object.fromEntries(many), zz: 'node gone.js', ok: 'echo', kept: 'echo k' },
      }),
    )
    const { assessment } = await site.look({
      required: ['zz'],
      checks: { ok: { every: '1h' } },
      scripts: { kept: 'echo k' },
    })
    const names = assessment?.children.map(({ name }) => name) ?? []
    expect(names).toHaveLength(500)
    expect(names).toEqual(expect.arrayContaining(['zz', 'ok', 'kept']))
    expect(assessment?.message).toMatch(/; 203 more scripts have findings that are not listed$/)
  })

  it('is Missing without a package.json', async () => {
    const site = await open()
    const { assessment, actions } = await site.look({ package: '../gone/package.json', scripts })
    expect(assessment).toMatchObject({ status: 'Missing', reason: 'PackageMissing' })
    expect(actions[0]?.blocked?.message).toContain('it does not exist')
  })
})
